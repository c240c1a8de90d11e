/**
 * Request timeouts shrink inwards, idle timeouts grow inwards, and the drain chain fits the grace period. Seconds.
 *
 * Sources:
 * - AWS, "Application Load Balancers": idle timeout 60 s unless set, 1 to 4000 s, also the longest silence before an
 *   answer and on a WebSocket; deregistration delay 0 to 3600 s.
 * - AWS, CloudFront API reference, `CustomOriginConfig`: `OriginReadTimeout` 1 to 120 s, 30 s unless set;
 *   `OriginKeepaliveTimeout` 1 to 120 s, 5 s unless set. CloudFront quotas: a WebSocket is idle after 10 minutes.
 * - Cloudflare, "Connection limits" (July 2026): Proxy Read Timeout 120 s (error 524; only Enterprise can change it),
 *   Proxy Idle Timeout to the origin 900 s, not configurable. A silent WebSocket is closed after 100 s.
 * - Google Cloud, "Request distribution for external Application Load Balancers": keep-alive of clients 610 s unless
 *   set, 5 to 1200 s; keep-alive to backends fixed at 600 s, which backends have to outlast (620 s); the timeout of a
 *   backend service ends a WebSocket, busy or not.
 * - Kubernetes, Cluster Autoscaler: `max-graceful-termination-sec` 600 s.
 */
import { CLOUDFLARE_IDLE_SECONDS, PROPAGATION_SECONDS } from "./chain-issues";
import type { TimeoutChain } from "./timeout-chain";

export { chainIssues, timeoutIssues, PROPAGATION_SECONDS } from "./chain-issues";
export type { ChainIssue, ChainRule } from "./chain-issues";
export type { ChainStep, TimeoutChain } from "./timeout-chain";

/** Where the outer load balancer is. `local` has none, and takes the figures of `aws` so that it behaves like production. */
export type ChainCloud = "aws" | "gcp" | "local";

/** What stands in front of the load balancer. */
export type ChainCdn = "cloudfront" | "cloudflare" | "none";

/** What a timeout chain is derived from. */
export interface TimeoutChainInputs {
  /** Longest request the application may take, seconds, > 0, and no longer than the chain bears: see {@link longestRequestSeconds}. */
  readonly maxRequestSeconds: number;
  readonly cloud: ChainCloud;
  /** @default "none" */
  readonly cdn?: ChainCdn;
  /** What a node that goes away grants its pods, whole seconds >= 1. @default 600, what the Cluster Autoscaler grants */
  readonly nodeGraceSeconds?: number;
}

/** Limits of each CDN, seconds. A figure is fixed, or may be chosen up to `most`. */
const EDGE: Readonly<
  Record<
    ChainCdn,
    {
      readonly response: { readonly most: number } | { readonly fixed: number };
      readonly idle: { readonly most: number } | { readonly fixed: number };
      readonly tunnel: number;
    }
  >
> = {
  cloudfront: { response: { most: 120 }, idle: { most: 120 }, tunnel: 600 },
  cloudflare: { response: { fixed: 120 }, idle: { fixed: CLOUDFLARE_IDLE_SECONDS }, tunnel: 100 },
  // A client that waits and keeps as long as we tell it to; what a NAT or a mobile network forgets is not in our hands.
  none: { response: { most: Infinity }, idle: { most: Infinity }, tunnel: 600 },
};

/** Idle connections of each load balancer, seconds: to its clients unless the CDN needs more, and to the proxy. */
const CLIENT_IDLE: Readonly<
  Record<ChainCloud, { readonly client: number; readonly upstream: "same" | number; readonly lead: number }>
> = {
  aws: { client: 60, upstream: "same", lead: 15 },
  gcp: { client: 610, upstream: 600, lead: 20 },
  local: { client: 60, upstream: "same", lead: 15 },
};

/** What keeps the load balancer's idle connections clear of those of the CDN, seconds. */
const EDGE_IDLE_MARGIN_SECONDS = 5;

/** Longest life of a WebSocket through Google Cloud's load balancer, seconds: a client comes back once an hour. */
const GCP_TUNNEL_SECONDS = 3600;

/** Longest pause between two pings, seconds, and at most half of what the least patient hop allows. */
const HEARTBEAT_SECONDS = 30;

/** What the Cluster Autoscaler grants the pods of a node that it removes, seconds. */
const NODE_GRACE_SECONDS = 600;

