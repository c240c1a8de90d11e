/** Rules of a stack file about the way of a request: CDN, load balancer of the cloud, proxy, application. */
import { BlockList } from "node:net";

import type { SettingPath } from "../../budget/core/settings";
import { valueAt } from "../../budget/core/setting-paths";
import { issue, type Issue, issuesOf, within } from "../../budget/core/issues";
import { certificateIssues } from "../../budget/load-balancing/rules";
import { NODE_ZONES } from "../../budget/core/cloud-leaves";
import { proxySettings } from "../../budget/load-balancing/settings";
import { longestRequestSeconds, requestLimit, type ChainCdn } from "../../budget/timeouts/timeouts";
import { allowedRange } from "../../budget/core/ranges";
import { MOST_COUNTED_REQUESTS } from "../../components/load-balancing/public/gcp/gcp-load-balancer-args";
import { areInCloudflare } from "./cdn-records";
import { subnetIssues } from "./cluster-checks";
import {
  aws as awsSettings,
  cloudLoadBalancer,
  type CloudLoadBalancerConfig,
} from "./schema/cloud-load-balancer";
import { gcpZones } from "./regions";
import { cluster } from "./schema/cluster";
import type { ClusterConfig, ServiceConfig } from "./schema/stack";

/** The parts of the way that are sound by themselves. */
export interface ChainParts {
  readonly cluster: ClusterConfig | undefined;
  readonly cdn: ChainCdn;
  /** Zone of Cloudflare, where that is the CDN. */
  readonly cloudflareZone: string | undefined;
  readonly public: CloudLoadBalancerConfig | undefined;
  /** The file has a load balancer, sound or not. */
  readonly hasLoadBalancer: boolean;
  /** True when the file has a `public` block, sound or not. */
  readonly hasPublic: boolean;
  /** Each that is sound by itself, at its place. */
  readonly trustedProxies: readonly (string | undefined)[];
}

const AT: SettingPath = ["loadBalancer", "public"];

/** @param raw values by key, without the project's prefix */
export function chainParts(raw: Readonly<Record<string, unknown>>): ChainParts {
  const given = valueAt(raw, AT);
  const provider = valueAt(raw, ["cdn", "provider"]);
  const zone = valueAt(raw, ["cdn", "zone"]);
  const trusted = valueAt(raw, ["loadBalancer", "trustedProxies"]);
  return {
    cluster: cluster.safeParse(raw["cluster"]).data,
    cdn: provider === "cloudfront" || provider === "cloudflare" ? provider : "none",
    cloudflareZone: provider === "cloudflare" && typeof zone === "string" ? zone : undefined,
    public: given === undefined ? undefined : cloudLoadBalancer.safeParse(given).data,
    hasLoadBalancer: raw["loadBalancer"] !== undefined,
    hasPublic: given !== undefined,
    trustedProxies: Array.isArray(trusted)
      ? trusted.map((range) => proxySettings.trustedProxies.element.safeParse(range).data)
      : [],
  };
}

export function chainIssues(chain: ChainParts, services: Readonly<Record<string, ServiceConfig>>): Issue[] {
  if (chain.cluster === undefined) return [];
  return [
    ...requestIssues(chain, chain.cluster, services),
    ...lockIssues(chain, chain.cluster),
    ...(chain.public === undefined ? [] : publicIssues(chain, chain.cluster, chain.public)),
  ];
}

/** A request that some hop gives up before the application can answer. */
function requestIssues(
  { cdn: provider }: ChainParts,
  { cloud }: ClusterConfig,
  services: Readonly<Record<string, ServiceConfig>>,
): Issue[] {
  const longest = longestRequestSeconds({ cloud, cdn: provider });
  return Object.entries(services).flatMap(([name, { maxRequestSeconds }]) => {
    if (maxRequestSeconds <= longest) return [];
    const limit = requestLimit({ maxRequestSeconds, cloud, cdn: provider });
    return issue(["services", name, "maxRequestSeconds"], maxRequestSeconds, {
      allowed: `at most ${longest} (seconds), for ${limit}`,
      fix: "Shorten it, and give longer work to a queue.",
    });
  });
}

/** A CDN whose secret no load balancer demands can be passed by. */
function lockIssues(
  { cdn: provider, hasPublic, hasLoadBalancer }: ChainParts,
  { cloud }: ClusterConfig,
): Issue[] {
  if (provider === "none") return [];
  // A CDN without any load balancer, or on a local cluster, is another rule's.
  if (hasPublic || !hasLoadBalancer || cloud === "local") return [];
  return [
    issue(AT, undefined, {
      allowed: `a load balancer that demands the origin lock, for cdn.provider is ${provider}`,
      fix: "Describe it: without one everybody could pass by the CDN.",
    }),
  ];
}

function publicIssues(
  chain: ChainParts,
  { cloud, zones, ...location }: ClusterConfig,
  config: CloudLoadBalancerConfig,
): Issue[] {
  if (cloud === "local") {
    const fix = "Remove the key, or say in retrofitlink:cluster.cloud where the stack runs.";
    return [{ path: AT, got: "a map", allowed: "nothing on a local cluster", fix }];
  }
  const elsewhere = areInCloudflare(config.hosts, chain.cloudflareZone);
  const issues: Issue[] = [
    ...within(
      AT,
      certificateIssues(
        config.hosts,
        config.certificate === "managed" ? undefined : config.certificate.names,
        config.dnsZone !== undefined || elsewhere,
      ),
    ),
    ...(elsewhere ? [] : dnsZoneIssues(config.dnsZone, cloud)),
    ...sourceIssues(chain, config),
    ...trustIssues(chain, cloud),
  ];
  return cloud === "aws"
    ? [...issues, ...awsIssues(config, zones)]
    : [...issues, ...gcpIssues(config, zones, "region" in location ? location.region : "")];
}

