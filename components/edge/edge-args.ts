/** What every CDN is given. The components add what only theirs has. */
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

import { type Issue, issueList, issuesOf, within } from "../../budget/core/issues";
import { DEFAULT_BUDGET, type PerformanceBudget } from "../../budget/core/performance-budget";
import { plannedPart } from "../../budget/core/summary";
import type { Witness } from "../../budget/core/witness";
import { cdnSettings, trafficSettings } from "../../budget/edge/settings";
import type { EdgeTraffic, ProxyClientLimit } from "../../budget/edge/edge";
import { planCdn, type CdnPlan, type OriginService } from "../../budget/edge/plan";
import type { EdgeSummary } from "../../budget/edge/summary";
import { DEFAULT_RATE_LIMIT } from "../../budget/load-balancing/proxy-limits";
import {
  DEFAULT_LONGEST_REQUEST_SECONDS,
  timeoutChain,
  type TimeoutChain,
} from "../../budget/timeouts/timeouts";
import { withDefaults } from "../shared/with-defaults";
import { behaviorIssues } from "./behavior-issues";
import { edgeBehaviors, loadClasses, type EdgeBehavior } from "../../budget/edge/behaviors";

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
  readonly id: pulumi.Input<string>;
}

export interface EdgeArgs {
  /** Path in a stack file that the arguments come from, for messages. @default messages name the arguments themselves */
  readonly configKey?: string;
  /** Names that clients use, at least one, all within the zone. */
  readonly hosts: readonly string[];
  readonly zone: EdgeZone;
  readonly origin: EdgeOrigin;
  /** Required: otherwise clients pass by the CDN, and its limits and caches, by calling the load balancer directly. */
  readonly originLock: EdgeOriginLock;
  /** What clients ask for at peak, before any cache. */
  readonly traffic: EdgeTraffic;
  /** What happens to each class of paths. @default edgeBehaviors() */
  readonly behaviors?: readonly EdgeBehavior[];
  /** The service that answers misses: the plan proves that it carries them. @default unknown, and nothing is proven */
  readonly service?: OriginService;
  /** What the proxy behind lets one client do; the edge refuses nobody whom that one would serve. @default 20 requests/s, 40 more at once */
  readonly rateLimit?: ProxyClientLimit;
  /** @default DEFAULT_BUDGET */
  readonly budget?: Pick<PerformanceBudget, "cacheHitRatio" | "cpuUtilization">;
  /** Of the way to the service. @default those of requests of at most 10 s on AWS, behind this CDN */
  readonly timeouts?: TimeoutChain;
  /** Who sets the security headers: the edge over whatever comes, or the proxy behind it. @default "edge" */
  readonly headers?: "edge" | "proxy";
  /** The plan of the whole stack for it. @default it plans alone, from the arguments above */
  readonly plan?: CdnPlan;
}

type Defaulted = "behaviors" | "rateLimit" | "budget" | "timeouts" | "headers" | "plan";

/** Arguments with their defaults and their plan. */
export type CompleteEdgeArgs<Args extends EdgeArgs = EdgeArgs> = Omit<Args, Defaulted> &
  Required<Pick<EdgeArgs, Defaulted>>;

export function completeEdgeArgs<Args extends EdgeArgs>(
  provider: EdgeSummary["provider"],
  args: Args,
): CompleteEdgeArgs<Args> {
  const given: EdgeArgs = args;
  const complete = withDefaults(
    {
      behaviors: edgeBehaviors(),
      rateLimit: DEFAULT_RATE_LIMIT,
      budget: DEFAULT_BUDGET,
      timeouts: timeoutChain({
        maxRequestSeconds: DEFAULT_LONGEST_REQUEST_SECONDS,
        cloud: "aws",
        cdn: provider,
      }),
      headers: "edge" as const,
    },
    given,
  );
  const plan = args.plan ?? planCdn({ ...complete, classes: loadClasses(complete.behaviors) });
  return { ...args, ...complete, plan };
}

/** What to do about too many patterns of paths. */
export const FEWER_PATTERNS = "Replace several patterns by one.";

/** Source: quotas of CloudFront, and the default of Cloudflare: both wait so long at most. */
export const LONGEST_READ_SECONDS = 120;
/** Neither CloudFront nor Cloudflare lets a rule set these. */
const RESERVED_HEADER =
  /^(x-amz-|x-edge-|x-cf-|cf-|x-forwarded-|x-real-ip$|host$|cookie$|authorization$|connection$)/i;

/** True for the zone itself and for every name below it. */
export function isWithinZone(host: string, zone: string): boolean {
  return host === zone || host.endsWith(`.${zone}`);
}

/** What is wrong with the names that clients use. */
export function hostIssues(hosts: readonly string[], zone: string): Issue[] {
  const { issues, check } = issueList();
  issues.push(...issuesOf(z.object({ hosts: cdnSettings.hosts }), { hosts }));
  hosts.forEach((host, index) => {
    const at = `hosts[${index}]`;
    check(
      isWithinZone(host, zone),
      at,
      host,
      `${zone} or a name below it`,
      "The certificate is proved through the zone; give the host's own zone, or another host.",
    );
  });
  return issues;
}

/** Everything that is wrong whichever CDN it is. */
export function edgeIssues(args: CompleteEdgeArgs): Issue[] {
  const { hosts, zone, timeouts, traffic } = args;
  const { issues, check } = issueList(hostIssues(hosts, zone.name));
  const { headerName } = args.originLock;
  check(
    /^[A-Za-z0-9-]{1,64}$/.test(headerName) && !RESERVED_HEADER.test(headerName),
    "originLock.headerName",
    headerName,
    "a name of letters, digits and hyphens that no CDN keeps for itself",
    "Choose another name, like X-Origin-Lock.",
  );
  issues.push(...within(["traffic", "peakRps"], issuesOf(trafficSettings.peakRps, traffic.peakRps)));
  const { edge } = timeouts.request;
  check(
    Number.isInteger(edge) && edge >= 1 && edge <= LONGEST_READ_SECONDS,
    "timeouts.request.edge",
    edge,
    `a whole number from 1 to ${LONGEST_READ_SECONDS} (seconds)`,
    "Shorten the longest request of the service behind the load balancer.",
  );
  return [...issues, ...behaviorIssues(args.behaviors)];
}

/** True where the edge sets the security headers: always for what no proxy stands in front of. */
export function edgeSetsHeaders(
  { headers }: Pick<CompleteEdgeArgs, "headers">,
  { target }: EdgeBehavior,
): boolean {
  return headers === "edge" || target !== "service";
}

/** What a CDN tells policies and reports about itself. */
export function edgeSummary(
  name: string,
  provider: EdgeSummary["provider"],
  args: CompleteEdgeArgs,
  witnesses: readonly Witness[] = [],
): EdgeSummary {
  const { classes } = args.plan;
  return {
    configKey: args.configKey ?? name,
    workload: name,
    provider,
    hosts: args.hosts,
    headers: args.headers,
    ...plannedPart(args.plan, witnesses),
    classes: args.behaviors.map(({ class: of, paths, cache, signed, target }) => {
      const load = classes.find((each) => each.name === of);
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
