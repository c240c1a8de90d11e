/** All scenarios of a service, run one after the other. */
import { judge, type Verdict } from "../judge";
import { simulate } from "../simulate";
import type { Spread } from "../traffic/service-times";
import {
  JUDGED_FROM,
  excusedOf,
  faultScenario,
  faultsOf,
  loadsOf,
  type FaultKind,
  type ServiceModel,
} from "./scenarios";

export interface MatrixSize {
  /** Levels of load between base and peak, whole number >= 2. */
  readonly loads: number;
  readonly seeds: number;
  /** Spreads of each service, at most as many as it has. */
  readonly spreads: number;
  readonly faults?: readonly FaultKind[];
}

/** One run and what came of it. */
export interface Outcome {
  readonly service: string;
  readonly rate: number;
  readonly spread: Spread;
  readonly fault: FaultKind;
  readonly seed: number;
  readonly pods: number;
  readonly verdict: Verdict;
}

export function* runMatrix(service: ServiceModel, size: MatrixSize): Generator<Outcome> {
  for (const fault of faultsOf(service).filter((one) => size.faults?.includes(one) ?? true)) {
    for (const rate of loadsOf(service, size.loads)) {
      for (const spread of service.spreads.slice(0, size.spreads)) {
        for (let seed = 1; seed <= size.seeds; seed++) {
          const scenario = faultScenario(service, { rate, spread, fault, seed });
          const verdict = judge(simulate(scenario), JUDGED_FROM, excusedOf(service, fault));
          yield { service: service.name, rate, spread, fault, seed, pods: scenario.replicas, verdict };
        }
      }
    }
  }
}

/** A run as a person reads it. */
export function describeOutcome({ service, rate, spread, fault, seed, pods, verdict }: Outcome): string {
  const { outOfBudget, p95, p99, errors, errorRatio } = verdict;
  return (
    `${service} at ${rate.toFixed(1)}/s on ${pods} pods, ${fault}, ${spread.kind}, seed ${seed}: ` +
    `${outOfBudget} s out of budget (p95 ${p95}, p99 ${p99}, errors ${errors} s; ${(100 * errorRatio).toFixed(2)} % failed)`
  );
}
