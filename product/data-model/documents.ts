import type { Collection } from "../../budget/database/data-model/collection";

export const documents: Collection = {
  name: "documents",
  holds: "Records of files: certificates, plans, photos, invoices. The files are in object storage.",
  fields: {
    _id: "objectId",
    projectId: "objectId",
    kind: "string",
    checksum: "string",
    sizeBytes: "number",
    uploadedBy: "objectId",
    uploadedAt: "date",
    deleteAfter: "date",
  },
  size: { shareOfData: 0.02, documentBytes: 400, activeShare: 0.05 },
  writes: 8,
  sharding: {
    key: { projectId: "hashed" },
    reason: "Files are listed by project, and no project has more than some hundred.",
  },
  indexes: [
    { name: "shard_key", keys: { projectId: "hashed" }, serves: [] },
    {
      name: "project_by_kind",
      keys: { projectId: 1, kind: 1, uploadedAt: -1 },
      serves: ["of a project", "storage of a project"],
    },
    { name: "deleted_ttl", keys: { deleteAfter: 1 }, expireAfterSeconds: 0, serves: [] },
  ],
  queries: [
    {
      name: "of a project",
      why: "the file list of a project",
      frequency: 15,
      limit: 100,
      equality: ["projectId", "kind"],
      sort: [["uploadedAt", -1]],
    },
    {
      name: "storage of a project",
      why: "the quota check of every upload",
      frequency: 8,
      limit: 10,
      examines: 500,
      equality: ["projectId"],
    },
  ],
  pipelines: [
    {
      name: "storage of a project",
      startsAs: "storage of a project",
      stages: [
        { $match: { projectId: "$$projectId" } },
        { $group: { _id: "$kind", files: { $sum: 1 }, bytes: { $sum: "$sizeBytes" } } },
      ],
    },
  ],
};
