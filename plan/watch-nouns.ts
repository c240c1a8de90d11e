/** What is watched of a stack that belongs to no service: caches, database, CDN, the cluster, and the monitoring itself. */
import type { CachePlan } from "../budget/caching/plan";
import type { RedisPlan } from "../budget/caching/plan-redis";
import { watchCache } from "../budget/caching/watched";
import { watchCacheClients } from "../budget/caching/watched-clients";
import { own } from "../budget/core/own";
import { watchDatabase } from "../budget/database/watched";
import { watchEdge } from "../budget/edge/watched";
import { watchCluster } from "../budget/monitoring/cluster";
import { NOTHING_WATCHED, type Watched } from "../budget/monitoring/watched";
import { WATCHDOG } from "../budget/monitoring/watched-monitoring";
import { DATABASE_NAME } from "./plan-database";
import type { StackPlan } from "./plan-stack";
import type { StackInputs } from "./stack-inputs";

/** What watches. */
export interface Watchers {
  /** Namespace of Prometheus and Alertmanager. */
  readonly namespace: string;
  /** Members of Alertmanager. */
  readonly alertmanagers: number;
  /** kube-state-metrics was given `RESTORE_STATE_METRICS`. */
  readonly restores: boolean;
}

/** Two members of Alertmanager, and nobody who knows of restores. */
export const USUAL_WATCHERS: Watchers = { namespace: "monitoring", alertmanagers: 2, restores: false };

type NounInputs = StackInputs & { readonly cluster: { readonly namespace: string } };

export function watchNouns(
  inputs: NounInputs,
  plan: StackPlan,
  watchers: Watchers = USUAL_WATCHERS,
): Watched[] {
  const { namespace } = inputs.cluster;
  const { budget, database, cdn } = plan;
  return [
    ...watchCaches(inputs, plan),
    ...(database === undefined
      ? []
      : [
          watchDatabase({
            workload: { namespace, job: DATABASE_NAME },
            name: DATABASE_NAME,
            budget,
            plan: database.kind === "percona" ? database.plan : undefined,
            restores: watchers.restores,
          }),
        ]),
    ...(cdn === undefined ? [] : [watchEdge({ namespace, plan: cdn, budget })]),
    { ...NOTHING_WATCHED, alerts: [WATCHDOG] },
    watchCluster({
      namespace,
      services: Object.keys(plan.services),
      monitoringNamespace: watchers.namespace,
      alertmanagers: watchers.alertmanagers,
      dataModelJob: inputs.dataModel === undefined ? undefined : `${DATABASE_NAME}-data-model`,
    }),
  ];
}

function watchCaches(inputs: NounInputs, { caches, budget }: StackPlan): Watched[] {
  const { namespace } = inputs.cluster;
  const planned = Object.entries(caches);
  if (planned.length === 0) return [];
  return [
    ...planned.flatMap(([job, { plan }]): Watched[] => {
      const input = own(inputs.caches ?? {}, job);
      if (input === undefined || !isInCluster(plan)) return [];
      const key = `retrofitlink:caches.${job}`;
      return [watchCache({ workload: { namespace, job }, key, purpose: input.purpose, plan, budget })];
    }),
    watchCacheClients({ namespace, budget }),
  ];
}

/** Only a Redis of one's own has a number of I/O threads. */
function isInCluster(plan: CachePlan): plan is RedisPlan {
  return "ioThreads" in plan.numbers;
}
