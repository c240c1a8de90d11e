import type { Collection } from "../../budget/database/data-model/collection";

export const contractors: Collection = {
  name: "contractors",
  holds: "Companies that carry out retrofits: trades, service area, rating, certificates.",
  fields: {
    _id: "objectId",
    name: "string",
    description: "string",
    trades: "string[]",
    postalCodes: "string[]",
    location: "point",
    rating: "number",
    active: "boolean",
    certifiedUntil: "date",
  },
  size: { shareOfData: 0.002, documentBytes: 3000, activeShare: 1 },
  writes: 2,
  sharding: {
    reason:
      "Some ten thousand documents that every search reads: one shard and its read replicas serve them from memory.",
  },
  indexes: [
    {
      name: "trade_by_rating",
      keys: { trades: 1, rating: -1, certifiedUntil: 1 },
      partialFilterExpression: { active: true },
      share: 0.9,
      serves: ["by trade", "by trade with a certificate"],
    },
    {
      name: "text_search",
      keys: { name: "text", description: "text" },
      weights: { name: 10, description: 1 },
      serves: ["by words"],
    },
    { name: "location_near", keys: { location: "2dsphere" }, serves: ["near a place"] },
    { name: "area", keys: { postalCodes: 1, rating: -1 }, serves: ["for an area", "best of an area", "by trade in an area"] },
  ],
  queries: [
    { name: "by id", why: "the page of a company", frequency: 40, limit: 1, equality: ["_id"] },
    {
      name: "by trade in an area",
      why: "the list beside a building; two arrays do not fit into one index",
      frequency: 10,
      limit: 100,
      examines: 200,
      equality: ["postalCodes"],
      inDocument: ["trades", "active"],
      sort: [["rating", -1]],
    },
    {
      name: "by trade",
      why: "the search page",
      frequency: 20,
      limit: 100,
      equality: ["trades"],
      sort: [["rating", -1]],
      always: { active: true },
    },
    {
      name: "by trade with a certificate",
      why: "the matching service, for every new project",
      frequency: 5,
      limit: 50,
      examines: 200,
      equality: ["trades"],
      sort: [["rating", -1]],
      range: ["certifiedUntil"],
      always: { active: true },
    },
    {
      name: "by words",
      why: "the search field", frequency: 8, limit: 50, examines: 500,
      equality: [],
      special: { kind: "text", fields: ["name", "description"] },
    },
    {
      name: "near a place",
      why: "the map", frequency: 5, limit: 50, examines: 150,
      equality: [],
      special: { kind: "2dsphere", fields: ["location"] },
    },
    {
      name: "for an area",
      why: "the list beside a building", frequency: 10, limit: 50,
      equality: ["postalCodes"],
      sort: [["rating", -1]],
    },
    { name: "best of an area", why: "the matching service", frequency: 5, limit: 20, examines: 200, equality: ["postalCodes"], range: ["rating"] },
  ],
  pipelines: [
    {
      name: "best of an area by trade",
      startsAs: "best of an area",
      stages: [
        { $match: { postalCodes: "$$postalCode", rating: { $gte: 4 } } },
        { $unwind: "$trades" },
        { $group: { _id: "$trades", best: { $max: "$rating" }, contractors: { $sum: 1 } } },
        { $sort: { _id: 1 } },
      ],
    },
  ],
};