function awsIssues({ aws }: CloudLoadBalancerConfig, zones: number): Issue[] {
  if (aws !== undefined) return subnetIssues([...AT, "aws", "subnetIds"], aws.subnetIds, zones);
  return within([...AT, "aws"], issuesOf(awsSettings, undefined));
}

function gcpIssues({ gcp, firewall }: CloudLoadBalancerConfig, zones: number, region: string): Issue[] {
  const issues: Issue[] = [];
  if (firewall.requestsPerFiveMinutes > MOST_COUNTED_REQUESTS) {
    issues.push(
      issue([...AT, "firewall", "requestsPerFiveMinutes"], firewall.requestsPerFiveMinutes, {
        allowed: `at most ${MOST_COUNTED_REQUESTS} on gcp, for Cloud Armor counts no further`,
        fix: "Lower it; the rate limit of the proxy, loadBalancer.rateLimit, is another.",
      }),
    );
  }
  const there = gcpZones(region);
  const named = gcp?.zones;
  const isRight =
    named === undefined
      ? there.length === zones
      : named.length === zones &&
        new Set(named).size === zones &&
        named.every((zone) => there.includes(zone));
  if (!isRight) {
    issues.push(
      issue([...AT, "gcp", "zones"], named, {
        allowed: `${zones} of ${there.join(", ")}, as cluster.zones and cluster.region say`,
        ...NODE_ZONES,
      }),
    );
  }
  return issues;
}

/** How the zones of each cloud are named. */
const DNS_ZONES = {
  aws: { pattern: /^Z[0-9A-Z]{1,31}$/, allowed: "the id of a zone of Route 53, like Z0123456789ABC" },
  gcp: {
    pattern: /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
    allowed: "the name of a zone of Cloud DNS, like example-com",
  },
} as const;

function dnsZoneIssues(dnsZone: string | undefined, cloud: keyof typeof DNS_ZONES): Issue[] {
  const { pattern, allowed } = DNS_ZONES[cloud];
  if (dnsZone === undefined || pattern.test(dnsZone)) return [];
  return [issue([...AT, "dnsZone"], dnsZone, { allowed, fix: "Name the zone of the hosts." })];
}

function sourceIssues({ cdn: provider }: ChainParts, { sources }: CloudLoadBalancerConfig): Issue[] {
  const path = [...AT, "sources"];
  if (provider !== "none") {
    if (sources === undefined) return [];
    return [
      issue(path, sources, {
        allowed: `nothing, for cdn.provider is ${provider}, and the CDN is the only source`,
        fix: "Remove the key: whoever else may connect passes by the CDN.",
      }),
    ];
  }
  if (sources === undefined) {
    const fix = "Say internet, or name the ranges, or put a CDN in front with retrofitlink:cdn.";
    return [issue(path, undefined, { allowed: '"internet" or a list of ranges', fix })];
  }
  if (sources === "internet") return [];
  return sources.flatMap((range, index) => {
    const allowed = allowedRange(range);
    if (allowed === undefined) return [];
    const fix = "Name the ranges; everybody is said with sources: internet.";
    return issue([...path, index], range, { allowed, fix });
  });
}

/** Ranges that no address of the internet lies in. */
const PRIVATE = new BlockList();
PRIVATE.addSubnet("10.0.0.0", 8);
PRIVATE.addSubnet("172.16.0.0", 12);
PRIVATE.addSubnet("192.168.0.0", 16);
PRIVATE.addSubnet("100.64.0.0", 10);

/** Bits of the smallest private block that a range has to lie in. */
const PRIVATE_BITS: readonly (readonly [first: RegExp, bits: number])[] = [
  [/^10\./, 8],
  [/^172\./, 12],
  [/^192\./, 16],
  [/^100\./, 10],
];

function isPrivateRange(range: string): boolean {
  const [address = "", prefix = ""] = range.split("/");
  if (address.includes(":")) return /^f[cd]/i.test(address);
  const bits = PRIVATE_BITS.find(([first]) => first.test(address))?.[1] ?? 33;
  return PRIVATE.check(address) && Number(prefix) >= bits;
}

/**
 * The proxy believes what its trusted ranges say of a client's address. Behind an ALB those are its subnets', which only
 * the file knows; behind Google's load balancer they are derived, and more of the network's own do no harm.
 */
function trustIssues({ trustedProxies }: ChainParts, cloud: "aws" | "gcp"): Issue[] {
  const path: SettingPath = ["loadBalancer", "trustedProxies"];
  const fix =
    cloud === "aws"
      ? "Give the range of the VPC, in which the load balancer stands."
      : "Remove it: the ranges of Google's front ends and of the CDN are added by themselves.";
  if (cloud === "aws" && trustedProxies.length === 0) {
    const allowed =
      "the range of the VPC, or all clients share the load balancer's address and its rate limit";
    return [issue(path, undefined, { allowed, fix })];
  }
  return trustedProxies.flatMap((range, index) =>
    range === undefined || isPrivateRange(range)
      ? []
      : issue([...path, index], range, { allowed: "a range of the private network", fix }),
  );
}