/** Idle connections between proxy and application, seconds: Node's own default of 5 s would race with the proxy's. */
const UPSTREAM_IDLE = { proxy: 60, application: 75 } as const;

/** How long a target is drained at the load balancer at least, seconds; requests in flight may make it longer. */
const DEREGISTRATION_SECONDS = 30;

/** What keeps one side of an inequality of the drain chain clear of the other, seconds. */
const DRAIN_MARGIN_SECONDS = 5;

/** Share of a request that the database may take at most: the rest is for the application to say what went wrong. */
const DATABASE_SHARE = 0.8;

/** Next hop outwards: 10 % more, and at least 2 s, in which the inner hop reports its own failure. Whole seconds. */
function outwards(seconds: number): number {
  return Math.ceil(seconds + Math.max(2, seconds / 10));
}

/**
 * The whole timeout chain from the longest request, seconds:
 *
 * - request: database = 0.8 * application, application = the longest request, and each hop outside it 10 % more, at
 *   least 2 s. An ALB has one knob for silence and for idleness, so on AWS its step is never below its idle timeout.
 * - idle: CDN < load balancer (60 | 610, or 915 for the 900 s of Cloudflare); load balancer to proxy (the same | 600) <
 *   proxy (+15 | +20); proxy to application 60 < application 75.
 * - tunnel: what each hop bears in silence, and a heartbeat of half the smallest, at most 30 s.
 * - drain: preStop = deregistration + 15 + 5; grace = preStop + proxy + 5 <= the node's. Deregistration lasts 30 s, or
 *   as long as the proxy may take for a request.
 *
 * On AWS behind Cloudflare the ALB's one knob cannot be above 900 s of idleness and below 120 s of waiting. Idleness
 * wins, for a connection closed too early loses a request, and a load balancer that waits too long only leaves it to
 * Cloudflare to say so; the law then holds between the CDN and the proxy.
 *
 * @throws RangeError when the longest request is not a number above 0, or longer than the chain bears
 */
export function timeoutChain(inputs: TimeoutChainInputs): TimeoutChain {
  const { maxRequestSeconds } = inputs;
  if (!(Number.isFinite(maxRequestSeconds) && maxRequestSeconds > 0)) {
    throw new RangeError(
      `the longest request is ${maxRequestSeconds}; allowed is a number above 0 (seconds)`,
    );
  }
  const chain = derived(inputs);
  if (!isBearable(chain, inputs)) {
    throw new RangeError(
      `the longest request is ${maxRequestSeconds}; allowed is at most ${longestRequestSeconds(inputs)} (seconds), ` +
        `for ${limitOf(chain, inputs)}`,
    );
  }
  return chain;
}

/**
 * The chain of one of several services behind the same load balancer: what stands in front waits as the service with the
 * longest request needs it, and its own proxy, application, database and drain are its own.
 *
 * @param front the chain of the longest request among them
 */
export function chainBehind(front: TimeoutChain, own: TimeoutChain): TimeoutChain {
  const { edge, loadBalancer } = front.request;
  return {
    request: { ...own.request, edge, loadBalancer },
    idle: front.idle,
    tunnel: front.tunnel,
    drain: own.drain,
  };
}

/** The chain that what stands in front of several services follows: that of the longest request. */
export function longestChain(first: TimeoutChain, ...others: readonly TimeoutChain[]): TimeoutChain {
  return others.reduce(
    (longest, chain) => (chain.request.proxy > longest.request.proxy ? chain : longest),
    first,
  );
}

/** Longest request, where none is given, seconds. */
export const DEFAULT_LONGEST_REQUEST_SECONDS = 10;

/** The timeout chain of a component that is given none: requests of 10 s at most, without a load balancer or a CDN. */
export const DEFAULT_TIMEOUTS: TimeoutChain = timeoutChain({
  maxRequestSeconds: DEFAULT_LONGEST_REQUEST_SECONDS,
  cloud: "local",
});

/**
 * Longest request that a chain bears, whole seconds: the longest for which every step fits what CDN and node grant.
 * 0 when the node's grace is too short for any request.
 */
export function longestRequestSeconds(inputs: Omit<TimeoutChainInputs, "maxRequestSeconds">): number {
  // Every step grows with the request, and the node's grace bounds them all: the search ends.
  let [least, most] = [0, inputs.nodeGraceSeconds ?? NODE_GRACE_SECONDS];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    const request = { ...inputs, maxRequestSeconds: middle };
    if (isBearable(derived(request), request)) least = middle;
    else most = middle - 1;
  }
  return least;
}

