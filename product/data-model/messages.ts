import type { Collection } from "../../components/database/data-model/collection";

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
      serves: ["unread of a person"],
    },
  ],
  queries: [
    {
      name: "of a conversation",
      why: "an open conversation",
      equality: ["conversationId"],
      sort: [["sentAt", 1]],
      range: ["sentAt"],
    },
    {
      name: "latest of a conversation",
      why: "the list of conversations",
      equality: ["conversationId"],
      sort: [["sentAt", -1]],
    },
    {
      name: "unread of a person",
      why: "the counter on every page",
      equality: ["recipientId"],
      sort: [["sentAt", -1]],
      always: { read: false },
      asksEveryShard: "The partial index is small on each shard, and the counter is cached.",
    },
  ],
  pipelines: [],
};
