/**
 * Request timeouts shrink inwards, idle timeouts grow inwards, and the drain chain fits the grace period. Seconds.
 *
 * Sources: the AWS documentation of Application Load Balancers (idle timeout 60 s, also the longest silence before an
 * answer) and of CloudFront origins (response timeout at most 120 s, keep-alive 5 s unless raised); the Google Cloud
 * documentation of the external Application Load Balancer (keep-alive fixed at 600 s, backends at 620 s or more).
 */

/** Every timeout of the chain from the CDN to the database, seconds. */
export interface TimeoutLadder {
  /** How long each hop waits for an answer. Each is shorter than the one outside it, so that the inner hop reports its own failure. */
  readonly request: {
    readonly edge: number;
    readonly loadBalancer: number;
    readonly proxy: number;
    readonly application: number;
    readonly database: number;
  };
  /** How long each listener keeps an idle connection. Each is longer than the caller's, so that only the caller closes. */
  readonly idle: {
    /** Connections from the CDN, kept by the load balancer. */
    readonly loadBalancer: number;
    /** Connections from the load balancer, kept by the proxy. */
    readonly proxyClient: number;
    /** Connections to the application, kept by the proxy. */
    readonly proxyUpstream: number;
    /** Connections from the proxy, kept by the application. */
    readonly application: number;
  };
  /** What happens between the order to stop and the kill. */
  readonly drain: {
    /** Until the outer load balancer sends no new request. */
    readonly deregistration: number;
    /** `preStop` sleep: the pod still serves while it is taken out of every list. */
    readonly preStop: number;
    /** `terminationGracePeriodSeconds`. */
    readonly terminationGrace: number;
  };
}

/** Where the outer load balancer is. `local` has none, and takes the figures of `aws` so that it behaves like production. */
export type LadderCloud = "aws" | "gcp" | "local";

/** What a ladder is derived from. */
export interface TimeoutLadderInputs {
  /** Longest request the application may take, seconds, > 0. On AWS at most 90, for CloudFront waits 120 s at most. */
  readonly maxRequestSeconds: number;
  readonly cloud: LadderCloud;
}

/** How long each load balancer keeps an idle connection, and how long the proxy behind it has to keep it, seconds. */
const CLIENT_IDLE: Readonly<Record<LadderCloud, { readonly loadBalancer: number; readonly lead: number }>> = {
  aws: { loadBalancer: 60, lead: 15 },
  gcp: { loadBalancer: 600, lead: 20 },
  local: { loadBalancer: 60, lead: 15 },
};

/** Idle connections between proxy and application, seconds: Node's own default of 5 s would race with the proxy's. */
const UPSTREAM_IDLE = { proxy: 60, application: 75 } as const;

/** How long a target is drained at the load balancer at least, seconds; requests in flight may make it longer. */
const DEREGISTRATION_SECONDS = 30;

/** Until a load balancer has noticed that a pod is going, and stops sending to it, seconds. */
export const PROPAGATION_SECONDS = 15;

/** What keeps one side of an inequality of the drain chain clear of the other, seconds. */
const DRAIN_MARGIN_SECONDS = 5;

/** Share of a request that the database may take at most: the rest is for the application to say what went wrong. */
const DATABASE_SHARE = 0.8;

/** Next hop outwards: 10 % more, and at least 2 s, in which the inner hop reports its own failure. Whole seconds. */
function outwards(seconds: number): number {
  return Math.ceil(seconds + Math.max(2, seconds / 10));
}

/**
 * The whole ladder from the longest request, seconds:
 *
 * - request: database = 0.8 * application, application = the longest request, and each hop outside it 10 % more, at
 *   least 2 s. An ALB has one knob for silence and for idleness, so on AWS its step is never below its idle timeout.
 * - idle: CDN < load balancer (60 | 600) < proxy (75 | 620); proxy to application 60 < application 75.
 * - drain: preStop = deregistration + 15 + 5; grace = preStop + proxy + 5. Deregistration lasts 30 s, or as long as
 *   the proxy may take for a request.
 *
 * @throws RangeError when the longest request is not a number above 0
 */
export function timeoutLadder({ maxRequestSeconds, cloud }: TimeoutLadderInputs): TimeoutLadder {
  if (!(Number.isFinite(maxRequestSeconds) && maxRequestSeconds > 0)) {
    throw new RangeError(
      `the longest request is ${maxRequestSeconds}; allowed is a number above 0 (seconds)`,
    );
  }
  const proxy = outwards(maxRequestSeconds);
  const clientIdle = CLIENT_IDLE[cloud];
  const oneKnob = cloud !== "gcp";
  const loadBalancer = Math.max(outwards(proxy), oneKnob ? clientIdle.loadBalancer : 0);
  const idleAtLoadBalancer = oneKnob ? loadBalancer : clientIdle.loadBalancer;
  const deregistration = cloud === "local" ? 0 : Math.max(DEREGISTRATION_SECONDS, proxy);
  const preStop = deregistration + PROPAGATION_SECONDS + DRAIN_MARGIN_SECONDS;
  return {
    request: {
      edge: outwards(loadBalancer),
      loadBalancer,
      proxy,
      application: maxRequestSeconds,
      database: maxRequestSeconds * DATABASE_SHARE,
    },
    idle: {
      loadBalancer: idleAtLoadBalancer,
      proxyClient: idleAtLoadBalancer + clientIdle.lead,
      proxyUpstream: UPSTREAM_IDLE.proxy,
      application: UPSTREAM_IDLE.application,
    },
    drain: { deregistration, preStop, terminationGrace: preStop + proxy + DRAIN_MARGIN_SECONDS },
  };
}

