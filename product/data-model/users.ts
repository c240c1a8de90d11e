import type { Collection } from "../../budget/database/data-model/collection";

export const users: Collection = {
  name: "users",
  holds:
    "People who sign in: owners, tenants, contractors' staff, advisers. Addresses are stored in lower case: the index tells letters apart.",
  fields: {
    _id: "objectId",
    email: "string",
    role: "string",
    organizationId: "objectId",
    createdAt: "date",
    lastSeenAt: "date",
    unreadMessages: "number",
    verificationExpiresAt: "date",
  },
  size: { shareOfData: 0.02, documentBytes: 800, activeShare: 0.25 },
  writes: 20,
  sharding: {
    reason:
      "An address must be unique over all users, which a sharded collection can only promise on its shard key; a few million small documents fit one shard.",
  },
  indexes: [
    { name: "email_unique", keys: { email: 1 }, unique: true, serves: ["by email"] },
    {
      name: "organization_members",
      keys: { organizationId: 1, role: 1, lastSeenAt: -1 },
      serves: ["members of an organization"],
    },
    {
      name: "unverified_ttl",
      keys: { verificationExpiresAt: 1 },
      // Documents without the field stay: an account that is verified loses it.
      expireAfterSeconds: 0,
      serves: [],
    },
  ],
  queries: [
    {
      name: "by id",
      why: "the account on every page, with the counter of unread messages",
      frequency: 100,
      limit: 1,
      equality: ["_id"],
    },
    { name: "by email", why: "every sign-in", frequency: 15, limit: 1, equality: ["email"] },
    {
      name: "members of an organization",
      why: "the team page of contractors",
      frequency: 5,
      limit: 100,
      equality: ["organizationId", "role"],
      sort: [["lastSeenAt", -1]],
    },
  ],
  pipelines: [],
};