/**
 * What limits the longest request of a chain, as a phrase for an error.
 *
 * @returns "cloudfront waits 120 s at most", or what the node grants
 */
export function requestLimit(inputs: TimeoutChainInputs): string {
  return limitOf(derived(inputs), inputs);
}

function limitOf(chain: TimeoutChain, inputs: TimeoutChainInputs): string {
  const { cdn = "none" } = inputs;
  const { terminationGrace, nodeGrace } = chain.drain;
  return edgeIsShort(chain, inputs)
    ? `${cdn} waits ${responseLimit(cdn)} s at most, and each hop inside it has to give up earlier`
    : `a pod would need ${terminationGrace} s to end, and a node that goes away grants ${nodeGrace} s`;
}

function isBearable(chain: TimeoutChain, inputs: TimeoutChainInputs): boolean {
  return !edgeIsShort(chain, inputs) && chain.drain.terminationGrace <= chain.drain.nodeGrace;
}

function responseLimit(cdn: ChainCdn): number {
  const { response } = EDGE[cdn];
  return "fixed" in response ? response.fixed : response.most;
}

/** True when the CDN would give up before the hop inside it, with the margin of every other hop. */
function edgeIsShort({ request }: TimeoutChain, { cloud, cdn = "none" }: TimeoutChainInputs): boolean {
  const inner = oneKnobForIdleness(cloud, cdn) ? request.proxy : request.loadBalancer;
  return outwards(inner) > responseLimit(cdn);
}

/** True when the load balancer's knob is bound by idle connections that its CDN keeps longer than it waits. */
function oneKnobForIdleness(cloud: ChainCloud, cdn: ChainCdn): boolean {
  const { idle } = EDGE[cdn];
  return CLIENT_IDLE[cloud].upstream === "same" && "fixed" in idle && idle.fixed >= responseLimit(cdn);
}

function derived(inputs: TimeoutChainInputs): TimeoutChain {
  const { maxRequestSeconds, cloud, cdn = "none", nodeGraceSeconds = NODE_GRACE_SECONDS } = inputs;
  const proxy = outwards(maxRequestSeconds);
  const balancer = CLIENT_IDLE[cloud];
  const { response, idle, tunnel } = EDGE[cdn];
  const edgeKeeps = "fixed" in idle ? idle.fixed : 0;
  const client = Math.max(balancer.client, edgeKeeps === 0 ? 0 : edgeKeeps + balancer.lead);
  const waits = outwards(proxy);
  const oneKnob = balancer.upstream === "same";
  const loadBalancer = oneKnob ? Math.max(waits, client) : waits;
  const loadBalancerClient = oneKnob ? loadBalancer : client;
  const toProxy = balancer.upstream === "same" ? loadBalancer : balancer.upstream;
  const proxyClient = toProxy + balancer.lead;
  const edgeIdle =
    "fixed" in idle ? idle.fixed : Math.min(idle.most, loadBalancerClient - EDGE_IDLE_MARGIN_SECONDS);
  const balancerTunnel = cloud === "gcp" ? GCP_TUNNEL_SECONDS : loadBalancer;
  const deregistration = cloud === "local" ? 0 : Math.max(DEREGISTRATION_SECONDS, proxy);
  const preStop = deregistration + PROPAGATION_SECONDS + DRAIN_MARGIN_SECONDS;
  return {
    request: {
      edge: "fixed" in response ? response.fixed : outwards(loadBalancer),
      loadBalancer,
      proxy,
      application: maxRequestSeconds,
      database: maxRequestSeconds * DATABASE_SHARE,
    },
    idle: {
      edge: edgeIdle,
      loadBalancerClient,
      loadBalancer: toProxy,
      proxyClient,
      proxyUpstream: UPSTREAM_IDLE.proxy,
      application: UPSTREAM_IDLE.application,
    },
    tunnel: {
      edge: tunnel,
      loadBalancer: balancerTunnel,
      proxy: proxyClient,
      heartbeat: Math.min(HEARTBEAT_SECONDS, Math.floor(Math.min(tunnel, balancerTunnel, proxyClient) / 2)),
    },
    drain: {
      deregistration,
      preStop,
      terminationGrace: preStop + proxy + DRAIN_MARGIN_SECONDS,
      nodeGrace: nodeGraceSeconds,
    },
  };
}
