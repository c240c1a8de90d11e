/**
 * Pods of a workload in a replay: made, spread over zones, ready, lost, replaced, taken away.
 *
 * Which pods go first is as in Kubernetes's pkg/controller/controller_utils.go (`ActivePodsWithRanks`): those without a
 * node, those that are not ready, then the newest.
 */
import { rolloutRound } from "../fleet/rollout";
import { NODE_LOSS_DEFAULTS } from "../scenario";
import { Nodes, type Node, type NodeSettings } from "./nodes";
import type { ReplayService } from "./service";

export interface ReplayPod {
  /** Counts up: no two pods have the same. */
  readonly id: number;
  readonly zone: number;
  /** Of the workload that it runs. */
  readonly version: number;
  readonly createdAt: number;
  /** Undefined while it waits for one. */
  node: Node | undefined;
  /** Its containers run from here on; Infinity while it waits. */
  runsAt: number;
  readyAt: number;
  /** Moment of the last change of its readiness. */
  changedAt: number;
  ready: boolean;
  lost: boolean;
  /** How many times as long everything takes on its node. */
  slowness: number;
}

export class ReplayFleet {
  pods: ReplayPod[] = [];
  wanted: number;
  readonly nodes: Nodes;
  private readonly closed = new Set<number>();
  /** When lost pods are noticed, and evicted. */
  private losses: { readonly zone: number; readonly noticedAt: number; readonly evictedAt: number }[] = [];
  /** Pods are made slow from here on. */
  slowness = { factor: 1, share: 0 };
  private made = 0;
  private version = 0;
  /** There may be pods of another version. */
  private isRolling = false;

  constructor(
    private readonly service: ReplayService,
    nodes: NodeSettings,
    replicas: number,
    now: number,
  ) {
    this.wanted = replicas;
    this.nodes = new Nodes(nodes, service.zones);
    this.nodes.begin(replicas, now - 1);
    // They have been there for a while.
    for (let pod = 0; pod < replicas; pod++) {
      const one = this.start(now - 3600);
      one.node ??= this.nodes.place([0], now);
      one.runsAt = one.readyAt = one.changedAt = now - 3600;
      one.ready = true;
    }
  }

  /** Pods that exist, `status.replicas`. */
  get there(): number {
    return this.pods.length;
  }

  /** One round of the controllers. */
  reconcile(now: number): void {
    if (this.losses.length > 0) this.passLosses(now);
    this.isRolling &&= this.pods.some(isOther(this.version));
    if (!this.isRolling) {
      for (let missing = this.wanted - this.pods.length; missing > 0; missing--) this.start(now);
      for (let surplus = this.pods.length - this.wanted; surplus > 0; surplus--) this.remove(this.first());
    }
    let waiting = 0;
    for (const pod of this.pods) {
      if (pod.node === undefined && !pod.lost) this.schedule(pod, now);
      if (pod.node === undefined && !pod.lost) waiting++;
      if (!pod.ready && !pod.lost && pod.readyAt <= now) {
        pod.ready = true;
        pod.changedAt = pod.readyAt;
      }
    }
    if (this.isRolling) this.roll(now);
    const idle = this.nodes.scan(now, waiting, this.open);
    if (idle !== undefined) this.evictOneOf(idle);
  }

  /** Every pod is to be replaced by one of a new version. */
  rollOut(): void {
    this.version++;
    this.isRolling = true;
  }

  private roll(now: number): void {
    const { rollout } = this.service;
    const isOld = isOther(this.version);
    const count = { old: 0, current: 0, oldAvailable: 0, currentAvailable: 0 };
    for (const pod of this.pods) {
      const of = isOld(pod) ? "old" : "current";
      count[of]++;
      if (pod.ready && now >= pod.changedAt + rollout.minReadySeconds) count[`${of}Available`]++;
    }
    const round = rolloutRound(rollout, { replicas: this.wanted, ...count });
    for (let missing = round.start; missing > 0; missing--) this.start(now);
    for (let surplus = round.removeOld; surplus > 0; surplus--) this.remove(this.first(isOld));
    for (let surplus = round.removeCurrent; surplus > 0; surplus--)
      this.remove(this.first((pod) => !isOld(pod)));
  }

  private readonly open = (): number[] =>
    Array.from({ length: this.service.zones }, (_, zone) => zone).filter((zone) => !this.closed.has(zone));

