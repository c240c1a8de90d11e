/**
 * A trace replayed against the autoscaler of a service: pods and nodes one by one, requests as a fluid.
 *
 * Every step: what comes is worked off at the speed of the slots that are ready; what is left waits, up to what proxies
 * let in. While the queue is in balance, response times are those of the plan's own formula for queues; while it grows or
 * is worked off, the wait is the queue divided by the speed.
 */
import { Random } from "../traffic/random";
import { Controller, type Autoscaler } from "./controller";
import { coldness, freshness, isGone, type ReplayFault } from "./faults";
import { ReplayFleet } from "./fleet";
import type { Replay } from "./inputs";
import { MessageQueue } from "./queue";
import { Recorder, type ReplayResult, type Step } from "./recorder";
import { ResponseTimes, type ReplayService } from "./service";
import { Telemetry } from "./telemetry";

/** The longest step, seconds: the autoscaler's own. */
const LONGEST_STEP = 15;

/** Moments within a step at which a queue that is not in balance is looked at. */
const MOMENTS = 4;

export function replay(given: Replay): ReplayResult {
  return new Running(given).run();
}

/** Seconds of a step: the longest that divides a step of the trace. */
export function stepSeconds(traceSeconds: number): number {
  return traceSeconds / Math.ceil(traceSeconds / LONGEST_STEP);
}

class Running {
  private readonly times: ResponseTimes;
  private readonly fleet: ReplayFleet;
  private readonly controller: Controller | undefined;
  private readonly telemetry: Telemetry | undefined;
  private readonly recorder: Recorder;
  private readonly random: Random;
  private readonly needed: Int32Array | undefined;
  private readonly ends: { readonly at: number; end(): void }[] = [];
  private readonly pending: ReplayFault[];
  private queue = 0;
  /** The step that runs changes these three in place, for there are millions of steps. */
  private readonly current: Step;
  private readonly flow: Flow = { before: 0, answered: 0, failed: 0, busy: 0, speed: 0 };
  private readonly slower: Slower = { p95: 0, p99: 0 };
  private readonly queues: readonly MessageQueue[];

  constructor(private readonly given: Replay) {
    const { service, autoscaler, trace, script, seed } = given;
    this.times = given.times ?? new ResponseTimes(service);
    this.queues = script.queues.map((load) => new MessageQueue(load));
    this.random = new Random(seed);
    const first = (trace.requests[0] ?? 0) / trace.stepSeconds;
    const [min, max] = boundsOf(autoscaler);
    // As after a while at the first load, at three quarters of what the percentiles allow.
    const replicas = Math.max(min, Math.min(max, this.times.podsFor(first / 0.75, max)));
    const start = trace.startSeconds;
    this.fleet = new ReplayFleet(service, script.nodes, replicas, start);
    if (autoscaler.kind === "oracle") this.needed = this.oracle(autoscaler);
    else {
      const queries =
        autoscaler.kind === "keda"
          ? autoscaler.object.triggers.flatMap((trigger) =>
              trigger.kind === "prometheus" ? [trigger.query] : [],
            )
          : [];
      const seconds = stepSeconds(trace.stepSeconds);
      if (queries.length > 0)
        this.telemetry = new Telemetry(given.labels, autoscaler.rules, queries, start, seconds);
      const phase = seed === 0 ? 0 : this.random.next();
      this.controller = new Controller(
        autoscaler,
        service,
        this.fleet,
        script.faults,
        this.telemetry,
        this.queues,
        start,
        phase,
      );
    }
    this.recorder = new Recorder(given, this.times);
    this.current = { ...AT_REST, fleet: this.fleet, queues: this.queues };
    this.pending = [...script.faults].sort((a, b) => a.at - b.at);
  }

  run(): ReplayResult {
    const { trace } = this.given;
    const seconds = stepSeconds(trace.stepSeconds);
    const perStep = Math.round(trace.stepSeconds / seconds);
    for (let step = 0; step < trace.requests.length; step++) {
      const requests = (trace.requests[step] as number) / perStep;
      if (this.needed !== undefined) this.fleet.wanted = this.needed[step] as number;
      for (let part = 0; part < perStep; part++) {
        this.step(step * trace.stepSeconds + part * seconds, seconds, this.byChance(requests));
      }
    }
    return this.recorder.result(this.controller?.held ?? 0);
  }

  /** As many as are given on average, exactly so many with the seed 0. */
  private byChance(count: number): number {
    if (this.given.seed === 0) return count;
    return Math.max(0, count + Math.sqrt(count) * this.random.normal());
  }

