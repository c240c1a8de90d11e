import type { Collection } from "../../budget/database/data-model/collection";

export const quotes: Collection = {
  name: "quotes",
  holds: "Offers of contractors for a project.",
  fields: {
    _id: "objectId",
    projectId: "objectId",
    contractorId: "objectId",
    status: "string",
    total: "number",
    submittedAt: "date",
    expiresAt: "date",
  },
  size: { shareOfData: 0.03, documentBytes: 500, activeShare: 0.1 },
  writes: 12,
  sharding: {
    key: { projectId: 1, contractorId: 1 },
    reason:
      "Quotes are read by project; with the contractor the key is unique, which lets the database refuse a second quote.",
  },
  indexes: [
    {
      name: "one_per_contractor",
      keys: { projectId: 1, contractorId: 1 },
      unique: true,
      serves: ["of a project"],
    },
    {
      name: "project_by_price",
      keys: { projectId: 1, status: 1, total: 1 },
      serves: ["cheapest of a project", "price range of a project"],
    },
    { name: "contractor_recent", keys: { contractorId: 1, submittedAt: -1 }, serves: ["of a contractor"] },
  ],
  queries: [
    {
      name: "by id in its project",
      why: "an offer; its address has the project, and the project names the shard",
      frequency: 10,
      limit: 1,
      equality: ["_id", "projectId"],
    },
    { name: "of a project", why: "the project page", frequency: 20, limit: 50, equality: ["projectId"] },
    {
      name: "cheapest of a project",
      why: "the comparison page",
      frequency: 12,
      limit: 20,
      equality: ["projectId", "status"],
      sort: [["total", 1]],
    },
    {
      name: "price range of a project",
      why: "the head of the comparison page",
      frequency: 12,
      limit: 1,
      examines: 50,
      equality: ["projectId", "status"],
    },
    {
      name: "of a contractor",
      why: "the contractor's list",
      frequency: 5,
      limit: 100,
      equality: ["contractorId"],
      sort: [["submittedAt", -1]],
      asksEveryShard: "A contractor quotes for many projects; some hundred lists an hour.",
    },
  ],
  pipelines: [
    {
      name: "price range of a project",
      startsAs: "price range of a project",
      stages: [
        { $match: { projectId: "$$projectId", status: "submitted" } },
        {
          $group: {
            _id: "$projectId",
            lowest: { $min: "$total" },
            highest: { $max: "$total" },
            mean: { $avg: "$total" },
            quotes: { $sum: 1 },
          },
        },
      ],
    },
  ],
};