/** Which law of the ladder is broken. */
export type LadderRule = "duration" | "request-shrinks-inwards" | "idle-grows-inwards" | "drain-fits";

/** A step of the ladder, as in `request.proxy`. */
export type LadderStep = {
  [Group in keyof TimeoutLadder]: `${Group}.${Extract<keyof TimeoutLadder[Group], string>}`;
}[keyof TimeoutLadder];

/** One inequality that does not hold. */
export interface LadderProblem {
  readonly rule: LadderRule;
  /** The step nearer to the database; of a drain the one that ends earlier. */
  readonly inner: LadderStep;
  /** The step nearer to the client; of a drain the one that ends later. The same as `inner` where one value is wrong by itself. */
  readonly outer: LadderStep;
  /** What was given, what has to hold, and why. */
  readonly message: string;
}

/**
 * Everything that is wrong with a ladder, however it was made. An empty list proves that request timeouts shrink
 * inwards, idle timeouts grow inwards, and a drain ends before the kill.
 */
export function ladderProblems(ladder: TimeoutLadder): LadderProblem[] {
  const durations = durationProblems(ladder);
  // What is no duration cannot be compared.
  return durations.length > 0
    ? durations
    : [...requestProblems(ladder), ...idleProblems(ladder), ...drainProblems(ladder)];
}

function durationProblems({ request, idle, drain }: TimeoutLadder): LadderProblem[] {
  const wrong = (step: LadderStep, value: number, allowed: string): LadderProblem => ({
    rule: "duration",
    inner: step,
    outer: step,
    message: `${step} is ${value}; allowed is ${allowed} (seconds)`,
  });
  const aboveZero = (steps: readonly (readonly [LadderStep, number])[]): LadderProblem[] =>
    steps
      .filter(([, value]) => !(Number.isFinite(value) && value > 0))
      .map(([step, value]) => wrong(step, value, "a number above 0"));
  // Kubernetes takes whole seconds for both, and a target group for its delay.
  const whole = (steps: readonly (readonly [LadderStep, number])[]): LadderProblem[] =>
    steps
      .filter(([, value]) => !(Number.isInteger(value) && value >= 0))
      .map(([step, value]) => wrong(step, value, "a whole number of at least 0"));
  return [
    ...aboveZero([
      ["request.edge", request.edge],
      ["request.loadBalancer", request.loadBalancer],
      ["request.proxy", request.proxy],
      ["request.application", request.application],
      ["request.database", request.database],
      ["idle.loadBalancer", idle.loadBalancer],
      ["idle.proxyClient", idle.proxyClient],
      ["idle.proxyUpstream", idle.proxyUpstream],
      ["idle.application", idle.application],
    ]),
    ...whole([
      ["drain.deregistration", drain.deregistration],
      ["drain.preStop", drain.preStop],
      ["drain.terminationGrace", drain.terminationGrace],
    ]),
  ];
}

function requestProblems({ request }: TimeoutLadder): LadderProblem[] {
  const inwards = ["edge", "loadBalancer", "proxy", "application", "database"] as const;
  return inwards.slice(1).flatMap((inner, index) => {
    const outer = inwards[index] ?? "edge";
    if (request[inner] < request[outer]) return [];
    const message =
      `request.${inner} is ${request[inner]} s; it has to be below request.${outer}, ${request[outer]} s, ` +
      "or the outer hop gives up before the inner one can report what failed";
    return [
      { rule: "request-shrinks-inwards", inner: `request.${inner}`, outer: `request.${outer}`, message },
    ];
  });
}

function idleProblems({ idle }: TimeoutLadder): LadderProblem[] {
  const pairs = [
    { caller: "loadBalancer", listener: "proxyClient" },
    { caller: "proxyUpstream", listener: "application" },
  ] as const;
  return pairs.flatMap(({ caller, listener }) => {
    if (idle[listener] > idle[caller]) return [];
    const message =
      `idle.${listener} is ${idle[listener]} s; it has to be above idle.${caller}, ${idle[caller]} s, ` +
      "or a listener closes a connection on which the next request is already under way";
    return [{ rule: "idle-grows-inwards", inner: `idle.${listener}`, outer: `idle.${caller}`, message }];
  });
}

function drainProblems({ request, drain }: TimeoutLadder): LadderProblem[] {
  const problems: LadderProblem[] = [];
  const unnoticed = drain.deregistration + PROPAGATION_SECONDS;
  if (drain.preStop <= unnoticed) {
    problems.push({
      rule: "drain-fits",
      inner: "drain.deregistration",
      outer: "drain.preStop",
      message:
        `drain.preStop is ${drain.preStop} s; it has to be above drain.deregistration + ${PROPAGATION_SECONDS} s, ` +
        `${unnoticed} s, or the pod stops while new requests still arrive`,
    });
  }
  const lastAnswer = drain.preStop + request.proxy;
  if (drain.terminationGrace <= lastAnswer) {
    problems.push({
      rule: "drain-fits",
      inner: "drain.preStop",
      outer: "drain.terminationGrace",
      message:
        `drain.terminationGrace is ${drain.terminationGrace} s; it has to be above drain.preStop + request.proxy, ` +
        `${lastAnswer} s, or the last requests are killed`,
    });
  }
  return problems;
}
