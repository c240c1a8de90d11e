/**
 * The pods of a Deployment: made, spread over zones, replaced, rolled out, taken away. One look a second.
 *
 * Source: Kubernetes's documentation of Deployments, of Pod disruptions and of the node controller; which pods go first is
 * as in pkg/controller/controller_utils.go (`ActivePodsWithRanks`): those that are not ready, then the newest.
 */
import { Pod } from "./pod";
import { rolloutRound } from "./rollout";

export interface DeploymentSettings {
  readonly zones: number;
  readonly slots: number;
  /** From the request for a pod to its being ready, seconds: scheduling, start, warm-up. */
  readonly startSeconds: number;
  /** A ready pod counts as available after so long, seconds. */
  readonly minReadySeconds: number;
  /** Share of the replicas that a rollout may add, 0..1. */
  readonly maxSurge: number;
  /** Pods that an eviction may take at once. */
  readonly maxUnavailable: number;
  /** From the end of a pod to its leaving the lists of all balancers, seconds. It serves meanwhile. */
  readonly unlistSeconds: number;
  readonly proxies: number;
}

/** Start-up of a pod: who waits for it is told. */
export type Later = (at: number, happen: () => void) => void;

export class Deployment {
  readonly pods: Pod[] = [];
  /** Pods that balancers have in their lists. */
  listed: readonly Pod[] = [];
  replicas: number;
  version = 0;
  private readonly closed = new Set<number>();
  private readonly toEvict: Pod[] = [];
  private nextId = 0;

  constructor(
    private readonly settings: DeploymentSettings,
    replicas: number,
    private readonly later: Later,
  ) {
    this.replicas = replicas;
    // They have been there for a while.
    for (let made = 0; made < replicas; made++) this.ready(this.make(-3600), -3600 + settings.startSeconds);
  }

  /** Pods that are there and not on their way out. */
  get active(): Pod[] {
    return this.pods.filter((pod) => !pod.deleted);
  }

  /** One round of the controllers. */
  reconcile(now: number): void {
    this.evict(now);
    const active = this.active;
    const current = active.filter(({ version }) => version === this.version);
    if (current.length === active.length) {
      for (let missing = this.replicas - active.length; missing > 0; missing--) this.start(now);
      this.remove(active, active.length - this.replicas, now);
    } else this.roll(active, current, now);
    for (const pod of this.pods) {
      if (pod.state === "terminating" && pod.inService === 0 && !pod.listed) this.forget(pod);
    }
  }

  /** A new version: pods are replaced, never fewer than there are. */
  rollOut(): void {
    this.version++;
  }

  /** Every pod of the zone with the most is evicted, one after the other. */
  drainZone(): void {
    const zone = this.largestZone();
    this.toEvict.push(...this.active.filter((pod) => pod.zone === zone));
  }

  /** The zone with the most pods is gone. @returns its pods */
  loseZone(): Pod[] {
    const zone = this.largestZone();
    this.closed.add(zone);
    return this.pods.filter((pod) => pod.zone === zone && pod.state !== "lost");
  }

  /** The cluster notices that pods are lost: they leave the lists. */
  noticeLost(pods: readonly Pod[], now: number): void {
    for (const pod of pods) {
      pod.noticedLost = true;
      pod.changedAt = now;
      this.unlist(pod);
    }
  }

  /** Lost pods are deleted; they count no more, and are replaced. */
  evictLost(pods: readonly Pod[]): void {
    for (const pod of pods) this.forget(pod);
  }

  private roll(active: readonly Pod[], current: readonly Pod[], now: number): void {
    const { replicas } = this;
    const old = active.filter(({ version }) => version !== this.version);
    const available = (pods: readonly Pod[]): number =>
      pods.filter((pod) => this.isAvailable(pod, now)).length;
    const { start, removeOld, removeCurrent } = rolloutRound(
      { maxSurge: Math.ceil(replicas * this.settings.maxSurge), maxUnavailable: 0 },
      {
        replicas,
        old: old.length,
        current: current.length,
        oldAvailable: available(old),
        currentAvailable: available(current),
      },
    );
    for (let missing = start; missing > 0; missing--) this.start(now);
    this.remove(old, removeOld, now);
    this.remove(current, removeCurrent, now);
  }

  private isAvailable(pod: Pod, now: number): boolean {
    return pod.state === "ready" && now >= pod.readyAt + this.settings.minReadySeconds;
  }

  private evict(now: number): void {
    for (;;) {
      const [pod] = this.toEvict;
      if (pod === undefined) return;
      const healthy = this.active.filter(({ state }) => state === "ready").length;
      if (!pod.deleted && healthy - 1 < this.replicas - this.settings.maxUnavailable) return;
      this.toEvict.shift();
      if (!pod.deleted) this.terminate(pod, now);
    }
  }

  private remove(candidates: readonly Pod[], count: number, now: number): void {
    if (count <= 0) return;
    const order = [...candidates].sort(
      (a, b) => Number(a.state === "ready") - Number(b.state === "ready") || b.id - a.id,
    );
    for (const pod of order.slice(0, count)) this.terminate(pod, now);
  }

  private terminate(pod: Pod, now: number): void {
    pod.deleted = true;
    if (pod.state === "starting") {
      this.forget(pod);
      return;
    }
    if (pod.state !== "ready") return;
    pod.state = "terminating";
    this.later(now + this.settings.unlistSeconds, () => {
      this.unlist(pod);
    });
  }

  private start(now: number): void {
    const pod = this.make(now);
    this.later(now + this.settings.startSeconds, () => {
      if (pod.state === "starting" && !pod.deleted) this.ready(pod, now + this.settings.startSeconds);
    });
  }

  private make(now: number): Pod {
    const { zones, slots, proxies } = this.settings;
    const open = Array.from({ length: zones }, (_, zone) => zone).filter((zone) => !this.closed.has(zone));
    const zone = open.reduce(
      (best, one) => (this.inZone(one) < this.inZone(best) ? one : best),
      open[0] ?? 0,
    );
    const pod = new Pod(this.nextId++, zone, this.version, now, slots, proxies);
    this.pods.push(pod);
    return pod;
  }

  private ready(pod: Pod, now: number): void {
    pod.state = "ready";
    pod.readyAt = pod.changedAt = now;
    pod.listed = true;
    this.listed = [...this.listed, pod];
  }

  private unlist(pod: Pod): void {
    pod.listed = false;
    this.listed = this.listed.filter((one) => one !== pod);
  }

  private forget(pod: Pod): void {
    pod.deleted = true;
    this.unlist(pod);
    const place = this.pods.indexOf(pod);
    if (place >= 0) this.pods.splice(place, 1);
  }

  private inZone(zone: number): number {
    return this.active.filter((pod) => pod.zone === zone).length;
  }

  private largestZone(): number {
    const { zones } = this.settings;
    return Array.from({ length: zones }, (_, zone) => zone).reduce((best, zone) =>
      this.inZone(zone) > this.inZone(best) ? zone : best,
    );
  }
}
