import type { Collection } from "../../components/database/data-model/collection";

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
      serves: ["open projects of a contractor"],
    },
    { name: "property", keys: { propertyId: 1, updatedAt: -1 }, serves: ["of a property"] },
  ],
  queries: [
    {
      name: "of an owner by status",
      why: "the owner's dashboard",
      equality: ["ownerId", "status"],
      sort: [["updatedAt", -1]],
    },
    {
      name: "savings of an owner",
      why: "the figure on top of the dashboard",
      equality: ["ownerId", "status"],
    },
    {
      name: "open projects of a contractor",
      why: "the contractor's work list",
      equality: ["contractorId"],
      sort: [["dueAt", 1]],
      always: { status: "in-progress" },
      asksEveryShard: "A contractor works for many owners; some hundred lists an hour.",
    },
    {
      name: "of a property",
      why: "the page of a building",
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
