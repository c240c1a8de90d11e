/**
 * Work that waits for the pods of a service, as a fluid: what comes is taken off in order by the pods that are ready. Its
 * length is what KEDA reads of a list or of a group of a stream: what waits, without what is worked on.
 */
import { UserError } from "../../cli/user-error";
import { ObjectError } from "../autoscaler/hpa-object";
import type { ScaledObject } from "../autoscaler/scaled-object";
import type { Trace } from "./trace";

/** What comes into a queue, and how fast it is worked off. */
export interface QueueLoad {
  /** As the stack file names it. */
  readonly name: string;
  /** Messages of each step; or how many each answered request makes, >= 0. */
  readonly messages: Trace | number;
  /** Work of one message, seconds, > 0. */
  readonly secondsPerMessage: number;
  /** Messages that a pod works on at once, whole number >= 1. */
  readonly workersPerPod: number;
  /** How long a message may wait at most, seconds. @default nothing is promised */
  readonly promisedSeconds?: number | undefined;
}

/** What came in one step and waits. */
interface Arrived {
  /** Seconds since 1970. */
  readonly from: number;
  readonly seconds: number;
  readonly come: number;
  left: number;
}

/** Less than this of a message is binary noise. */
const NOISE = 1e-9;

export class MessageQueue {
  private readonly arrived: Arrived[] = [];
  private waiting = 0;

  constructor(readonly load: QueueLoad) {}

  /** Messages that wait. */
  get length(): number {
    return this.waiting;
  }

  /** What comes by itself from one moment to another, seconds since 1970. @param answered requests meanwhile */
  comes(from: number, to: number, answered: number): number {
    const { messages } = this.load;
    return typeof messages === "number" ? messages * answered : messagesBetween(messages, from, to);
  }

  /**
   * A step, from now on.
   *
   * @param come messages
   * @param pods that work; one that takes twice as long counts half
   */
  step(now: number, seconds: number, come: number, pods: number): void {
    const { arrived, load } = this;
    if (come > 0) arrived.push({ from: now, seconds, come, left: come });
    this.waiting += come;
    let can = (pods * load.workersPerPod * seconds) / load.secondsPerMessage;
    for (let [first] = arrived; first !== undefined && can > 0; [first] = arrived) {
      const taken = Math.min(first.left, can);
      first.left -= taken;
      can -= taken;
      this.waiting -= taken;
      if (first.left > NOISE) break;
      arrived.shift();
    }
    if (arrived.length === 0) this.waiting = 0;
  }

  /** How long the oldest message has waited, seconds. */
  age(now: number): number {
    const [first] = this.arrived;
    if (first === undefined) return 0;
    return now - first.from - first.seconds * (1 - first.left / first.come);
  }

  /** What KEDA counts: of a message that has come in part, one. */
  get entries(): number {
    return Math.max(0, Math.ceil(this.waiting - NOISE));
  }
}

function messagesBetween({ requests, startSeconds, stepSeconds }: Trace, from: number, to: number): number {
  let sum = 0;
  let at = from;
  while (at < to) {
    const step = Math.floor((at - startSeconds) / stepSeconds + NOISE);
    const end = Math.min(to, startSeconds + (step + 1) * stepSeconds);
    sum += ((requests[step] ?? 0) * (end - at)) / stepSeconds;
    at = end;
  }
  return sum;
}

/** @throws ObjectError when a trigger follows a queue of which nothing is known: it would be taken for empty */
export function checkQueues(
  { name, triggers }: ScaledObject,
  queues: readonly { readonly load: QueueLoad }[],
): void {
  for (const trigger of triggers) {
    if (trigger.kind !== "queue" || queues.some(({ load }) => load.name === trigger.name)) continue;
    throw new ObjectError(
      `ScaledObject ${name}: nothing says what comes into the queue ${trigger.name}; add to the script (FAULTS) ` +
        `queues: [{name: ${trigger.name}, perRequest: 0.1, secondsPerMessage: 0.5, workersPerPod: 1}], ` +
        "with your own figures; perRequest: 0 is an empty queue",
    );
  }
}

/** @throws UserError when a queue is followed by no trigger, or its trace does not cover another */
export function checkLoads(
  queues: readonly QueueLoad[],
  followed: readonly string[],
  traces: readonly Trace[],
): void {
  for (const { name, messages } of queues) {
    if (!followed.includes(name)) {
      const known = followed.length === 0 ? "none" : followed.join(", ");
      throw new UserError(
        `the script has the queue "${name}"; the queues that the service follows are: ${known}`,
        "name it as services.<name>.autoscaling.queues does",
      );
    }
    if (typeof messages === "number") continue;
    const other = traces.find(
      (trace) => messages.startSeconds > trace.startSeconds || endOf(messages) < endOf(trace),
    );
    if (other === undefined) continue;
    throw new UserError(
      `${messages.name} is from ${moment(messages.startSeconds)} to ${moment(endOf(messages))}, ` +
        `${other.name} from ${moment(other.startSeconds)} to ${moment(endOf(other))}`,
      "give messages for the whole time that is replayed",
    );
  }
}

const endOf = ({ startSeconds, stepSeconds, requests }: Trace): number =>
  startSeconds + stepSeconds * requests.length;

const moment = (seconds: number): string => new Date(1000 * seconds).toISOString().replace(".000Z", "Z");
