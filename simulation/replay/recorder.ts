/** What a replay shows, minute by minute and as sums. */
import type { ReplayFleet } from "./fleet";
import type { Replay } from "./inputs";
import type { MessageQueue } from "./queue";
import type { ResponseTimes } from "./service";

/** One step, as it went; the same object for each step. Requests, seconds. */
export interface Step {
  /** Since the start of the trace. */
  at: number;
  seconds: number;
  come: number;
  answered: number;
  failed: number;
  slower95: number;
  slower99: number;
  queue: number;
  /** How long the last in the queue waits. */
  wait: number;
  busy: number;
  ready: number;
  /** How many times as long as measured requests take, on average. */
  slowness: number;
  fleet: ReplayFleet;
  queues: readonly MessageQueue[];
}

/** Minutes with a promise broken. */
export interface Violations {
  readonly any: number;
  readonly p95: number;
  readonly p99: number;
  readonly errors: number;
  /** A message waited longer than is promised of its queue. */
  readonly queues: number;
}

export interface ReplaySums {
  readonly minutes: number;
  readonly violations: Violations;
  readonly requests: number;
  /** Share of the requests, 0..1. */
  readonly failed: number;
  readonly podHours: number;
  readonly nodeHours: number;
  /** Requests, and how long the last one waited, seconds. */
  readonly worstQueue: number;
  readonly worstWaitSeconds: number;
  readonly queues: readonly QueueSums[];
  /** Longest time without a minute in which everything was kept, minutes. */
  readonly longestViolation: number;
  /** From each fault until everything is kept for five minutes, seconds; none when it never was broken. */
  readonly recovery: readonly { readonly fault: string; readonly seconds: number }[];
  /** Looks of the autoscaler that came to nothing for want of metrics. */
  readonly heldLooks: number;
  readonly meanReplicas: number;
  readonly mostReplicas: number;
}

/** Of a queue of messages. */
export interface QueueSums {
  readonly name: string;
  /** The most messages that waited, and how long the oldest of all had waited, seconds. */
  readonly worst: number;
  readonly oldestSeconds: number;
}

/** Minute by minute. */
export interface Minutes {
  /** Requests/s. */
  readonly load: Float32Array;
  readonly wanted: Float32Array;
  readonly ready: Float32Array;
  readonly nodes: Float32Array;
  /** Requests/s that the ready slots work off. */
  readonly capacity: Float32Array;
  /** Seconds. */
  readonly p95: Float32Array;
  readonly queue: Float32Array;
  /** The most messages that waited, of each queue. */
  readonly messages: readonly Float32Array[];
  /** 1 with a promise broken. */
  readonly broken: Uint8Array;
}

export interface ReplayResult {
  readonly sums: ReplaySums;
  /** Undefined where none were asked for. */
  readonly minutes: Minutes | undefined;
}

/** How long everything has to be kept until a fault counts as over, minutes. */
const CALM = 5;

export class Recorder {
  private readonly minutes: Minutes | undefined;
  private readonly broken: Uint8Array;
  private current = { ...EMPTY };
  private readonly queues: QueueSums[];
  private readonly sums = {
    p95: 0,
    p99: 0,
    errors: 0,
    queues: 0,
    any: 0,
    requests: 0,
    failed: 0,
    podSeconds: 0,
    nodeSeconds: 0,
    worstQueue: 0,
    worstWait: 0,
    most: 0,
    seconds: 0,
  };

  constructor(
    private readonly given: Replay,
    private readonly times: ResponseTimes,
  ) {
    const { requests, stepSeconds } = given.trace;
    const length = Math.ceil((requests.length * stepSeconds) / 60);
    this.broken = new Uint8Array(length);
    this.queues = given.script.queues.map(({ name }) => ({ name, worst: 0, oldestSeconds: 0 }));
    if (given.pictured === false) return;
    const row = (): Float32Array => new Float32Array(length);
    this.minutes = {
      load: row(),
      wanted: row(),
      ready: row(),
      nodes: row(),
      capacity: row(),
      p95: row(),
      queue: row(),
      messages: given.script.queues.map(row),
      broken: this.broken,
    };
  }

  add(step: Readonly<Step>): void {
    const minute = Math.floor(step.at / 60);
    if (minute !== this.current.minute) this.close(minute);
    const { current, sums } = this;
    current.come += step.come;
    current.answered += step.answered;
    current.failed += step.failed;
    current.slower95 += step.slower95;
    current.slower99 += step.slower99;
    for (let index = 0; index < step.queues.length; index++)
      this.addQueue(step.queues[index] as MessageQueue, index, step);
    if (step.at >= this.given.judgedFrom) {
      const { fleet } = step;
      sums.seconds += step.seconds;
      sums.requests += step.come;
      sums.failed += step.failed;
      sums.podSeconds += fleet.there * step.seconds;
      sums.nodeSeconds += fleet.nodes.nodes.length * step.seconds;
      sums.worstQueue = Math.max(sums.worstQueue, step.queue);
      sums.worstWait = Math.max(sums.worstWait, step.wait);
      sums.most = Math.max(sums.most, fleet.there);
    }
    if (this.minutes !== undefined) this.picture(this.minutes, minute, step);
  }

