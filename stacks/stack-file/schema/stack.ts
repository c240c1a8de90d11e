/**
 * What a stack file may hold, one part a file. Every leaf says what is allowed and how to mend it; docs/stack-file.md is
 * the same as a page. Rules that look at more than one key are in config-checks.ts.
 */
import { z } from "zod";

import { budget } from "./budget";
import { cache } from "./cache";
import { cdn } from "./cdn";
import { cluster } from "./cluster";
import { database } from "./database";
import { DNS_LABEL, says, text, workloadName } from "./leaves";
import { loadBalancer } from "./load-balancer";
import { service } from "./service";
import { waiver } from "./waiver";

/** The whole of `config:` without the project's prefix. */
export const stackSchema = z.strictObject({
  environment: text("production, staging, local or another DNS label", "Name the environment.", DNS_LABEL),
  cluster,
  budget: budget.default({}),
  services: z
    .record(workloadName, service, says("a map of services", "Give at least one service."))
    .refine(
      (services) => Object.keys(services).length > 0,
      says("at least one service", "Describe a service; see docs/stack-file.md."),
    ),
  caches: z.record(workloadName, cache, says("a map of caches", "See docs/stack-file.md.")).default({}),
  loadBalancer: loadBalancer.optional(),
  database: database.optional(),
  cdn: cdn.optional(),
  autoscaling: z
    .strictObject(
      { kind: z.enum(["hpa", "keda"], says('"hpa" or "keda"', "Choose who owns the replicas.")) },
      says("a map of kind", "Choose who owns the replicas."),
    )
    .default({ kind: "hpa" }),
  waivers: z.array(waiver, says("a list of waivers", "See docs/policies.md.")).default([]),
});

/** A stack file that was found sound, with its defaults. */
export type StackConfig = Readonly<z.infer<typeof stackSchema>>;
export type ServiceConfig = StackConfig["services"][string];
export type DatabaseConfig = NonNullable<StackConfig["database"]>;
export type CacheConfig = StackConfig["caches"][string];
export type CdnConfig = NonNullable<StackConfig["cdn"]>;
export type ClusterConfig = StackConfig["cluster"];
