/** The plan of a public load balancer: who may connect, how long it waits, what a pod is sent, and what that promises. */
import { derived, type Derived, type Numbers } from "../core/derived";
import { number, plural, rate } from "../core/format";
import { given, type Plan } from "../core/plan";
import { podsLost, type Disruption } from "../service/capacity";
import type { Demand } from "../service/demand";
import { timeoutProofs } from "../timeouts/proofs";
import type { TimeoutChain } from "../timeouts/timeouts";
import { ratePerPod } from "./public-load-balancer";

/** Who may connect: everybody, named ranges, or a CDN. */
export type SourceKind = "internet" | "ranges" | "cloudfront" | "cloudflare";

/** The fleet of proxies behind it. */
export interface ProxyFleet {
  readonly demand: Pick<Demand, "peakRps">;
  readonly minReplicas: number;
  readonly disruption: Disruption;
}

/** What the plan of a public load balancer is made from. */
export interface PublicLoadBalancerInputs {
  readonly cloud: "aws" | "gcp";
  readonly sources: SourceKind;
  /** Web application firewall: `count` reports what would be refused. */
  readonly firewall: { readonly mode: "block" | "count"; readonly requestsPerFiveMinutes: number };
  /** How long access logs are kept, days, whole number >= 1. */
  readonly accessLogDays: number;
  /** Of the way to the service behind it. */
  readonly timeouts: TimeoutChain;
  /** Google Cloud balances by it. @default unknown: pods share evenly */
  readonly fleet?: ProxyFleet | undefined;
  /** Key that the timeouts follow from. @default "timeouts" */
  readonly timeoutsKey?: string;
}

/** Numbers of a public load balancer. */
export interface PublicLoadBalancerNumbers extends Numbers {
  readonly sources: Derived<string>;
  readonly firewall: Derived<string>;
  /** What one client may ask in five minutes; 0 where the CDN has to count. */
  readonly requestsPerFiveMinutes: Derived;
  /** Requests/s at which the load balancer takes one pod for full. Used on Google Cloud. */
  readonly ratePerPod: Derived;
  /** Seconds it waits for an answer. */
  readonly responseTimeout: Derived;
  /** Seconds it keeps idle connections to clients, and to the proxy. */
  readonly clientIdle: Derived;
  readonly proxyIdle: Derived;
  /** Seconds of silence, on Google Cloud of life, of a WebSocket. */
  readonly tunnel: Derived;
  /** Seconds a pod that goes is still sent what was under way. */
  readonly deregistration: Derived;
  readonly accessLogDays: Derived;
}

export type PublicLoadBalancerPlan = Plan<PublicLoadBalancerNumbers>;

const BY_THE_CDN = "by its addresses, and by a secret header that only this CDN sends";

const SOURCES: Readonly<Record<SourceKind, readonly [value: string, how: string]>> = {
  internet: ["everybody", "by address"],
  ranges: ["named ranges", "by address"],
  cloudfront: ["CloudFront", BY_THE_CDN],
  cloudflare: ["Cloudflare", BY_THE_CDN],
};

/** Without a number of pods the plan is the same for all of them, so that the load spreads evenly. */
const EVEN_RATE = 1000;

/**
 * What one client may ask in five minutes, or 0 where the load balancer cannot tell clients apart. Cloudflare names the
 * client in a header of its own; CloudFront's header has address and port in one, and X-Forwarded-For begins with
 * whatever the client made up, so behind CloudFront its own firewall has to count.
 */
export function countedRequests({
  sources,
  firewall,
}: Pick<PublicLoadBalancerInputs, "sources" | "firewall">): number {
  return sources === "cloudfront" ? 0 : firewall.requestsPerFiveMinutes;
}

export function planPublicLoadBalancer(inputs: PublicLoadBalancerInputs): PublicLoadBalancerPlan {
  const { sources, firewall, timeouts, timeoutsKey = "timeouts" } = inputs;
  const { request, idle, tunnel, drain } = timeouts;
  const seconds = (name: string, value: number, formula: string): Derived =>
    derived(name, value, "whole seconds", formula, [timeoutsKey]);
  const counted = countedRequests(inputs);
  const oneKnob = inputs.cloud === "aws" ? ", the same setting as for idle connections" : "";
  return {
    numbers: {
      sources: derived("Allowed sources", SOURCES[sources][0], "", SOURCES[sources][1], [
        "sources",
        "retrofitlink:cdn.provider",
      ]),
      firewall: derived(
        "Firewall",
        firewall.mode === "block" ? "refuses" : "counts only",
        "",
        "the provider's rules",
        ["firewall.mode"],
      ),
      requestsPerFiveMinutes: derived(
        "Requests of one client in five minutes",
        counted,
        "requests",
        counted === 0 ? "not counted here: the CDN knows the clients, and counts" : "as given",
        ["firewall.requestsPerFiveMinutes"],
      ),
      ratePerPod: rateNumber(inputs.fleet),
      responseTimeout: seconds(
        "Response timeout",
        request.loadBalancer,
        `longer than the proxy's ${number(request.proxy)} s${oneKnob}`,
      ),
      clientIdle: seconds(
        "Idle connections of clients",
        idle.loadBalancerClient,
        `longer than the CDN or client keeps them, ${number(idle.edge)} s`,
      ),
      proxyIdle: seconds(
        "Idle connections to the proxy",
        idle.loadBalancer,
        `shorter than the proxy keeps them, ${number(idle.proxyClient)} s`,
      ),
      tunnel: seconds(
        "WebSockets",
        tunnel.loadBalancer,
        `longer than ${number(tunnel.heartbeat)} s between two pings`,
      ),
      deregistration: seconds(
        "Deregistration delay",
        drain.deregistration,
        `what is under way is answered; shorter than the ${number(drain.preStop)} s that the pod still serves`,
      ),
      accessLogDays: given("Access log", inputs.accessLogDays, "days", "accessLogDays"),
    },
    proofs: timeoutProofs("load balancer", timeouts, timeoutsKey),
  };
}

function rateNumber(fleet: ProxyFleet | undefined): Derived {
  const name = "Requests/s at which a pod counts as full";
  if (fleet === undefined) {
    return derived(name, EVEN_RATE, "requests/s", "the same for all pods, which share evenly");
  }
  const { demand, minReplicas, disruption } = fleet;
  const left = Math.max(1, minReplicas - podsLost(minReplicas, disruption));
  return derived(
    name,
    ratePerPod(demand, minReplicas, disruption),
    "requests/s",
    `⌈${rate(demand.peakRps)} ÷ ${plural(left, "pod")} left of ${minReplicas}⌉; above it pods share evenly`,
    ["retrofitlink:services", "retrofitlink:loadBalancer.clientConnections"],
  );
}