  /** @param at seconds since the start of the trace */
  private step(at: number, seconds: number, come: number): void {
    const { service, script } = this.given;
    this.passFaults(at);
    const now = this.given.trace.startSeconds + at;
    this.fleet.reconcile(now);
    // A pod that takes twice as long counts half.
    let [ready, lost, pods] = [0, 0, 0];
    const { slowStart } = script;
    let slow: Map<number, number> | undefined;
    for (const pod of this.fleet.pods) {
      if (!pod.ready) continue;
      if (pod.lost) lost++;
      else {
        const age = now + seconds / 2 - pod.changedAt;
        const stretch = slowStart === undefined ? pod.slowness : pod.slowness * freshness(slowStart, age);
        ready++;
        pods += 1 / stretch;
        if (stretch === 1) continue;
        slow ??= new Map();
        slow.set(stretch, (slow.get(stretch) ?? 0) + 1);
      }
    }
    const cold = script.faults.length === 0 ? 1 : coldness(script.faults, at);
    const speed = (pods * service.slots) / (service.time.mean * cold);
    const { current, flow, slower } = this;
    this.pass(come, seconds, ready, lost, speed);
    const mean = speed > 0 ? (ready * service.slots) / speed : service.time.mean;
    const kinds =
      slow === undefined && cold === 1
        ? ALIKE
        : kindsOf(slow ?? [], { ready, pods, cold }, service.balancing);
    this.judge(ready, kinds);
    for (const queue of this.queues) {
      const messages = this.byChance(queue.comes(now, now + seconds, flow.answered));
      queue.step(now, seconds, messages, pods);
    }
    current.at = at;
    current.seconds = seconds;
    current.come = come;
    current.answered = flow.answered;
    current.failed = flow.failed;
    current.slower95 = slower.p95 * flow.answered;
    current.slower99 = slower.p99 * flow.answered;
    current.queue = this.queue;
    current.wait = speed > 0 ? this.queue / speed : 0;
    current.busy = flow.busy;
    current.ready = ready;
    current.slowness = mean / service.time.mean;
    this.recorder.add(current);
    const inService = Math.min(1, flow.busy) * service.slots;
    this.controller?.observe(seconds, inService, ready > 0 ? inService + this.queue / ready : 0);
    if (this.telemetry !== undefined) {
      const each = ready > 0 ? 1 / ready : 0;
      this.telemetry.observe(
        this.fleet.pods,
        flow.answered * each,
        inService + this.queue * each,
        now + seconds,
        isGone(script.faults, "prometheus-gone", at),
      );
    }
    this.controller?.act(now + seconds);
  }

  /** What comes, waits, is worked off and refused. @param speed requests/s that the slots work off */
  private pass(come: number, seconds: number, ready: number, lost: number, speed: number): void {
    const { flow } = this;
    const { service } = this.given;
    // Of pods that are gone but still in the lists, clients by chance lose their share; proxies fill them up, and try again
    // only when what is in them has timed out.
    const share = lost / Math.max(1, ready + lost);
    const toLost =
      service.balancing === "per-connection"
        ? share * come
        : Math.min(share * come, (share * come * service.time.mean) / service.answerSeconds);
    const arrived = come - toLost;
    const can = speed * seconds;
    const before = this.queue;
    // Without a bound a pod lets everything in; without a pod nothing waits.
    const room =
      ready === 0
        ? 0
        : Math.min(Math.max(0, ready * (service.mostPerPod - service.slots)), speed * service.answerSeconds);
    const left = Math.max(0, before + arrived - can);
    const refused = Math.max(0, left - room);
    this.queue = left - refused;
    flow.before = before;
    flow.answered = before + arrived - left;
    flow.failed = toLost + refused;
    flow.busy = can > 0 ? (before > 0 || left > 0 ? before + arrived : arrived) / can : ready > 0 ? 0 : 1;
    flow.speed = speed;
  }

  /** Shares of what is answered that are slower than promised. @param kinds pods by how many times as long they take */
  private judge(ready: number, kinds: readonly Kind[]): void {
    const { slower, times } = this;
    const { before, busy, speed } = this.flow;
    const isBalanced = before === 0 && this.queue === 0;
    if (ready > 0 && isBalanced && kinds.length === 1 && kinds[0]?.stretch === 1) {
      slower.p95 = times.slower95(ready, busy);
      slower.p99 = times.slower99(ready, busy);
      return;
    }
    slower.p95 = slower.p99 = ready > 0 ? 0 : 1;
    if (ready === 0) return;
    const { promised } = this.given.service;
    for (let moment = 0; moment < MOMENTS; moment++) {
      const queue = before + ((this.queue - before) * (moment + 0.5)) / MOMENTS;
      const wait = queue / speed;
      for (const { share, stretch } of kinds) {
        const part = share / MOMENTS;
        slower.p95 += part * this.later(ready, busy, (promised.p95 - wait) / stretch, queue);
        slower.p99 += part * this.later(ready, busy, (promised.p99 - wait) / stretch, queue);
      }
    }
  }

