/** The forecast of a service as its plan has it: the one mapping from planned numbers to the rules of a stack and of a replay. */
import { FORECAST_DEFAULTS } from "./forecast";
import type { ForecastedService } from "./forecast-rules";
import { requestsPerSecond } from "./signals";

/** What is planned of a service, as far as its forecast follows from it. All shares are of the slots of a pod, 0..1. */
export interface ForecastPlan extends Pick<ForecastedService, "namespace" | "service" | "mode"> {
  /** Busy at the target of the reactive trigger: its threshold is this share of a pod's requests/s. */
  readonly busyAtTarget: number;
  /** Busy until a pod is added, which the response time was proven for. */
  readonly busy: number;
  /** The most that the load test held. */
  readonly maxUtilization: number;
  /** From a rise in load to a pod that helps, seconds. */
  readonly horizonSeconds: number;
}

/** A minute is what the forecast counts in. */
const INTERVAL_SECONDS = 60;

/**
 * At its target a pod is as busy as the plan steers to; foreseen it may be as busy as the response time was proven for; beyond
 * `maxUtilization` the promise is broken. A target above one of them raises it: a forecast never asks for more pods than the
 * trigger does for the same load.
 */
export function plannedForecast({
  namespace,
  service,
  mode,
  busyAtTarget: target,
  busy,
  maxUtilization,
  horizonSeconds,
}: ForecastPlan): ForecastedService {
  const ceiling = Math.max(target, busy);
  return {
    ...FORECAST_DEFAULTS,
    namespace,
    service,
    mode,
    load: requestsPerSecond({ namespace, deployment: service }),
    intervalSeconds: INTERVAL_SECONDS,
    leadMinutes: Math.max(1, Math.ceil(horizonSeconds / 60)),
    target,
    ceiling,
    limit: Math.max(ceiling, maxUtilization),
  };
}
