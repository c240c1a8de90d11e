/** A cache or a session store. */
import { z } from "zod";

import { number, positive, says, text, whole } from "./leaves";

const cacheCommon = {
  workingSetMiB: number(
    "a number above 0 (MiB)",
    "Give the size of what has to stay in memory for the hit rate.",
    positive,
  ),
  cpuCores: number("a number above 0 (cores)", "One core serves one event loop.", positive).default(1),
  memoryLimitMiB: number(
    "a whole number of at least 64 (MiB)",
    "Leave it out and it is derived.",
    whole(64, 1_048_576),
  ).optional(),
};

export const cache = z.discriminatedUnion(
  "purpose",
  [
    z.strictObject({ purpose: z.literal("cache"), ...cacheCommon }),
    z.strictObject({
      purpose: z.literal("session"),
      ...cacheCommon,
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
  says('"cache" or "session"', "A cache may forget, a session store may not."),
);
