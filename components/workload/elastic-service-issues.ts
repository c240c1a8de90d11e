import { z } from "zod";

import { issue, type Issue, issuesOf } from "../../budget/core/issues";
import { timeoutIssues } from "../../budget/timeouts/timeouts";
import { budgetIssues } from "../../budget/core/budget-settings";
import {
  annotationKey,
  image,
  namespaceName,
  poolSize,
  port,
  secretKey,
  zones,
  variableName,
  workloadName,
} from "../../budget/core/leaves";
import { number } from "../../budget/core/settings";
import { serviceIssues } from "../../budget/service/rules";
import { tracingSettings } from "../../budget/service/tracing";
import { reactionSetting, serviceSettings } from "../../budget/service/settings";
import { environmentIssues } from "./environment-issues";
import type { ResolvedServiceArgs, ServiceCache } from "./elastic-service-args";

const secretEntry = z.object({ key: secretKey });

const cache = z.object({
  name: workloadName,
  port,
  poolSize,
  passwordSecret: secretEntry,
});

const urlSigning = z.object({
  keySecret: secretEntry,
  lifetimeSeconds: number(
    { unit: "seconds", atLeast: 1, atMost: 604_800, whole: true },
    { fix: "Give the lifetime of the zone's rule." },
  ).optional(),
});

const { demand, margin, profile, balancing, resilience, resources, health, processesPerPod, budget } =
  serviceSettings;

/** The arguments that are judged by themselves; those that are computed are not. */
const checked = z.object({
  app: workloadName.optional(),
  namespace: namespaceName.optional(),
  image: image.optional(),
  port: serviceSettings.port,
  demand,
  margin: margin.optional(),
  reaction: z
    .object({
      metricsSeconds: reactionSetting,
      autoscalerSyncSeconds: reactionSetting,
      schedulingSeconds: reactionSetting,
      nodeSeconds: reactionSetting,
    })
    .optional(),
  profile,
  balancing: balancing.optional(),
  resilience: resilience.optional(),
  resources,
  zones,
  processesPerPod: processesPerPod.optional(),
  health,
  environment: z.record(variableName, z.unknown()).optional(),
  annotations: z.record(annotationKey, z.unknown()).optional(),
  secretEnvironment: z.record(variableName, secretEntry).optional(),
  caches: z.array(cache).optional(),
  urlSigning: urlSigning.optional(),
  tracing: z.object(tracingSettings.shape).optional(),
  budget,
});

/** Everything that makes a service impossible to build or to prove. An empty list means it is sound. */
export function elasticServiceIssues(args: ResolvedServiceArgs): Issue[] {
  const single = issuesOf(checked, {
    ...args,
    image: written(args.image),
    namespace: written(args.namespace),
  });
  return [
    ...single,
    // Numbers are compared when each of them is one.
    ...(single.length === 0
      ? [
          ...budgetIssues(args.budget, args.budget, ["budget"]),
          ...serviceIssues({ ...args, service: args.app }),
        ]
      : []),
    ...timeoutIssues(args.timeouts),
    ...twice(args.caches ?? []),
    ...environmentIssues(args.environment ?? {}, Object.keys(args.secretEnvironment ?? {}), {
      caches: (args.caches ?? []).map(({ name }) => name),
      database: args.database !== undefined,
      urlSigning: args.urlSigning !== undefined,
      calls: (args.calls ?? []).map(({ name }) => name),
      tracing: args.tracing !== undefined,
    }),
  ];
}

/** Text that is written out; undefined for what is computed. */
function written(input: unknown): string | undefined {
  return typeof input === "string" ? input : undefined;
}

function twice(caches: readonly ServiceCache[]): Issue[] {
  return caches.flatMap(({ name }, index) =>
    caches.findIndex((other) => other.name === name) === index
      ? []
      : issue(["caches", index, "name"], name, {
          allowed: "a cache that is not in the list yet",
          fix: "Remove one of the two.",
        }),
  );
}