  /** P(response time after the wait > t). */
  private later(ready: number, busy: number, t: number, queue: number): number {
    if (t <= 0) return 1;
    return queue > 0 && busy >= 1 ? this.times.longer(t) : this.times.tail(ready, busy, t);
  }

  private passFaults(at: number): void {
    for (let index = 0; index < this.ends.length; index++) {
      if ((this.ends[index]?.at ?? Infinity) > at) continue;
      this.ends.splice(index--, 1)[0]?.end();
    }
    while ((this.pending[0]?.at ?? Infinity) <= at) {
      const fault = this.pending.shift();
      if (fault !== undefined) this.begin(fault, at);
    }
  }

  private begin(fault: ReplayFault, at: number): void {
    const { fleet } = this;
    const now = this.given.trace.startSeconds + at;
    switch (fault.kind) {
      case "rollout":
        fleet.rollOut();
        return;
      case "zone-lost": {
        const zone = fleet.loseZone(now);
        this.ends.push({ at: fault.at + fault.seconds, end: () => fleet.reopenZone(zone) });
        return;
      }
      case "slow-nodes": {
        const { factor, share } = fault;
        fleet.slowness = { factor, share };
        const every = Math.max(1, Math.round(1 / share));
        fleet.pods.forEach((pod, index) => (pod.slowness = index % every === 0 ? factor : 1));
        this.ends.push({
          at: fault.at + fault.seconds,
          end: () => {
            fleet.slowness = { factor: 1, share: 0 };
            for (const pod of fleet.pods) pod.slowness = 1;
          },
        });
        return;
      }
      case "crashing-pods":
        fleet.crash(fault.share, now + fault.seconds, now);
        return;
      case "prometheus-gone":
      case "keda-gone":
      case "metrics-server-gone":
      case "cache-lost":
        // They are looked up when they matter.
        return;
    }
  }

  /** For each step of the trace the most pods that it and the steps until a new pod helps need. */
  private oracle({ min, max, leadSeconds }: Extract<Autoscaler, { kind: "oracle" }>): Int32Array {
    const { requests, stepSeconds: seconds } = this.given.trace;
    const ahead = Math.ceil(leadSeconds / seconds);
    const alone = Int32Array.from(requests, (count) =>
      Math.max(min, this.times.podsFor(count / seconds, max)),
    );
    return alone.map((_, step) => {
      let most = min;
      for (let next = step; next <= Math.min(step + ahead, alone.length - 1); next++)
        most = Math.max(most, alone[next] ?? 0);
      return most;
    });
  }
}

/** Nothing has come yet. */
const AT_REST: Omit<Step, "fleet" | "queues"> = {
  at: 0,
  seconds: 0,
  come: 0,
  answered: 0,
  failed: 0,
  slower95: 0,
  slower99: 0,
  queue: 0,
  wait: 0,
  busy: 0,
  ready: 0,
  slowness: 1,
};

interface Flow {
  before: number;
  answered: number;
  failed: number;
  /** Work that there is, as a share of what can be done. */
  busy: number;
  speed: number;
}

/** Pods that take so many times as long as was measured, and the share of the requests that they get. */
interface Kind {
  readonly share: number;
  readonly stretch: number;
}

/** All pods take as long as was measured. */
const ALIKE: readonly Kind[] = [{ share: 1, stretch: 1 }];

/**
 * Pods by how much longer they take than was measured.
 *
 * @param slow how many take how many times as long
 */
function kindsOf(
  slow: Iterable<readonly [stretch: number, count: number]>,
  { ready, pods, cold }: { readonly ready: number; readonly pods: number; readonly cold: number },
  balancing: ReplayService["balancing"],
): readonly Kind[] {
  const kinds: Kind[] = [];
  let usual = 1;
  for (const [stretch, count] of slow) {
    // Who has the fewest open requests gets the next one: slow pods get as much less as they are slower.
    const share = balancing === "least-connections" ? count / stretch / pods : count / ready;
    kinds.push({ share, stretch: stretch * cold });
    usual -= share;
  }
  return [{ share: usual, stretch: cold }, ...kinds];
}

interface Slower {
  p95: number;
  p99: number;
}

export function boundsOf(autoscaler: Autoscaler): [number, number] {
  if (autoscaler.kind === "oracle") return [autoscaler.min, autoscaler.max];
  if (autoscaler.kind === "hpa") return [autoscaler.object.min, autoscaler.object.max];
  const { object } = autoscaler;
  if (object.paused?.replicas !== undefined) return [object.paused.replicas, object.paused.replicas];
  return [object.min, object.hpa.max];
}
