/** The stack of the run of `make performance-page`: of the shipped staging what a machine without a cluster can run. */
import { join } from "node:path";

import { responseTimeBuckets } from "../../budget/service/buckets";
import type { Watched } from "../../budget/monitoring/watched";
import { ROOT } from "../../cli/paths";
import { planMonitoring, type MonitoringInputs } from "../../plan/plan-monitoring";
import { planStack } from "../../plan/plan-stack";
import { readStackFile } from "../../stacks/stack-file/shipped";

const FILE = "Pulumi.staging.yaml";
const SERVICE = "backend";
const CACHE = "redis-cache";

/** Of Prometheus and Alertmanager. */
const WATCHERS = { namespace: "monitoring", alertmanagers: 1, restores: false };

export interface ReferenceStack {
  readonly namespace: string;
  /** Rules, alerts and panels as they are deployed. */
  readonly watched: Watched;
  /** What the platform tells the service. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The backend, and one Redis for what it caches and for its sessions; nothing in front of it, and its catalogue built in. */
export function referenceStack(): ReferenceStack {
  const { config, issues } = readStackFile(join(ROOT, FILE));
  const [service, cache] = [config?.services[SERVICE], config?.caches[CACHE]];
  const calls = service?.caches[CACHE];
  if (config === undefined || service === undefined || cache === undefined || calls === undefined) {
    throw new Error(`${FILE} is not sound, or lacks ${SERVICE} or ${CACHE}: ${JSON.stringify(issues)}`);
  }
  const inputs: MonitoringInputs = {
    cluster: config.cluster,
    budget: config.budget,
    services: { [SERVICE]: { ...service, caches: { [CACHE]: calls }, calls: {}, database: undefined } },
    caches: { [CACHE]: cache },
  };
  const plan = planStack(inputs);
  const budget = plan.services[SERVICE]?.budget ?? plan.budget;
  return {
    namespace: config.cluster.namespace,
    watched: planMonitoring(inputs, plan, WATCHERS),
    environment: { HTTP_DURATION_BUCKETS_SECONDS: responseTimeBuckets(budget).join(",") },
  };
}
