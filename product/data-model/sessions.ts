import type { Collection } from "../../budget/database/data-model/collection";

export const sessions: Collection = {
  name: "sessions",
  holds: "Refresh tokens of signed-in devices. The sessions of requests are in Redis; these outlive it.",
  fields: {
    _id: "objectId",
    tokenHash: "string",
    userId: "objectId",
    createdAt: "date",
    expiresAt: "date",
    device: "string",
  },
  size: { shareOfData: 0.02, documentBytes: 300, activeShare: 0.25 },
  writes: 20,
  sharding: {
    key: { tokenHash: 1 },
    reason:
      "Every refresh names the token; its hash is evenly spread by itself, and stays unique because it is the key.",
  },
  indexes: [
    { name: "token", keys: { tokenHash: 1 }, unique: true, serves: ["by token"] },
    { name: "user_devices", keys: { userId: 1, createdAt: -1 }, serves: ["devices of a user"] },
    { name: "expired_ttl", keys: { expiresAt: 1 }, expireAfterSeconds: 0, serves: [] },
  ],
  queries: [
    { name: "by token", why: "every refresh of a sign-in", frequency: 20, limit: 1, equality: ["tokenHash"] },
    {
      name: "devices of a user",
      why: "signing out everywhere",
      frequency: 2,
      limit: 20,
      equality: ["userId"],
      sort: [["createdAt", -1]],
      asksEveryShard: "Rare: the security page and password changes.",
    },
  ],
  pipelines: [],
};
