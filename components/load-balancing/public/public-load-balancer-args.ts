/** What the load balancers of both clouds are told, and what is wrong with it on either. */
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

import { issue, type Issue, issuesOf } from "../../../budget/core/issues";
import { allowedRange } from "../../../budget/core/ranges";
import { certificateIssues } from "../../../budget/load-balancing/rules";
import { port } from "../../../budget/core/leaves";
import { DEFAULT_BUDGET, type PerformanceBudget } from "../../../budget/core/performance-budget";
import { plannedPart } from "../../../budget/core/summary";
import type { Witness } from "../../../budget/core/witness";
import {
  planPublicLoadBalancer,
  type PublicLoadBalancerPlan,
} from "../../../budget/load-balancing/public-plan";
import { PUBLIC_DEFAULTS, firewallSettings, publicSettings } from "../../../budget/load-balancing/settings";
import type { PublicLoadBalancerSummary } from "../../../budget/load-balancing/summary";
import {
  DEFAULT_LONGEST_REQUEST_SECONDS,
  timeoutChain,
  type TimeoutChain,
  timeoutIssues,
} from "../../../budget/timeouts/timeouts";
import type { OriginLock } from "../../shared/http/origin-lock";
import type { RecordWriter } from "../../shared/host-records";
import { withDefaults } from "../../shared/with-defaults";

/** The proxy that takes the requests. */
export interface ProxyTarget {
  /** Name of its Service, which is also its workload. */
  readonly serviceName: pulumi.Input<string>;
  /** Port of the Service, 1..65535. @default 80 */
  readonly servicePort?: number;
  /** Port of the pods, to which the load balancer connects, 1..65535. @default 8080 */
  readonly podPort?: number;
  /** What the pods speak on it. @default "HTTP" */
  readonly protocol?: "HTTP" | "HTTPS";
  /** Where a pod says that it takes requests. @default "/healthz", that of this library's proxies */
  readonly healthPath?: string;
}

/** Who may connect. A CDN is a source of its own, so that "a CDN and the internet" cannot be said. */
export type TrafficSources =
  | { readonly kind: "internet" }
  | { readonly kind: "ranges"; readonly ranges: readonly string[] }
  | { readonly kind: "cloudfront" }
  | { readonly kind: "cloudflare" };

/** A certificate that is made and renewed, or one that is there. */
export type ServedCertificate =
  | { readonly kind: "managed" }
  | {
      readonly kind: "existing";
      /** ARN of AWS Certificate Manager, or `projects/…/locations/global/certificates/…`. */
      readonly id: pulumi.Input<string>;
      /** Names it was issued for: `api.example.com`, `*.example.com`. */
      readonly names: readonly string[];
    };

/** The web application firewall. */
export interface FirewallSettings {
  /** `count` reports what would be refused, and refuses nothing. */
  readonly mode: "block" | "count";
  /** What one client address may ask in five minutes, a whole number >= 10. */
  readonly requestsPerFiveMinutes: number;
}

/** What both load balancers have in common. */
export interface PublicLoadBalancerArgs {
  /** Path in a stack file that the arguments come from, for messages. @default messages name the arguments themselves */
  readonly configKey?: string;
  /** Of the proxy. @default "default" */
  readonly namespace?: pulumi.Input<string>;
  readonly proxy: ProxyTarget;
  /** Names it answers to, at least one; the first is the one that a CDN connects to. */
  readonly hosts: readonly string[];
  /** Zone of the names: the id on Route 53, the name in Cloud DNS. Without it nobody makes the records. */
  readonly dnsZone?: pulumi.Input<string>;
  /** Writes the records of the names and the proofs of the certificate, where another DNS service has their zone. @default `dnsZone` */
  readonly records?: RecordWriter;
  /** @default made here, and proved in `dnsZone` */
  readonly certificate?: ServedCertificate;
  /** @default the internet */
  readonly sources?: TrafficSources;
  /** Demanded of every request. A CDN as the source has to have one. */
  readonly originLock?: OriginLock;
  /** How long access logs are kept, days, whole number from 1 to 3653. @default 30 */
  readonly accessLogDays?: number;
  /** @default blocks, 6000 requests of one client in five minutes */
  readonly firewall?: FirewallSettings;
  /** Decides at what the alarms go off. @default DEFAULT_BUDGET */
  readonly budget?: Pick<
    PerformanceBudget,
    "responseTimeP95Seconds" | "responseTimeP99Seconds" | "errorRatio"
  >;
  /** Of the way to the service. @default those of requests of at most 10 s on this cloud, behind the CDN in `sources` */
  readonly timeouts?: TimeoutChain;
  /** The plan of the whole stack for it. @default it plans alone, from the arguments above */
  readonly plan?: PublicLoadBalancerPlan;
}

