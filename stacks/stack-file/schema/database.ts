/** What a stack file may say of the database. */
import { z } from "zod";

import { atLeast, number, passwordGeneration, positive, says, text, whole } from "./leaves";

/** How a service uses the database. */
export const databaseUse = z.strictObject(
  {
    queriesPerRequest: number(
      "a number above 0",
      "Give the queries that one request makes on average, after the caches.",
      positive,
    ),
    querySeconds: number("a number above 0 (seconds)", "Give the mean time of one query.", positive),
  },
  says("a map of queriesPerRequest and querySeconds", "Say how the service uses the database."),
);

const common = {
  shards: number(
    "a whole number from 1 to 100",
    "Count the replica sets the data is spread over.",
    whole(1, 100),
  ),
  readReplicas: number(
    "a whole number from 0 to 47",
    "Count the members of each shard that serve reads only.",
    whole(0, 47),
  ).default(0),
  dataGiB: number(
    "a number above 0 (GiB)",
    "Give data and indexes of all shards at the end of the planning horizon.",
    positive,
  ),
  workingSetGiB: number(
    "a number above 0 (GiB)",
    "Give the documents and indexes that the queries of an hour touch, of all shards.",
    positive,
  ),
  allowDrops: z
    .boolean(says("true or false", "True for one run that may drop or rebuild indexes."))
    .default(false),
  passwordGeneration,
};

const backup = z
  .strictObject(
    {
      retentionDays: number(
        "a whole number from 1 to 365 (days)",
        "Say how long backups are kept.",
        whole(1, 365),
      ),
    },
    says("a map of retentionDays", "Leave it out for 7 days."),
  )
  .default({ retentionDays: 7 });

const instanceSize = text("a tier of Atlas, like M60", "See docs/components/atlas-cluster.md.", /^M\d+$/);

export const database = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      kind: z.literal("percona"),
      ...common,
      cpuCores: number("a number above 0 (cores)", "Give the cores of one member.", positive),
      routers: z
        .strictObject(
          {
            cpuCores: number("a number above 0 (cores)", "Give the cores of one router.", positive).default(
              1,
            ),
            queriesPerCore: number(
              "a number of at least 1 (queries/s)",
              "Give what one core of a router passes on, as a load test measured it.",
              atLeast(1),
            ).default(2000),
          },
          says("a map of cpuCores and queriesPerCore", "Leave it out for the defaults."),
        )
        .default({ cpuCores: 1, queriesPerCore: 2000 }),
      queriesPerCore: number(
        "a number of at least 1 (queries/s)",
        "Give what one core of a member answers, as a load test measured it.",
        atLeast(1),
      ).optional(),
      disk: z
        .strictObject(
          {
            iops: number(
              "a number of at least 1 (reads and writes/s)",
              "Give what the storage class provides to one volume.",
              atLeast(1),
            ).default(3000),
            mibPerSecond: number(
              "a number of at least 1 (MiB/s)",
              "Give what the storage class provides to one volume.",
              atLeast(1),
            ).default(125),
          },
          says("a map of iops and mibPerSecond", "Leave it out for what gp3 has without paying for more."),
        )
        .optional(),
      storageClassName: text("the name of a storage class", "See `kubectl get storageclass`.").optional(),
      profilerLevel: z
        .literal([0, 1, 2], says("0, 1 or 2", "0 profiles nothing, 1 slow operations, 2 all of them."))
        .optional(),
      backup,
    }),
    z.strictObject({
      kind: z.literal("atlas"),
      ...common,
      projectId: text(
        "24 hexadecimal digits",
        "Give the id of the Atlas project; see its settings.",
        /^[0-9a-f]{24}$/,
      ),
      clusterName: text(
        "1 to 23 letters, digits and hyphens, no hyphen at the ends",
        "Atlas forms host names from the first 23 characters.",
        /^[A-Za-z0-9]([-A-Za-z0-9]{0,21}[A-Za-z0-9])?$/,
      ).optional(),
      analyticsNodes: number(
        "a whole number from 0 to 47",
        "Count the nodes of each shard that serve reports.",
        whole(0, 47),
      ).default(0),
      queriesPerCore: number(
        "a number of at least 1 (queries/s)",
        "Give what one core of a node answers, as a load test measured it.",
        atLeast(1),
      ),
      clientCidrs: z
        .array(
          text(
            "an IPv4 range of at least 8 bits, like 10.0.0.0/16",
            "Give the addresses of the pods that connect.",
            /^(\d{1,3}\.){3}\d{1,3}\/([89]|[12]\d|3[0-2])$/,
          ),
          says("a list of ranges", "Give the addresses of the pods that connect."),
        )
        .default([]),
      instanceSizes: z
        .strictObject(
          { min: instanceSize.optional(), max: instanceSize.optional() },
          says("a map of min and max", "Leave it out for what the proof needs."),
        )
        .default({}),
      allowShardRemoval: z
        .boolean(says("true or false", "True for one run that takes the last shards away."))
        .default(false),
      backup,
    }),
  ],
  says('"percona" or "atlas"', "Choose the database; the other keys depend on it."),
);
