/** One pod: slots that work on requests, and a queue in front of them. */

/** A request on its way. */
export interface Request {
  /** Moment it arrived at the balancer, seconds. */
  readonly arrivedAt: number;
  /** Proxy that it came through. */
  readonly proxy: number;
}

export type PodState =
  /** Started, not yet ready. */
  | "starting"
  | "ready"
  /** Told to go: takes nothing new, finishes what it has. */
  | "terminating"
  /** Its node is gone: it never answers again. */
  | "lost";

export class Pod {
  state: PodState = "starting";
  /** Moment at which it became ready, or not ready any more. */
  changedAt: number;
  readyAt = Infinity;
  /** It is to go: the autoscaler and the Deployment do not count it any more. */
  deleted = false;
  /** Balancers have it in their list. */
  listed = false;
  /** The cluster has noticed that its node is gone. */
  noticedLost = false;
  /** Requests that each proxy has open to it. */
  readonly open: Int32Array;
  inService = 0;
  private waiting: Request[] = [];
  private head = 0;
  private busySeconds = 0;
  private busySince = 0;

  constructor(
    readonly id: number,
    readonly zone: number,
    /** Version of the workload it runs. */
    readonly version: number,
    readonly startedAt: number,
    readonly slots: number,
    proxies: number,
  ) {
    this.open = new Int32Array(proxies);
    this.changedAt = startedAt;
  }

  /** Slot-seconds that it has worked until now. */
  worked(now: number): number {
    return this.busySeconds + this.inService * (now - this.busySince);
  }

  get queued(): number {
    return this.waiting.length - this.head;
  }

  /** @returns true when a slot is free, which is then taken; otherwise the request waits */
  accept(request: Request, now: number): boolean {
    if (this.inService >= this.slots) {
      this.waiting.push(request);
      return false;
    }
    this.occupy(1, now);
    return true;
  }

  /** Ends one request. @returns the one that takes its slot, if any waits */
  release(now: number): Request | undefined {
    const next = this.waiting[this.head];
    if (next === undefined) {
      this.occupy(-1, now);
      return undefined;
    }
    this.head++;
    // Gives back what was taken from the front, now and then.
    if (this.head > 1024) {
      this.waiting = this.waiting.slice(this.head);
      this.head = 0;
    }
    return next;
  }

  /** Its node goes. @returns the requests that waited in it */
  lose(now: number): Request[] {
    this.occupy(0, now);
    this.inService = 0;
    this.state = "lost";
    const waited = this.waiting.slice(this.head);
    this.waiting = [];
    this.head = 0;
    return waited;
  }

  private occupy(change: number, now: number): void {
    this.busySeconds += this.inService * (now - this.busySince);
    this.busySince = now;
    this.inService += change;
  }
}
