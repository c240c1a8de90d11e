/** A service whose replicas are planned, for specs of its autoscaling. */
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import type { AutoscalingInputs } from "../../../../budget/autoscaling/planned";
import { steeringOf } from "../../../../budget/autoscaling/steering";
import { planService, type ServiceInputs } from "../../../../budget/service/plan";

const service: ServiceInputs = {
  service: "backend",
  demand: { baseRps: 300, peakRps: 1200, growthPerMinute: 0.25 },
  profile: {
    serviceTimeSeconds: 0.03,
    cpuSecondsPerRequest: 0.003,
    concurrencyPerPod: 8,
    maxUtilization: 0.75,
    warmUpSeconds: 12,
  },
  budget: DEFAULT_BUDGET,
  zones: 3,
  resources: { cpuCores: 1, memoryMiB: 1024 },
};

/** What most of them change: the profile, and what is said of the autoscaling. */
export type Change = Partial<Omit<AutoscalingInputs, "profile" | "demand">> & {
  readonly profile?: Partial<ServiceInputs["profile"]>;
  readonly demand?: Partial<ServiceInputs["demand"]>;
  readonly hasPrometheus?: boolean;
};

export function inputs(change: Change = {}): AutoscalingInputs {
  const { hasPrometheus = true, profile, demand, ...rest } = change;
  const changed = {
    ...service,
    demand: { ...service.demand, ...demand },
    profile: { ...service.profile, ...profile },
  };
  return {
    ...changed,
    plan: planService(changed).numbers,
    steering: steeringOf({ ...changed, hasPrometheus, scaling: rest.scaling }),
    ...rest,
  };
}

/** It waits for others: with every slot busy it uses a tenth of what it requests. */
export const waiting = { cpuSecondsPerRequest: 0.000375 };
