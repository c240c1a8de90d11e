import type { Collection } from "../../budget/database/data-model/collection";

export const messages: Collection = {
  name: "messages",
  holds: "What owners, contractors and advisers write to each other.",
  fields: {
    _id: "objectId",
    conversationId: "objectId",
    senderId: "objectId",
    recipientId: "objectId",
    sentAt: "date",
    read: "boolean",
    text: "string",
  },
  size: { shareOfData: 0.08, documentBytes: 900, activeShare: 0.05 },
  writes: 20,
  sharding: {
    key: { conversationId: 1, sentAt: 1 },
    reason:
      "A conversation is read as a whole and in order; conversations are many, so new messages fall on all shards.",
  },
  indexes: [
    {
      name: "conversation",
      keys: { conversationId: 1, sentAt: 1 },
      serves: ["of a conversation", "latest of a conversation"],
    },
    {
      name: "unread",
      keys: { recipientId: 1, sentAt: -1 },
      // Unread messages are few: the index stays in memory whatever the archive grows to.
      partialFilterExpression: { read: false },
      share: 0.02,
      serves: ["unread of a person"],
    },
  ],
  queries: [
    {
      name: "of a conversation",
      why: "an open conversation",
      frequency: 25,
      limit: 50,
      equality: ["conversationId"],
      sort: [["sentAt", 1]],
      range: ["sentAt"],
    },
    {
      name: "latest of a conversation",
      why: "the list of conversations",
      frequency: 20,
      limit: 1,
      equality: ["conversationId"],
      sort: [["sentAt", -1]],
    },
    {
      name: "unread of a person",
      why: "the inbox; the counter on every page is in users",
      frequency: 10,
      limit: 50,
      equality: ["recipientId"],
      sort: [["sentAt", -1]],
      always: { read: false },
      asksEveryShard: "The partial index is small on each shard, and an inbox is opened seldom.",
    },
  ],
  pipelines: [],
};
