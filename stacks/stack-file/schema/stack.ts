/**
 * What a stack file may hold, one part a file. Every setting says what is allowed and how to mend it; the tables of
 * docs/stack-file.md and docs/stack-file.schema.json follow from that. Rules that look at more than one key are in
 * config-checks.ts.
 */
import { z } from "zod";

import { budgetSettings } from "../../../budget/core/budget-settings";
import { workloadName } from "../../../budget/core/leaves";
import { list, map, retold, ruled } from "../../../budget/core/settings";
import { tracingSettings } from "../../../budget/service/tracing";
import { autoscaling } from "./autoscaling";
import { cache } from "./cache";
import { cdn } from "./cdn";
import { cluster } from "./cluster";
import { database } from "./database";
import { loadBalancer } from "./load-balancer";
import { monitoring } from "./monitoring";
import { service } from "./service";
import { waiver } from "./waiver";

/** The whole of `config:` without the project's prefix. */
export const stackSchema = z.strictObject({
  environment: retold(workloadName, {
    allowed: "production, staging, local or another DNS label of at most 52 characters",
    fix: "Name the environment.",
  }),
  cluster,
  budget: budgetSettings.default({}),
  services: ruled(
    map(workloadName, service, { allowed: "a map of services", fix: "Give at least one service." }),
    (services) => Object.keys(services).length > 0,
    { allowed: "at least one service", fix: "Describe a service; see docs/stack-file.md." },
  ),
  caches: map(workloadName, cache, { allowed: "a map of caches", fix: "See docs/stack-file.md." }).default(
    {},
  ),
  loadBalancer: loadBalancer.optional(),
  database: database.optional(),
  cdn: cdn.optional(),
  autoscaling,
  monitoring: monitoring.optional(),
  tracing: tracingSettings.optional(),
  waivers: list(waiver, { allowed: "a list of waivers", fix: "See docs/policies.md." }).default([]),
});

/** A stack file that was found sound, with its defaults. */
export type StackConfig = Readonly<z.infer<typeof stackSchema>>;
export type ServiceConfig = StackConfig["services"][string];
export type DatabaseConfig = NonNullable<StackConfig["database"]>;
export type CacheConfig = StackConfig["caches"][string];
export type CdnConfig = NonNullable<StackConfig["cdn"]>;
export type ClusterConfig = StackConfig["cluster"];
