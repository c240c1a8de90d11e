/** What every CDN is given. The components add what only theirs has. */
import type * as pulumi from "@pulumi/pulumi";

import type { EdgePlan } from "../../budget/edge/edge";
import type { EdgeSummary } from "../../budget/edge/summary";
import type { Problem } from "../shared/problems";
import { behaviorProblems } from "./behavior-problems";
import type { EdgeBehavior } from "./behaviors";

/** Where a miss goes: a load balancer that answers with TLS for the hosts of the CDN. */
export interface EdgeOrigin {
  readonly hostname: pulumi.Input<string>;
  /** True where one address is announced from many places, so that none of the CDN's is nearest to it. @default false */
  readonly anycast?: boolean;
  /** Another one, which answers what only reads while the first one fails. It has the same lock. */
  readonly failover?: { readonly hostname: pulumi.Input<string> };
}

/** The header by which the load balancer knows the CDN, and refuses everybody else. */
export interface EdgeOriginLock {
  readonly headerName: string;
  /** A secret. */
  readonly headerValue: pulumi.Input<string>;
}

/** A DNS zone at the CDN's own DNS service. */
export interface EdgeZone {
  /** `example.com` */
  readonly name: string;
  readonly id: string;
}

/** How long the edge waits for the load balancer, seconds. From the ladder of budget/timeouts/timeouts. */
export interface EdgeTimeouts {
  /** For an answer: longer than the load balancer waits. */
  readonly readSeconds: number;
  /** On an idle connection: shorter than the load balancer keeps it. */
  readonly keepAliveSeconds: number;
}

export interface EdgeArgs {
  /** Path in the stack file that the arguments come from. */
  readonly configKey: string;
  /** Names that clients use, at least one, all within the zone. */
  readonly hosts: readonly string[];
  readonly zone: EdgeZone;
  readonly origin: EdgeOrigin;
  /** There is no CDN without one: a load balancer that answers everybody makes limits and caches of the edge worthless. */
  readonly originLock: EdgeOriginLock;
  readonly behaviors: readonly EdgeBehavior[];
  readonly plan: EdgePlan;
  readonly timeouts: EdgeTimeouts;
  /** Who sets the security headers: the edge over whatever comes, or the proxy behind it. */
  readonly headers: "edge" | "proxy";
  /** Requests a minute of one client address, beyond which it gets 429. Whole number, >= 10. */
  readonly clientRequestsPerMinute: number;
}

/** Source: quotas of CloudFront, and the default of Cloudflare: both wait so long at most. */
export const LONGEST_READ_SECONDS = 120;
/** Of any CDN: Cloudflare keeps connections that long, CloudFront at most 120 s. */
const LONGEST_KEEP_ALIVE_SECONDS = 900;

/** Neither CloudFront nor Cloudflare lets a rule set these. */
const RESERVED_HEADER =
  /^(x-amz-|x-edge-|x-cf-|cf-|x-forwarded-|x-real-ip$|host$|cookie$|authorization$|connection$)/i;

const HOST = /^(?=.{1,253}$)([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;

/** True for the zone itself and for every name below it. */
export function isWithinZone(host: string, zone: string): boolean {
  return host === zone || host.endsWith(`.${zone}`);
}

/** What is wrong with the names that clients use. */
export function hostProblems(hosts: readonly string[], zone: string): Problem[] {
  const problems: Problem[] = [];
  const check = (ok: boolean, property: string, got: unknown, allowed: string, fix: string): void => {
    if (!ok) problems.push({ property, got, allowed, fix });
  };
  check(hosts.length > 0, "hosts", hosts, "at least one name", "Give the names that clients use.");
  hosts.forEach((host, index) => {
    const at = `hosts[${index}]`;
    check(HOST.test(host), at, host, "a host name in lower case, like www.example.com", "Correct the name.");
    check(
      isWithinZone(host, zone),
      at,
      host,
      `${zone} or a name below it`,
      "The certificate is proved through the zone; give the host's own zone, or another host.",
    );
    check(hosts.indexOf(host) === index, at, host, "a name that is not there yet", "Remove one of the two.");
  });
  return problems;
}

/** Everything that is wrong whichever CDN it is. */
export function edgeProblems(args: EdgeArgs): Problem[] {
  const { hosts, zone, timeouts, clientRequestsPerMinute } = args;
  const problems = hostProblems(hosts, zone.name);
  const check = (ok: boolean, property: string, got: unknown, allowed: string, fix: string): void => {
    if (!ok) problems.push({ property, got, allowed, fix });
  };
  const { headerName } = args.originLock;
  check(
    /^[A-Za-z0-9-]{1,64}$/.test(headerName) && !RESERVED_HEADER.test(headerName),
    "originLock.headerName",
    headerName,
    "a name of letters, digits and hyphens that no CDN keeps for itself",
    "Choose another name, like X-Origin-Lock.",
  );
  const whole = (value: number, most: number): boolean =>
    Number.isInteger(value) && value >= 1 && value <= most;
  check(
    whole(timeouts.readSeconds, LONGEST_READ_SECONDS),
    "timeouts.readSeconds",
    timeouts.readSeconds,
    `a whole number from 1 to ${LONGEST_READ_SECONDS} (seconds)`,
    "Lower maxRequestSeconds of the service behind the load balancer.",
  );
  check(
    whole(timeouts.keepAliveSeconds, LONGEST_KEEP_ALIVE_SECONDS),
    "timeouts.keepAliveSeconds",
    timeouts.keepAliveSeconds,
    `a whole number from 1 to ${LONGEST_KEEP_ALIVE_SECONDS} (seconds)`,
    "Keep it below what the load balancer keeps.",
  );
  check(
    Number.isInteger(clientRequestsPerMinute) && clientRequestsPerMinute >= 10,
    "clientRequestsPerMinute",
    clientRequestsPerMinute,
    "a whole number of at least 10 (requests a minute)",
    "Raise rateLimit of the load balancer.",
  );
  return [...problems, ...behaviorProblems(args.behaviors)];
}

/** True where the edge sets the security headers: always for what no proxy stands in front of. */
export function edgeSetsHeaders({ headers }: Pick<EdgeArgs, "headers">, { target }: EdgeBehavior): boolean {
  return headers === "edge" || target !== "service";
}

/** What a CDN tells policies and reports about itself. */
export function edgeSummary(name: string, provider: EdgeSummary["provider"], args: EdgeArgs): EdgeSummary {
  const { plan, behaviors } = args;
  return {
    configKey: args.configKey,
    workload: name,
    provider,
    hosts: args.hosts,
    peakRps: plan.peakRps,
    hitRatio: plan.hitRatio,
    expectedOriginRps: plan.expectedOriginRps,
    degradedOriginRps: plan.degradedOriginRps,
    collapseOriginRps: plan.collapseOriginRps,
    clientRequestsPerMinute: args.clientRequestsPerMinute,
    originReadSeconds: args.timeouts.readSeconds,
    originKeepAliveSeconds: args.timeouts.keepAliveSeconds,
    headers: args.headers,
    classes: behaviors.map(({ class: of, paths, cache, signed, target }) => {
      const load = plan.classes.find((each) => each.name === of);
      return {
        name: of,
        paths,
        target,
        signed,
        edgeSeconds: cache.kind === "cached" ? cache.edgeSeconds : 0,
        rps: load?.rps ?? 0,
        hitRatio: load?.hitRatio ?? 0,
        missRps: load?.missRps ?? 0,
      };
    }),
  };
}
