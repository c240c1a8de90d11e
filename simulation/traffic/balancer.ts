/** Who takes the next request. */
import type { Pod } from "../fleet/pod";
import type { Random } from "./random";

/** How requests are spread over the pods. */
export type Balancing =
  | {
      /** Proxies, each of which asks the pod that it has the fewest requests open to. */
      readonly kind: "least-connections";
      /** Whole number >= 1. */
      readonly proxies: number;
      /** Requests that one proxy opens to one pod at most (nginx's `max_conns`). */
      readonly maxConnections: number;
      /** Failures within `failSeconds` after which a proxy leaves a pod alone for as long (`max_fails`, `fail_timeout`). */
      readonly maxFails: number;
      readonly failSeconds: number;
      /** How long a proxy waits for an answer, seconds (`proxy_read_timeout`). */
      readonly answerSeconds: number;
    }
  | {
      /** Any pod that the cluster has in its list, as kube-proxy chooses one for a connection. */
      readonly kind: "per-connection";
      /** How long a caller waits for an answer, seconds. */
      readonly answerSeconds: number;
    };

export interface Balancer {
  readonly proxies: number;
  readonly answerSeconds: number;
  /** @returns undefined when nobody takes it: the request is refused */
  choose(pods: readonly Pod[], proxy: number, now: number): Pod | undefined;
  /** A request to the pod was not answered. */
  failed(pod: Pod, proxy: number, now: number): void;
}

export function balancer(balancing: Balancing, random: Random): Balancer {
  return balancing.kind === "least-connections"
    ? new LeastConnections(balancing, random)
    : new PerConnection(balancing.answerSeconds, random);
}

/** What a proxy remembers of a pod. */
interface Failures {
  count: number;
  first: number;
  avoidedUntil: number;
}

class LeastConnections implements Balancer {
  /** Failures of each pod at each proxy, and until when it is left alone. */
  private readonly failures = new Map<Pod, (Failures | undefined)[]>();

  constructor(
    private readonly settings: Extract<Balancing, { kind: "least-connections" }>,
    private readonly random: Random,
  ) {}

  get proxies(): number {
    return this.settings.proxies;
  }

  get answerSeconds(): number {
    return this.settings.answerSeconds;
  }

  choose(pods: readonly Pod[], proxy: number, now: number): Pod | undefined {
    let fewest = this.settings.maxConnections;
    let chosen: Pod | undefined;
    // Of several equal ones the first after a random place.
    const start = this.random.below(pods.length);
    for (let step = 0; step < pods.length; step++) {
      const place = start + step;
      const pod = pods[place < pods.length ? place : place - pods.length];
      const open = pod?.open[proxy] ?? Infinity;
      if (pod === undefined || open >= fewest || this.isAvoided(pod, proxy, now)) continue;
      fewest = open;
      chosen = pod;
    }
    return chosen;
  }

  failed(pod: Pod, proxy: number, now: number): void {
    const { maxFails, failSeconds } = this.settings;
    const ofPod = this.failures.get(pod) ?? [];
    const known = ofPod[proxy];
    const failure =
      known !== undefined && now - known.first <= failSeconds
        ? known
        : { count: 0, first: now, avoidedUntil: 0 };
    failure.count++;
    if (failure.count >= maxFails) failure.avoidedUntil = now + failSeconds;
    ofPod[proxy] = failure;
    this.failures.set(pod, ofPod);
  }

  private isAvoided(pod: Pod, proxy: number, now: number): boolean {
    if (this.failures.size === 0) return false;
    const failure = this.failures.get(pod)?.[proxy];
    return failure !== undefined && now < failure.avoidedUntil;
  }
}

class PerConnection implements Balancer {
  readonly proxies = 1;

  constructor(
    readonly answerSeconds: number,
    private readonly random: Random,
  ) {}

  choose(pods: readonly Pod[]): Pod | undefined {
    return pods[this.random.below(pods.length)];
  }

  failed(): void {
    // It remembers nothing.
  }
}
