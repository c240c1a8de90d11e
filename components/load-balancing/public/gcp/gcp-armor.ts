/** Cloud Armor: who may pass, how often, and what looks like an attack. */
import * as compute from "@pulumi/gcp/compute";
import type { input } from "@pulumi/gcp/types";
import * as pulumi from "@pulumi/pulumi";

import { CLOUDFLARE_RANGES } from "../../../shared/http/cloudflare-ranges";
import type { OriginLock } from "../../../shared/http/origin-lock";
import { transformed, type Transform } from "../../../shared/transform";
import type { FirewallSettings, TrafficSources } from "../public-load-balancer-args";

/** What the policy depends on. */
export interface GcpArmorArgs {
  readonly project: string;
  readonly sources: TrafficSources;
  /** With 0 where the load balancer cannot tell clients apart. */
  readonly firewall: FirewallSettings;
  readonly originLock?: OriginLock | undefined;
  readonly transform?: Transform<compute.SecurityPolicyArgs> | undefined;
}

/** Rules of the OWASP core rule set as Google keeps them, each at its lowest sensitivity. */
const ATTACKS = ["sqli", "xss", "lfi", "rce", "protocolattack", "scannerdetection"] as const;

/** Ranges in one rule, a limit of Cloud Armor. */
const RANGES_OF_RULE = 10;

/** How long a client that asked too much is refused, seconds. */
const BAN_SECONDS = 300;

/** Priority of the rule that is asked last, fixed by Cloud Armor. */
const LAST = 2_147_483_647;

/**
 * Rules are asked in their order until one matches: whoever does not know the origin lock is refused, then what looks
 * like an attack; the sources pass as long as they keep to their rate; everybody else is refused.
 *
 * In `count` mode rules that would refuse are previews, which log and do nothing.
 */
export function gcpArmor(name: string, args: GcpArmorArgs, parent: pulumi.Resource): compute.SecurityPolicy {
  const policyName = `${name}-firewall`;
  return new compute.SecurityPolicy(
    ...transformed<compute.SecurityPolicyArgs>(
      args.transform,
      policyName,
      {
        project: args.project,
        type: "CLOUD_ARMOR",
        description: "In front of the proxy",
        adaptiveProtectionConfig: {
          layer7DdosDefenseConfig: { enable: true, ruleVisibility: "STANDARD" },
        },
        advancedOptionsConfig: {
          jsonParsing: "STANDARD",
          logLevel: "NORMAL",
          ...(args.sources.kind === "cloudflare" ? { userIpRequestHeaders: ["CF-Connecting-IP"] } : {}),
        },
        rules: [
          ...lockRules(args.originLock),
          ...attackRules(args.firewall),
          ...sourceRules(args),
          {
            priority: LAST,
            description: "everybody else",
            action: "deny(403)",
            match: { versionedExpr: "SRC_IPS_V1", config: { srcIpRanges: ["*"] } },
          },
        ],
      },
      { parent },
    ),
  );
}

function lockRules(lock: OriginLock | undefined): input.compute.SecurityPolicyRule[] {
  if (lock === undefined) return [];
  const header = `request.headers['${lock.headerName}']`;
  return [
    {
      priority: 100,
      description: "not through the CDN",
      action: "deny(403)",
      match: {
        expr: { expression: pulumi.interpolate`!has(${header}) || ${header} != '${lock.headerValue}'` },
      },
    },
  ];
}

function attackRules({ mode }: FirewallSettings): input.compute.SecurityPolicyRule[] {
  return ATTACKS.map((attack, index) => ({
    priority: 1000 + index,
    description: attack,
    action: "deny(403)",
    preview: mode === "count",
    match: { expr: { expression: `evaluatePreconfiguredWaf('${attack}-v33-stable', {'sensitivity': 1})` } },
  }));
}

function sourceRules({ firewall, sources }: GcpArmorArgs): input.compute.SecurityPolicyRule[] {
  const limit = firewall.requestsPerFiveMinutes;
  return chunks(rangesOf(sources), RANGES_OF_RULE).flatMap((srcIpRanges, index) => {
    const match = { versionedExpr: "SRC_IPS_V1", config: { srcIpRanges } };
    const description = `sources ${index + 1}`;
    const pass = { priority: 3000 + index, description, action: "allow", match };
    if (limit === 0) return [pass];
    const rated = {
      priority: 2000 + index,
      description: `requests of one client, ${description}`,
      action: "rate_based_ban",
      match,
      rateLimitOptions: {
        enforceOnKey: sources.kind === "cloudflare" ? "USER_IP" : "IP",
        rateLimitThreshold: { count: limit, intervalSec: 300 },
        banDurationSec: BAN_SECONDS,
        conformAction: "allow",
        exceedAction: "deny(429)",
      },
    };
    // A preview decides nothing, so that in count mode another rule has to let the sources pass.
    return firewall.mode === "count" ? [{ ...rated, preview: true }, pass] : [rated];
  });
}

/** CloudFront's addresses are too many for rules and change too often: behind it the lock alone decides. */
function rangesOf(sources: TrafficSources): readonly string[] {
  switch (sources.kind) {
    case "ranges":
      return sources.ranges;
    case "cloudflare":
      return [...CLOUDFLARE_RANGES.v4, ...CLOUDFLARE_RANGES.v6];
    case "internet":
    case "cloudfront":
      return ["*"];
  }
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}
