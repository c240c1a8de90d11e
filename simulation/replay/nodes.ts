/**
 * The nodes that pods need, and whoever adds and removes them.
 *
 * Source of the rules: Cluster Autoscaler's FAQ (a pod that waits asks for a node; a node less than half used for ten minutes
 * goes, when its pods have room elsewhere; pods of negative priority make room at once).
 */

export interface NodeSettings {
  /** Pods of this service that one node holds, whole number >= 1. */
  readonly podsPerNode: number;
  /** From a pod that waits to a node that takes it, seconds. 0: nodes always have room. */
  readonly startSeconds: number;
  /** Until the autoscaler of the nodes looks again, seconds. */
  readonly scanSeconds: number;
  /** How long a node is hardly used before it goes, seconds. */
  readonly unneededSeconds: number;
  /** Pods' worth of room that is kept free: pause pods of negative priority, or a CapacityBuffer. */
  readonly headroomPods: number;
  /** The most nodes there may be. */
  readonly maxNodes: number;
}

/** Nodes that have room: what a plan without a node autoscaler takes for granted. */
export const ROOMY: NodeSettings = {
  podsPerNode: 4,
  startSeconds: 0,
  scanSeconds: 10,
  unneededSeconds: 600,
  headroomPods: 0,
  maxNodes: Infinity,
};

export interface Node {
  readonly zone: number;
  readyAt: number;
  pods: number;
  /** Since when it is hardly used. */
  idleSince: number;
  /** Its pods are moved, and it takes no others. */
  isLeaving: boolean;
}

export class Nodes {
  nodes: Node[] = [];
  private nextScan = 0;

  constructor(
    private readonly settings: NodeSettings,
    private readonly zones: number,
  ) {}

  /** Nodes that are there already, for so many pods. */
  begin(pods: number, now: number): void {
    const { podsPerNode, headroomPods } = this.settings;
    const count =
      Math.ceil((pods + headroomPods) / podsPerNode) + (this.settings.startSeconds > 0 ? 0 : this.zones);
    for (let node = 0; node < Math.max(count, this.zones); node++) this.add(node % this.zones, now);
  }

  private add(zone: number, readyAt: number): Node {
    const node = { zone, readyAt, pods: 0, idleSince: Infinity, isLeaving: false };
    this.nodes.push(node);
    return node;
  }

  /** A place for a pod, in a zone if possible. @returns undefined when it has to wait */
  place(zones: readonly number[], now: number): Node | undefined {
    const { podsPerNode, startSeconds } = this.settings;
    for (const zone of zones) {
      let best: Node | undefined;
      for (const node of this.nodes) {
        if (node.zone !== zone || node.readyAt > now || node.isLeaving || node.pods >= podsPerNode) continue;
        if (best === undefined || node.pods > best.pods) best = node;
      }
      if (best !== undefined) {
        best.pods++;
        return best;
      }
      if (startSeconds === 0) {
        const node = this.add(zone, now);
        node.pods++;
        return node;
      }
    }
    return undefined;
  }

  /** Asks for nodes for pods that wait and for the room to be kept, and lets go of what is not needed. @param open zones */
  scan(now: number, waiting: number, open: () => readonly number[]): Node | undefined {
    if (this.settings.startSeconds === 0) {
      if (this.nodes.some(({ pods }) => pods === 0)) this.nodes = this.nodes.filter(({ pods }) => pods > 0);
      return undefined;
    }
    if (now < this.nextScan) return undefined;
    this.nextScan = now + this.settings.scanSeconds;
    const { podsPerNode, headroomPods, startSeconds, maxNodes } = this.settings;
    let free = 0;
    for (const node of this.nodes) if (!node.isLeaving) free += podsPerNode - node.pods;
    const lacking = waiting + headroomPods - free;
    for (let more = Math.ceil(lacking / podsPerNode); more > 0 && this.nodes.length < maxNodes; more--) {
      const zone = this.emptiest(open());
      if (zone !== undefined) this.add(zone, now + startSeconds);
    }
    if (lacking <= 0) return this.idle(now, free);
    for (const node of this.nodes) node.isLeaving = false;
    return undefined;
  }

  private emptiest(open: readonly number[]): number | undefined {
    const count = (zone: number): number => this.nodes.filter((node) => node.zone === zone).length;
    return [...open].sort((a, b) => count(a) - count(b))[0];
  }

  /** A node that has been hardly used for long enough, and whose pods have room elsewhere. It is taken off when empty. */
  private idle(now: number, free: number): Node | undefined {
    const { podsPerNode, headroomPods, unneededSeconds } = this.settings;
    // Nothing is put onto a node that is drained: what is taken off it would come back.
    let goes = this.nodes.find(({ isLeaving }) => isLeaving);
    for (const node of goes === undefined ? this.nodes : []) {
      const fits = free - (podsPerNode - node.pods) - headroomPods >= node.pods;
      const isHardlyUsed = node.readyAt <= now && node.pods * 2 < podsPerNode && fits;
      if (!isHardlyUsed) node.idleSince = Infinity;
      else if (node.idleSince === Infinity) node.idleSince = now;
      if (now - node.idleSince >= unneededSeconds && (goes === undefined || node.pods < goes.pods))
        goes = node;
    }
    if (goes !== undefined) goes.isLeaving = true;
    if (goes?.pods !== 0) return goes;
    this.nodes.splice(this.nodes.indexOf(goes), 1);
    return undefined;
  }

  loseZone(zone: number): void {
    this.nodes = this.nodes.filter((node) => node.zone !== zone);
  }
}