type Defaulted =
  "namespace" | "certificate" | "sources" | "accessLogDays" | "firewall" | "budget" | "timeouts" | "plan";

/** Arguments with their defaults and their plan. */
export type CompletePublicArgs<Args extends PublicLoadBalancerArgs> = Omit<Args, "proxy" | Defaulted> &
  Required<Pick<PublicLoadBalancerArgs, Defaulted>> & { readonly proxy: Required<ProxyTarget> };

const PROXY_DEFAULTS = { servicePort: 80, podPort: 8080, protocol: "HTTP", healthPath: "/healthz" } as const;

export function completePublicArgs<Args extends PublicLoadBalancerArgs>(
  cloud: PublicLoadBalancerSummary["cloud"],
  args: Args,
): CompletePublicArgs<Args> {
  const { sources = { kind: "internet" } } = args;
  const cdn = isBehindCdn(sources) ? sources.kind : "none";
  const given: PublicLoadBalancerArgs = args;
  const complete = withDefaults(
    {
      namespace: "default",
      certificate: { kind: "managed" as const },
      sources,
      ...PUBLIC_DEFAULTS,
      budget: DEFAULT_BUDGET,
      timeouts: timeoutChain({ maxRequestSeconds: DEFAULT_LONGEST_REQUEST_SECONDS, cloud, cdn }),
    },
    given,
  );
  const plan = args.plan ?? planPublicLoadBalancer({ ...complete, cloud, sources: complete.sources.kind });
  const proxy = withDefaults(PROXY_DEFAULTS, args.proxy);
  return { ...args, ...complete, proxy, plan };
}

/** True when a CDN stands in front: the load balancer then sees its addresses, not those of clients. */
export function isBehindCdn(
  sources: TrafficSources,
): sources is Extract<TrafficSources, { kind: "cloudfront" | "cloudflare" }> {
  return sources.kind === "cloudfront" || sources.kind === "cloudflare";
}

/** What a load balancer tells policies and reports about itself. */
export function publicLoadBalancerSummary(
  name: string,
  cloud: PublicLoadBalancerSummary["cloud"],
  args: CompletePublicArgs<PublicLoadBalancerArgs>,
  witnesses: readonly Witness[],
): PublicLoadBalancerSummary {
  return {
    configKey: args.configKey ?? name,
    workload: name,
    ...(typeof args.namespace === "string" ? { namespace: args.namespace } : {}),
    cloud,
    hosts: args.hosts,
    originLocked: args.originLock !== undefined,
    firewallMode: args.firewall.mode,
    timeouts: args.timeouts,
    ...plannedPart(args.plan, witnesses),
  };
}

type Complete = CompletePublicArgs<PublicLoadBalancerArgs>;

/** Everything that is wrong on either cloud. An empty list means it is sound. */
export function publicLoadBalancerIssues(args: Complete): Issue[] {
  return [
    ...issuesOf(checked, args),
    ...certificateIssues(
      args.hosts,
      args.certificate.kind === "managed" ? undefined : args.certificate.names,
      args.dnsZone !== undefined || args.records !== undefined,
    ),
    ...sourceIssues(args),
    ...timeoutIssues(args.timeouts),
  ];
}

function sourceIssues({ sources, originLock }: Complete): Issue[] {
  const { kind } = sources;
  if ((kind === "cloudfront" || kind === "cloudflare") && originLock === undefined) {
    const fix = "Pass the lock that the CDN sends: its addresses are those of all its customers.";
    return [issue("originLock", originLock, { allowed: `an origin lock, for ${kind} is the source`, fix })];
  }
  if (kind !== "ranges") return [];
  if (sources.ranges.length === 0) {
    const fix = "Name the ranges, or say internet.";
    return [issue("sources.ranges", sources.ranges, { allowed: "at least one range", fix })];
  }
  return sources.ranges.flatMap((range, index) => {
    const allowed = allowedRange(range);
    if (allowed === undefined) return [];
    const fix = "Give the range of an office or a partner; everybody is said with sources: internet.";
    return [issue(`sources.ranges[${index}]`, range, { allowed, fix })];
  });
}

const checked = z.object({
  hosts: publicSettings.hosts,
  firewall: z.object(firewallSettings),
  accessLogDays: publicSettings.accessLogDays,
  proxy: z.object({ servicePort: port, podPort: port }),
});
