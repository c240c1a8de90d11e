/** A cache or a session store, in the cluster or rented from its cloud. */
import { z } from "zod";

import { number, passwordGeneration, positive, says, text, whole } from "./leaves";

const workingSetMiB = number(
  "a number above 0 (MiB)",
  "Give the size of what has to stay in memory for the hit rate.",
  positive,
);
const cpuCores = number("a number above 0 (cores)", "One core serves one event loop.", positive).default(1);
const purpose = says('"cache" or "session"', "A cache may forget, a session store may not.");

const inClusterCommon = {
  // Left out by most: then it runs in the cluster.
  kind: z.literal("in-cluster").optional(),
  workingSetMiB,
  cpuCores,
  memoryLimitMiB: number(
    "a whole number of at least 64 (MiB)",
    "Leave it out and it is derived.",
    whole(64, 1_048_576),
  ).optional(),
  passwordGeneration,
};

const inCluster = z.discriminatedUnion(
  "purpose",
  [
    z.strictObject({ purpose: z.literal("cache"), ...inClusterCommon }),
    z.strictObject({
      purpose: z.literal("session"),
      ...inClusterCommon,
      storage: z
        .strictObject(
          {
            sizeGiB: number(
              "a whole number of at least 1 (GiB)",
              "Leave it out and it is derived.",
              whole(1, 65_536),
            ).optional(),
            storageClassName: text(
              "the name of a storage class",
              "See `kubectl get storageclass`.",
            ).optional(),
          },
          says("a map of sizeGiB and storageClassName", "Leave it out for the defaults."),
        )
        .default({}),
    }),
  ],
  purpose,
);

const managedCommon = {
  workingSetMiB,
  maintenance: z
    .strictObject(
      {
        day: z.enum(
          ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
          says("a day of the week in lower case", "Choose a quiet one."),
        ),
        hour: number("a whole number from 0 to 23 (UTC)", "Choose a quiet one.", whole(0, 23)),
      },
      says("a map of day and hour", "Leave it out for Sunday, 3 o'clock UTC."),
    )
    .default({ day: "sunday", hour: 3 }),
};

const elastiCacheCommon = {
  kind: z.literal("elasticache"),
  ...managedCommon,
  passwordGeneration,
  cpuCores,
  nodeType: text(
    "a node type, like cache.r7g.large",
    "Leave it out and the smallest that will do is chosen.",
    /^cache\.[a-z0-9]+\.[a-z0-9]+$/,
  ).optional(),
  securityGroupIds: z
    .array(
      text("the id of a security group, like sg-0a1b2c3d", "Give the nodes' group.", /^sg-[0-9a-f]{8,17}$/),
      says("a list of security group ids", "Name the security group of the cluster's nodes."),
    )
    .min(1, says("at least 1 security group", "Name the security group of the cluster's nodes.")),
  alarmTopicArn: text(
    "the ARN of an SNS topic",
    "Leave it out and nobody is told of alarms.",
    /^arn:aws[-a-z]*:sns:[-a-z0-9]+:\d{12}:\S+$/,
  ).optional(),
};

const elastiCache = z.discriminatedUnion(
  "purpose",
  [
    z.strictObject({ purpose: z.literal("cache"), ...elastiCacheCommon }),
    z.strictObject({
      purpose: z.literal("session"),
      ...elastiCacheCommon,
      snapshotRetentionDays: number(
        "a whole number from 1 to 35 (days)",
        "Say how long snapshots are kept.",
        whole(1, 35),
      ).default(7),
    }),
  ],
  purpose,
);

const memorystore = z.strictObject({
  kind: z.literal("memorystore"),
  purpose: z.enum(["cache", "session"], purpose),
  ...managedCommon,
});

export const cache = z.discriminatedUnion(
  "kind",
  [inCluster, elastiCache, memorystore],
  says('"in-cluster", "elasticache" or "memorystore"', "Choose who runs it; the other keys depend on it."),
);
