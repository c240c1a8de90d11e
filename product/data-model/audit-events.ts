import type { Collection } from "../../budget/database/data-model/collection";

/** 400 days: a year of evidence and the time to ask for it. */
const RETENTION_SECONDS = 400 * 86_400;

export const auditEvents: Collection = {
  name: "auditEvents",
  holds: "Who did what to which object, for disputes and audits. Written once, never changed.",
  fields: {
    _id: "objectId",
    entityId: "objectId",
    actorId: "objectId",
    action: "string",
    occurredAt: "date",
    details: "object",
  },
  size: { shareOfData: 0.12, documentBytes: 600, activeShare: 0.01 },
  writes: 25,
  sharding: {
    key: { entityId: "hashed" },
    reason: "Events are read by object; a key that grows with time would send every write to one shard.",
  },
  indexes: [
    { name: "shard_key", keys: { entityId: "hashed" }, serves: [] },
    { name: "entity_history", keys: { entityId: 1, occurredAt: -1 }, serves: ["history of an object"] },
    { name: "actor_history", keys: { actorId: 1, occurredAt: -1 }, serves: ["acts of a person"] },
    { name: "retention_ttl", keys: { occurredAt: 1 }, expireAfterSeconds: RETENTION_SECONDS, serves: [] },
  ],
  queries: [
    {
      name: "history of an object",
      why: "the history tab of projects and quotes",
      frequency: 5,
      limit: 100,
      equality: ["entityId"],
      sort: [["occurredAt", -1]],
    },
    {
      name: "acts of a person",
      why: "support and audits",
      frequency: 1,
      limit: 100,
      equality: ["actorId"],
      sort: [["occurredAt", -1]],
      range: ["occurredAt"],
      asksEveryShard: "Asked by a person, not by a page.",
    },
  ],
  pipelines: [],
};