  private addQueue(queue: MessageQueue, index: number, { at, seconds }: Readonly<Step>): void {
    const { given, minutes, queues } = this;
    const { load, length } = queue;
    const age = queue.age(given.trace.startSeconds + at + seconds);
    if (age > (load.promisedSeconds ?? Infinity)) this.current.isLate = true;
    const [row, minute, worst] = [minutes?.messages[index], Math.floor(at / 60), queues[index]];
    if (row !== undefined) row[minute] = Math.max(row[minute] ?? 0, length);
    if (worst === undefined || at < given.judgedFrom) return;
    queues[index] = {
      name: load.name,
      worst: Math.max(worst.worst, length),
      oldestSeconds: Math.max(worst.oldestSeconds, age),
    };
  }

  private picture(minutes: Minutes, minute: number, step: Readonly<Step>): void {
    const { service } = this.given;
    minutes.load[minute] = (minutes.load[minute] ?? 0) + step.come / 60;
    minutes.wanted[minute] = step.fleet.wanted;
    minutes.ready[minute] = step.ready;
    minutes.nodes[minute] = step.fleet.nodes.nodes.length;
    minutes.capacity[minute] = (step.ready * service.slots) / (service.time.mean * step.slowness);
    minutes.queue[minute] = Math.max(minutes.queue[minute] ?? 0, step.queue);
    const balance =
      step.ready > 0
        ? this.times.quantile(step.ready, step.busy, 0.05) * step.slowness
        : service.answerSeconds;
    minutes.p95[minute] = Math.max(
      minutes.p95[minute] ?? 0,
      Math.min(service.answerSeconds, balance + step.wait),
    );
  }

  private close(next: number): void {
    const { minute, answered, failed, slower95, slower99, isLate } = this.current;
    this.current = { ...EMPTY, minute: next };
    const { promised } = this.given.service;
    // Of nothing, nothing is slow.
    const p95 = slower95 > 0.05 * answered * (1 + NOISE);
    const p99 = slower99 > 0.01 * answered * (1 + NOISE);
    const errors = failed > promised.errors * (answered + failed);
    if (!p95 && !p99 && !errors && !isLate) return;
    this.broken[minute] = 1;
    if (minute * 60 < this.given.judgedFrom) return;
    this.sums.any++;
    if (p95) this.sums.p95++;
    if (p99) this.sums.p99++;
    if (errors) this.sums.errors++;
    if (isLate) this.sums.queues++;
  }

  result(heldLooks: number): ReplayResult {
    this.close(this.broken.length);
    const { sums, given } = this;
    const from = Math.floor(given.judgedFrom / 60);
    let [longest, run] = [0, 0];
    for (let minute = from; minute < this.broken.length; minute++) {
      run = this.broken[minute] === 1 ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    return {
      minutes: this.minutes,
      sums: {
        minutes: Math.round(sums.seconds / 60),
        violations: {
          any: sums.any,
          p95: sums.p95,
          p99: sums.p99,
          errors: sums.errors,
          queues: sums.queues,
        },
        requests: sums.requests,
        failed: sums.requests > 0 ? sums.failed / sums.requests : 0,
        podHours: sums.podSeconds / 3600,
        nodeHours: sums.nodeSeconds / 3600,
        worstQueue: sums.worstQueue,
        worstWaitSeconds: sums.worstWait,
        queues: this.queues,
        longestViolation: longest,
        recovery: given.script.faults.map(({ kind, at }) => ({ fault: kind, seconds: this.recovery(at) })),
        heldLooks,
        meanReplicas: sums.seconds > 0 ? sums.podSeconds / sums.seconds : 0,
        mostReplicas: sums.most,
      },
    };
  }

  private recovery(at: number): number {
    const from = Math.floor(at / 60);
    let last = -1;
    let calm = 0;
    for (let minute = from; minute < this.broken.length; minute++) {
      if (this.broken[minute] === 1) [last, calm] = [minute, 0];
      // What breaks long after has another cause.
      else if (++calm >= CALM && (last >= 0 || minute - from >= 10)) break;
    }
    return last < 0 ? 0 : (last + 1) * 60 - at;
  }
}

/** What is added up over a minute. */
const EMPTY = { minute: 0, come: 0, answered: 0, failed: 0, slower95: 0, slower99: 0, isLate: false };

/** Binary noise of shares that were added up, relative. */
const NOISE = 1e-9;