  private start(now: number): ReplayPod {
    const zones = this.zonesByPods();
    const { share, factor } = this.slowness;
    // Evenly: every so many-th pod gets a slow node.
    const isSlow = Math.floor((this.made + 1) * share) > Math.floor(this.made * share);
    this.made++;
    const pod: ReplayPod = {
      id: this.made,
      zone: zones[0] ?? 0,
      version: this.version,
      createdAt: now,
      node: undefined,
      runsAt: Infinity,
      readyAt: Infinity,
      changedAt: now,
      ready: false,
      lost: false,
      slowness: isSlow ? factor : 1,
    };
    this.pods.push(pod);
    this.schedule(pod, now, zones);
    return pod;
  }

  private schedule(pod: ReplayPod, now: number, zones: readonly number[] = this.zonesByPods()): void {
    const node = this.nodes.place(zones, now);
    if (node === undefined) return;
    pod.node = node;
    (pod as { zone: number }).zone = node.zone;
    pod.runsAt = now + this.service.schedulingSeconds;
    pod.readyAt = pod.runsAt + this.service.warmUpSeconds;
  }

  /** Open zones, the one with the fewest pods first. */
  private zonesByPods(): number[] {
    const count = new Array<number>(this.service.zones).fill(0);
    for (const { zone } of this.pods) count[zone] = (count[zone] ?? 0) + 1;
    return this.open().sort((a, b) => (count[a] ?? 0) - (count[b] ?? 0));
  }

  /** Where the pod is that goes first. @param mayGo who may go at all */
  private first(mayGo: (pod: ReplayPod) => boolean = () => true): number {
    let [place, worst] = [0, -Infinity];
    this.pods.forEach((pod, index) => {
      if (!mayGo(pod)) return;
      const rank = (pod.node === undefined ? 4e12 : 0) + (pod.ready ? 0 : 2e12) + pod.createdAt;
      if (rank >= worst) [place, worst] = [index, rank];
    });
    return place;
  }

  private remove(place: number): void {
    const [pod] = this.pods.splice(place, 1);
    if (pod?.node !== undefined) pod.node.pods--;
  }

  /** As far as the disruption budget lets it: pods that are ready stay at least as many as may not be missing. */
  private evictOneOf(node: Node): void {
    const healthy = this.pods.filter(({ ready, lost }) => ready && !lost).length;
    if (healthy - 1 < this.wanted - this.service.maxUnavailable) return;
    const place = this.pods.findIndex((pod) => pod.node === node);
    if (place >= 0) this.remove(place);
  }

  /** Every pod and node of the zone with the most pods is gone. @returns the zone */
  loseZone(now: number): number {
    const zone = this.zonesByPods().at(-1) ?? 0;
    this.closed.add(zone);
    this.nodes.loseZone(zone);
    const { detectionSeconds, evictionSeconds } = NODE_LOSS_DEFAULTS;
    const noticedAt = now + detectionSeconds;
    this.losses.push({ zone, noticedAt, evictedAt: noticedAt + evictionSeconds });
    for (const pod of this.pods) if (pod.zone === zone && pod.node !== undefined) pod.lost = true;
    return zone;
  }

  reopenZone(zone: number): void {
    this.closed.delete(zone);
  }

  private passLosses(now: number): void {
    for (const { zone, noticedAt, evictedAt } of this.losses) {
      for (const pod of this.pods) {
        if (!pod.lost || pod.zone !== zone || !pod.ready || now < noticedAt) continue;
        pod.ready = false;
        pod.changedAt = noticedAt;
      }
      if (now >= evictedAt) this.pods = this.pods.filter((pod) => !(pod.lost && pod.zone === zone));
    }
    this.losses = this.losses.filter(({ evictedAt }) => now < evictedAt);
  }

  /** Pods crash and begin again, until a moment. @param share of them */
  crash(share: number, until: number, now: number): void {
    const count = Math.round(share * this.pods.length);
    for (const pod of this.pods.filter(({ lost }) => !lost).slice(0, count)) {
      pod.ready = false;
      pod.changedAt = now;
      pod.readyAt = until + this.service.warmUpSeconds;
    }
  }
}

const isOther =
  (version: number) =>
  (pod: ReplayPod): boolean =>
    pod.version !== version;
