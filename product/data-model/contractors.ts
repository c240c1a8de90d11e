import type { Collection } from "../../components/database/data-model/collection";

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
  sharding: {
    reason:
      "Some ten thousand documents that every search reads: one shard and its read replicas serve them from memory.",
  },
  indexes: [
    {
      name: "trade_by_rating",
      keys: { trades: 1, rating: -1, certifiedUntil: 1 },
      partialFilterExpression: { active: true },
      serves: ["by trade"],
    },
    {
      name: "text_search",
      keys: { name: "text", description: "text" },
      weights: { name: 10, description: 1 },
      serves: ["by words"],
    },
    { name: "location_near", keys: { location: "2dsphere" }, serves: ["near a place"] },
    { name: "area", keys: { postalCodes: 1, rating: -1 }, serves: ["for an area", "best of an area"] },
  ],
  queries: [
    {
      name: "by trade",
      why: "the matching service, for every new project",
      equality: ["trades"],
      sort: [["rating", -1]],
      range: ["certifiedUntil"],
      always: { active: true },
    },
    {
      name: "by words",
      why: "the search field",
      equality: [],
      special: { kind: "text", fields: ["name", "description"] },
    },
    {
      name: "near a place",
      why: "the map",
      equality: [],
      special: { kind: "2dsphere", fields: ["location"] },
    },
    {
      name: "for an area",
      why: "the list beside a building",
      equality: ["postalCodes"],
      sort: [["rating", -1]],
    },
    { name: "best of an area", why: "the matching service", equality: ["postalCodes"], range: ["rating"] },
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
