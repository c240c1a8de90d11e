import type { Collection } from "../../budget/database/data-model/collection";

export const retrofitProjects: Collection = {
  name: "retrofitProjects",
  holds: "A retrofit from the first idea to acceptance: measures, phases, costs, state.",
  fields: {
    _id: "objectId",
    propertyId: "objectId",
    ownerId: "objectId",
    contractorId: "objectId",
    status: "string",
    measures: "string[]",
    dueAt: "date",
    updatedAt: "date",
    estimatedCost: "number",
    savedKilowattHours: "number",
  },
  size: { shareOfData: 0.03, documentBytes: 2000, activeShare: 0.25 },
  writes: 30,
  sharding: {
    key: { ownerId: "hashed" },
    reason:
      "Nearly every query is an owner's; hashing spreads owners evenly, and no owner has enough projects to matter.",
  },
  indexes: [
    { name: "shard_key", keys: { ownerId: "hashed" }, serves: [] },
    {
      name: "owner_by_status",
      keys: { ownerId: 1, status: 1, updatedAt: -1 },
      serves: ["of an owner by status", "savings of an owner"],
    },
    {
      name: "contractor_open",
      keys: { contractorId: 1, dueAt: 1 },
      // Closed projects are nine of ten and nobody lists them by due date.
      partialFilterExpression: { status: "in-progress" },
      share: 0.1,
      serves: ["open projects of a contractor"],
    },
    { name: "property", keys: { propertyId: 1, updatedAt: -1 }, serves: ["of a property"] },
  ],
  queries: [
    {
      name: "by id of its owner",
      why: "the page of a project; the session knows the owner, and the owner names the shard",
      frequency: 50,
      limit: 1,
      equality: ["_id", "ownerId"],
    },
    {
      name: "of an owner by status",
      why: "the owner's dashboard",
      frequency: 40,
      limit: 50,
      equality: ["ownerId", "status"],
      sort: [["updatedAt", -1]],
    },
    {
      name: "savings of an owner",
      why: "the figure on top of the dashboard",
      frequency: 20,
      limit: 1,
      examines: 100,
      equality: ["ownerId", "status"],
    },
    {
      name: "open projects of a contractor",
      why: "the contractor's work list",
      frequency: 8,
      limit: 100,
      equality: ["contractorId"],
      sort: [["dueAt", 1]],
      always: { status: "in-progress" },
      asksEveryShard: "A contractor works for many owners; some hundred lists an hour.",
    },
    {
      name: "of a property",
      why: "the page of a building",
      frequency: 10,
      limit: 20,
      equality: ["propertyId"],
      sort: [["updatedAt", -1]],
      asksEveryShard: "Cached for thirty minutes by building.",
    },
  ],
  pipelines: [
    {
      name: "savings of an owner",
      startsAs: "savings of an owner",
      stages: [
        { $match: { ownerId: "$$ownerId", status: "completed" } },
        {
          $group: {
            _id: null,
            projects: { $sum: 1 },
            savedKilowattHours: { $sum: "$savedKilowattHours" },
            cost: { $sum: "$estimatedCost" },
          },
        },
      ],
    },
  ],
};
