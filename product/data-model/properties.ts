import type { Collection } from "../../components/database/data-model/collection";

export const properties: Collection = {
  name: "properties",
  holds: "Buildings and flats with what decides their retrofit: age, area, heating, energy class.",
  fields: {
    _id: "objectId",
    ownerId: "objectId",
    postalCode: "string",
    city: "string",
    location: "point",
    energyClass: "string",
    heatingType: "string",
    constructionYear: "number",
    floorAreaSquareMetres: "number",
    listed: "boolean",
    updatedAt: "date",
  },
  sharding: {
    key: { postalCode: 1, _id: 1 },
    reason:
      "Searches name an area, so they ask the shard that holds it; `_id` splits a crowded area, and new buildings appear everywhere at once.",
  },
  indexes: [
    { name: "shard_key", keys: { postalCode: 1, _id: 1 }, serves: [] },
    {
      name: "area_search",
      keys: { postalCode: 1, energyClass: 1, updatedAt: -1, constructionYear: 1 },
      serves: ["search in an area", "energy classes of an area"],
    },
    {
      name: "city_search",
      keys: { city: 1, energyClass: 1, updatedAt: -1 },
      partialFilterExpression: { listed: true },
      serves: ["search in a city"],
    },
    { name: "owner", keys: { ownerId: 1, updatedAt: -1 }, serves: ["of an owner"] },
    { name: "location_near", keys: { location: "2dsphere" }, serves: ["near a place"] },
  ],
  queries: [
    {
      name: "search in an area",
      why: "the search page, the most frequent query of all",
      equality: ["postalCode", "energyClass"],
      sort: [["updatedAt", -1]],
      range: ["constructionYear"],
    },
    {
      name: "energy classes of an area",
      why: "the map beside the search page",
      equality: ["postalCode"],
    },
    {
      name: "search in a city",
      why: "visitors who know no postal code",
      equality: ["city", "energyClass"],
      sort: [["updatedAt", -1]],
      always: { listed: true },
      asksEveryShard: "A city has many postal codes; the answer is cached for five minutes.",
    },
    {
      name: "of an owner",
      why: "the owner's dashboard",
      equality: ["ownerId"],
      sort: [["updatedAt", -1]],
      asksEveryShard: "An owner has a handful of buildings anywhere; opened once a session.",
    },
    {
      name: "near a place",
      why: "the map",
      equality: [],
      special: { kind: "2dsphere", fields: ["location"] },
      asksEveryShard: "A circle on the map crosses areas.",
    },
  ],
  pipelines: [
    {
      name: "energy classes of an area",
      startsAs: "energy classes of an area",
      stages: [
        { $match: { postalCode: "$$postalCode" } },
        { $group: { _id: "$energyClass", buildings: { $sum: 1 }, area: { $sum: "$floorAreaSquareMetres" } } },
        { $sort: { _id: 1 } },
      ],
    },
  ],
};
