/** A planned service as a replay sees it: a fluid of requests through slots. Seconds, requests/s, cores. */
import { longerThan, type ServiceTime } from "../../budget/service/service-time";
import { fleetTail } from "../../budget/service/queue";
import type { Balancing } from "../../budget/service/demand";
import type { RolloutBounds } from "../fleet/rollout";
import type { Promised } from "../recording";

/** How its Deployment replaces pods. */
export interface Rollout extends RolloutBounds {
  /** A pod that is ready counts as available after so long, seconds. */
  readonly minReadySeconds: number;
}

export interface ReplayService {
  readonly name: string;
  /** Of one pod. */
  readonly slots: number;
  readonly time: ServiceTime;
  readonly balancing: Balancing;
  readonly promised: Promised;
  readonly cpuSecondsPerRequest: number;
  /** What a pod requests. */
  readonly cpuCores: number;
  readonly memoryMiB: number;
  /** What its processes can use, cores. */
  readonly usableCores: number;
  /** From a node with room to containers that run, and from there to ready and warm. */
  readonly schedulingSeconds: number;
  readonly warmUpSeconds: number;
  readonly zones: number;
  /** Requests that may be in one pod at once, in service and waiting; the proxies refuse more. Infinity without proxies. */
  readonly mostPerPod: number;
  /** Whoever waits longer gives up. */
  readonly answerSeconds: number;
  /** Pods that an eviction may take at once. */
  readonly maxUnavailable: number;
  readonly rollout: Rollout;
  /** Planned load. */
  readonly baseRps: number;
  readonly peakRps: number;
  /** Highest share of the slots that the load test held. */
  readonly maxUtilization: number;
  /** Planned share of the slots that is busy until a pod is added. */
  readonly busy: number;
  /** How far a forecast of its requests/s looks ahead, seconds. */
  readonly horizonSeconds: number;
}

/** Loads are told apart by so many steps of the capacity: each is taken for the next higher one. */
const STEPS = 500;

/** Beyond it a queue is not in balance any more, and its fluid says how long it is. */
const BUSIEST = 0.98;

/** Response times in balance, remembered: they are asked for at every step. */
export class ResponseTimes {
  /** The first index counts pods, the second one steps of the load. NaN is not computed yet. */
  private readonly known95: Float64Array[] = [];
  private readonly known99: Float64Array[] = [];
  private readonly quantiles = new Map<number, number>();

  constructor(readonly service: ReplayService) {}

  /** Shares slower than promised, with nothing but chance in the queue. @param busy share of the slots, 0.. */
  slower95(pods: number, busy: number): number {
    return this.remembered(this.known95, pods, busy, this.service.promised.p95);
  }

  slower99(pods: number, busy: number): number {
    return this.remembered(this.known99, pods, busy, this.service.promised.p99);
  }

  /** P(response time > t). */
  tail(pods: number, busy: number, t: number): number {
    const { slots, time, balancing } = this.service;
    return fleetTail(pods, slots, Math.min(busy, BUSIEST) * pods * slots, time, balancing, t);
  }

  /** P(service time > t). */
  longer(t: number): number {
    return t <= 0 ? 1 : longerThan(this.service.time, t);
  }

  /** Response time that a share of the requests exceeds, in balance. Seconds. */
  quantile(pods: number, busy: number, share: number): number {
    const step = Math.ceil(Math.min(busy, BUSIEST) * STEPS);
    const key = (pods * (STEPS + 1) + step) * 1000 + Math.round(share * 1000);
    let found = this.quantiles.get(key);
    if (found === undefined) {
      let [low, high] = [0, 100 * this.service.time.p99];
      for (let halving = 0; halving < 24; halving++) {
        const middle = (low + high) / 2;
        if (this.tail(pods, step / STEPS, middle) > share) low = middle;
        else high = middle;
      }
      this.quantiles.set(key, (found = high));
    }
    return found;
  }

  private remembered(known: Float64Array[], pods: number, busy: number, t: number): number {
    const step = Math.ceil(Math.min(busy, BUSIEST) * STEPS);
    const row = (known[pods] ??= new Float64Array(STEPS + 1).fill(NaN));
    const found = row[step] as number;
    return found === found ? found : (row[step] = this.tail(pods, step / STEPS, t));
  }

  /** The fewest pods that keep both percentiles at a load in balance. @returns `most` when none up to it does */
  podsFor(rps: number, most: number): number {
    const { slots, time } = this.service;
    const offered = rps * time.mean;
    const keeps = (pods: number): boolean => {
      const busy = offered / (pods * slots);
      return busy <= BUSIEST && this.slower95(pods, busy) <= 0.05 && this.slower99(pods, busy) <= 0.01;
    };
    let low = Math.max(1, Math.floor(offered / slots));
    while (low < most && !keeps(low)) low++;
    return Math.min(low, most);
  }
}
