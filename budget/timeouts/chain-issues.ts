/** The laws of the timeout chain, checked on any timeout chain, however it was made. */
import { issue, type Issue, pathOf, within } from "../core/issues";
import { valueAt } from "../core/setting-paths";
import type { ChainStep, TimeoutChain } from "./timeout-chain";

/** Until a load balancer has noticed that a pod is going, and stops sending to it, seconds. */
export const PROPAGATION_SECONDS = 15;

/** How long Cloudflare keeps an idle connection to the origin, seconds. Nobody can change it. */
export const CLOUDFLARE_IDLE_SECONDS = 900;

/** Which law of the timeout chain is broken. */
export type ChainRule =
  "duration" | "request-shrinks-inwards" | "idle-grows-inwards" | "heartbeat-keeps-tunnels" | "drain-fits";

/** One inequality that does not hold, at the step where it is mended: of a drain the outer one, else the inner one. */
export interface ChainIssue extends Issue {
  readonly rule: ChainRule;
  /** The step nearer to the database; of a drain the one that ends earlier. */
  readonly inner: ChainStep;
  /** The step nearer to the client; of a drain the one that ends later. The same as `inner` where one value is wrong by itself. */
  readonly outer: ChainStep;
}

type Broken = Pick<ChainIssue, "rule" | "inner" | "outer"> & {
  /** What was given, what has to hold, and why. */
  readonly message: string;
};

/**
 * Everything that is wrong with a timeout chain, however it was made. An empty list proves that request timeouts shrink
 * inwards, idle timeouts grow inwards, and a drain ends before the kill.
 */
export function chainIssues(chain: TimeoutChain): ChainIssue[] {
  const durations = durationIssues(chain);
  // What is no duration cannot be compared.
  const broken =
    durations.length > 0
      ? durations
      : [...requestIssues(chain), ...idleIssues(chain), ...tunnelIssues(chain), ...drainIssues(chain)];
  return broken.map(({ message, ...law }) => {
    const path = pathOf(law.rule === "drain-fits" ? law.outer : law.inner);
    const what = { allowed: "a timeout chain that holds", fix: `${message}.` };
    return { ...law, ...issue(path, valueAt(chain, path), what) };
  });
}

/** What is wrong with the timeout chain of a component's arguments. */
export function timeoutIssues(timeouts: TimeoutChain): Issue[] {
  return within(["timeouts"], chainIssues(timeouts));
}

function durationIssues({ request, idle, tunnel, drain }: TimeoutChain): Broken[] {
  const wrong = (step: ChainStep, value: number, allowed: string): Broken => ({
    rule: "duration",
    inner: step,
    outer: step,
    message: `${step} is ${value}; allowed is ${allowed} (seconds)`,
  });
  const aboveZero = (steps: readonly (readonly [ChainStep, number])[]): Broken[] =>
    steps
      .filter(([, value]) => !(Number.isFinite(value) && value > 0))
      .map(([step, value]) => wrong(step, value, "a number above 0"));
  // Kubernetes takes whole seconds for both, and a target group for its delay.
  const whole = (steps: readonly (readonly [ChainStep, number])[]): Broken[] =>
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
      ["idle.edge", idle.edge],
      ["idle.loadBalancerClient", idle.loadBalancerClient],
      ["idle.loadBalancer", idle.loadBalancer],
      ["idle.proxyClient", idle.proxyClient],
      ["idle.proxyUpstream", idle.proxyUpstream],
      ["idle.application", idle.application],
      ["tunnel.edge", tunnel.edge],
      ["tunnel.loadBalancer", tunnel.loadBalancer],
      ["tunnel.proxy", tunnel.proxy],
      ["tunnel.heartbeat", tunnel.heartbeat],
    ]),
    ...whole([
      ["drain.deregistration", drain.deregistration],
      ["drain.preStop", drain.preStop],
      ["drain.terminationGrace", drain.terminationGrace],
      ["drain.nodeGrace", drain.nodeGrace],
    ]),
  ];
}

/**
 * Cloudflare keeps idle connections longer than it waits, and an ALB has one knob for both: no value is above the one and
 * below the other. The proxy then is the hop that has to answer before the CDN gives up.
 */
export function sharesOneKnob({ request, idle }: Pick<TimeoutChain, "request" | "idle">): boolean {
  return idle.edge === CLOUDFLARE_IDLE_SECONDS && request.loadBalancer === idle.loadBalancerClient;
}

function requestIssues({ request, idle }: TimeoutChain): Broken[] {
  const inwards = ["edge", "loadBalancer", "proxy", "application", "database"] as const;
  const pairs = inwards.slice(1).map((inner, index) => ({ inner, outer: inwards[index] ?? "edge" }));
  const laws = sharesOneKnob({ request, idle })
    ? pairs.map((pair) =>
        pair.inner === "loadBalancer" ? { inner: "proxy" as const, outer: pair.outer } : pair,
      )
    : pairs;
  return laws.flatMap(({ inner, outer }) => {
    if (request[inner] < request[outer]) return [];
    const message =
      `request.${inner} is ${request[inner]} s; it has to be below request.${outer}, ${request[outer]} s, ` +
      "or the outer hop gives up before the inner one can report what failed";
    return [
      { rule: "request-shrinks-inwards", inner: `request.${inner}`, outer: `request.${outer}`, message },
    ];
  });
}

function idleIssues({ idle }: TimeoutChain): Broken[] {
  const pairs = [
    { caller: "edge", listener: "loadBalancerClient" },
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

function tunnelIssues({ tunnel }: TimeoutChain): Broken[] {
  return (["edge", "loadBalancer", "proxy"] as const).flatMap((hop) => {
    if (tunnel.heartbeat < tunnel[hop]) return [];
    const message =
      `tunnel.heartbeat is ${tunnel.heartbeat} s; it has to be below tunnel.${hop}, ${tunnel[hop]} s, ` +
      "or a WebSocket in good order is closed between two pings";
    return [{ rule: "heartbeat-keeps-tunnels", inner: "tunnel.heartbeat", outer: `tunnel.${hop}`, message }];
  });
}

function drainIssues({ request, drain }: TimeoutChain): Broken[] {
  const broken: Broken[] = [];
  const unnoticed = drain.deregistration + PROPAGATION_SECONDS;
  if (drain.preStop <= unnoticed) {
    broken.push({
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
    broken.push({
      rule: "drain-fits",
      inner: "drain.preStop",
      outer: "drain.terminationGrace",
      message:
        `drain.terminationGrace is ${drain.terminationGrace} s; it has to be above drain.preStop + request.proxy, ` +
        `${lastAnswer} s, or the last requests are killed`,
    });
  }
  if (drain.terminationGrace > drain.nodeGrace) {
    broken.push({
      rule: "drain-fits",
      inner: "drain.terminationGrace",
      outer: "drain.nodeGrace",
      message:
        `drain.nodeGrace is ${drain.nodeGrace} s; it has to be at least drain.terminationGrace, ` +
        `${drain.terminationGrace} s, or a node goes away under pods that still answer`,
    });
  }
  return broken;
}
