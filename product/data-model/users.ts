import type { Collection } from "../../components/database/data-model/collection";

export const users: Collection = {
  name: "users",
  holds: "People who sign in: owners, tenants, contractors' staff, advisers.",
  fields: {
    _id: "objectId",
    email: "string",
    role: "string",
    organizationId: "objectId",
    createdAt: "date",
    lastSeenAt: "date",
    verificationExpiresAt: "date",
  },
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
    { name: "by email", why: "every sign-in", equality: ["email"] },
    {
      name: "members of an organization",
      why: "the team page of contractors",
      equality: ["organizationId", "role"],
      sort: [["lastSeenAt", -1]],
    },
  ],
  pipelines: [],
};
