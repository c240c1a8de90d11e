import type { Collection } from "../../budget/database/data-model/collection";

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
  size: { shareOfData: 0.05, documentBytes: 1200, activeShare: 0.2 },
  writes: 15,
  sharding: {
    key: { _id: "hashed" },
    reason:
      "Reads by id are the most frequent and know nothing but the id: with postalCode as key each of them would ask every shard. Searches ask every shard instead, which half as many operations do.",
  },
  indexes: [
    { name: "shard_key", keys: { _id: "hashed" }, serves: [] },
    {
      name: "area_search",
      // The last two are only there for the map: with the area and the shard key no document is fetched.
      keys: {
        postalCode: 1,
        energyClass: 1,
        updatedAt: -1,
        constructionYear: 1,
        floorAreaSquareMetres: 1,
        _id: 1,
      },
      serves: ["search in an area", "energy classes of an area"],
    },
    {
      name: "city_search",
      // The class after the order: it may be left out, and the order stays.
      keys: { city: 1, updatedAt: -1, energyClass: 1 },
      partialFilterExpression: { listed: true },
      share: 0.8,
      serves: ["search in a city"],
    },
    { name: "owner", keys: { ownerId: 1, updatedAt: -1 }, serves: ["of an owner"] },
    { name: "location_near", keys: { location: "2dsphere" }, serves: ["near a place"] },
  ],
  queries: [
    {
      name: "by id",
      why: "the page of a building, the most frequent query of all",
      frequency: 120,
      limit: 1,
      equality: ["_id"],
    },
    {
      name: "search in an area",
      why: "the search page",
      frequency: 60,
      limit: 50,
      equality: ["postalCode", "energyClass"],
      sort: [["updatedAt", -1]],
      range: ["constructionYear"],
      asksEveryShard:
        "An area is small: each shard looks at its part of one page, and the answer is cached for five minutes.",
    },
    {
      name: "energy classes of an area",
      why: "the map beside the search page",
      frequency: 10,
      limit: 7,
      examines: 5000,
      equality: ["postalCode"],
      covered: ["energyClass", "floorAreaSquareMetres"],
      asksEveryShard: "Index entries only, cached for thirty minutes.",
    },
    {
      name: "search in a city",
      why: "visitors who know no postal code",
      frequency: 40,
      limit: 50,
      examines: 400,
      equality: ["city"],
      optional: ["energyClass"],
      sort: [["updatedAt", -1]],
      always: { listed: true },
      asksEveryShard: "A city has many postal codes; the answer is cached for five minutes.",
    },
    {
      name: "of an owner",
      why: "the owner's dashboard",
      frequency: 15,
      limit: 50,
      equality: ["ownerId"],
      sort: [["updatedAt", -1]],
      asksEveryShard: "An owner has a handful of buildings anywhere; opened once a session.",
    },
    {
      name: "near a place",
      why: "the map",
      frequency: 10,
      limit: 100,
      examines: 300,
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
