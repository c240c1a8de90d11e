/**
 * Names that the official providers make up for resources whose program gives none: the name in the program, a separator and seven hexadecimal digits,
 * refused where that is longer than the provider's limit. They are made in Check, so that a preview knows them.
 */
import { isGiven } from "./judge-shape";
import { shapeOf } from "./tables";
import type { CheckProblem } from "../protocol/serve-provider";
import type { Properties } from "../protocol/values";

const RANDOM = 7;

/** How one resource type is named. */
export interface AutoName {
  readonly property: string;
  /** Characters. */
  readonly longest: number;
  readonly separator: string;
  readonly lowerCase?: boolean;
}

/** What holds for every property `name` of a cloud. Cloudflare's provider names nothing. */
const DEFAULTS: Readonly<Record<string, AutoName>> = {
  // pulumi-aws provider/autonaming.go, setAutonaming.
  aws: { property: "name", longest: 255, separator: "-" },
  // pulumi-gcp provider/resources.go, prov.SetAutonaming(255, "-").
  gcp: { property: "name", longest: 255, separator: "-" },
  // pulumi-mongodbatlas provider/resources.go, prov.SetAutonaming(255, "-").
  mongodbatlas: { property: "name", longest: 255, separator: "-" },
};

/** pulumi-gcp provider/resources.go, lowercaseAutoName. */
const LOWER_CASE: AutoName = { property: "name", longest: 63, separator: "-", lowerCase: true };

const EXCEPTIONS: Readonly<Record<string, AutoName>> = {
  // pulumi-aws, applyLegacyResourceAliases, "aws_lb_target_group".
  "aws:lb/targetGroup:TargetGroup": { property: "name", longest: 32, separator: "-" },
  // pulumi-aws, the overrides of "aws_iam_role".
  "aws:iam/role:Role": { property: "name", longest: 64, separator: "-" },
  // pulumi-aws, the overrides of "aws_elasticache_replication_group".
  "aws:elasticache/replicationGroup:ReplicationGroup": {
    property: "replicationGroupId",
    longest: 40,
    separator: "-",
    lowerCase: true,
  },
  // pulumi-aws, the overrides of "aws_s3_bucket".
  "aws:s3/bucket:Bucket": { property: "bucket", longest: 63, separator: "-", lowerCase: true },
  // pulumi-gcp provider/resources.go, nameField(lowercaseAutoName()) and AutoName of the types named here.
  "gcp:compute/backendService:BackendService": LOWER_CASE,
  "gcp:compute/securityPolicy:SecurityPolicy": LOWER_CASE,
  "gcp:compute/targetHttpProxy:TargetHttpProxy": LOWER_CASE,
  "gcp:compute/targetHttpsProxy:TargetHttpsProxy": LOWER_CASE,
  "gcp:compute/uRLMap:URLMap": LOWER_CASE,
  "gcp:serviceaccount/account:Account": { property: "accountId", longest: 30, separator: "-" },
  "gcp:storage/bucket:Bucket": { property: "name", longest: 222, separator: "-" },
};

/** A prefix that the cloud completes is a name, too: the bridge then leaves the name alone. */
const PREFIXES: Readonly<Record<string, string>> = { name: "namePrefix", bucket: "bucketPrefix" };

/** @returns undefined where the official provider makes up no name */
export function autoNameOf(type: string): AutoName | undefined {
  const rule = EXCEPTIONS[type] ?? DEFAULTS[type.slice(0, type.indexOf(":"))];
  if (rule === undefined) return undefined;
  const kind = shapeOf(type)?.[rule.property];
  // What the SDK requires is never made up.
  return kind === undefined || (kind.startsWith("!") && EXCEPTIONS[type] === undefined) ? undefined : rule;
}

export interface Named {
  readonly inputs: Properties;
  readonly problem?: CheckProblem;
}

/**
 * Gives a resource without a name the one that the official provider would make up. One that was named that way keeps
 * its name, except when it is replaced: then the engine asks without old inputs.
 */
export function withAutoName(
  type: string,
  logicalName: string,
  { news, olds, seed }: { readonly news: Properties; readonly olds: Properties; readonly seed: Uint8Array },
): Named {
  const rule = autoNameOf(type);
  if (rule === undefined || isGiven(news[rule.property])) return { inputs: news };
  if (isGiven(news[PREFIXES[rule.property] ?? ""])) return { inputs: news };
  const { property, longest, separator, lowerCase } = rule;
  const prefix = `${lowerCase === true ? logicalName.toLowerCase() : logicalName}${separator}`;
  if (prefix.length + RANDOM > longest) {
    const reason = `could not make instance of '${type}': name '${prefix}' plus ${RANDOM} random chars is longer than maximum length ${longest}`;
    return { inputs: news, problem: { property, reason } };
  }
  const before = olds[property];
  const kept = isAutoNamed(type, logicalName, olds) ? before : undefined;
  const made = `${prefix}${Buffer.from(seed).toString("hex").padEnd(RANDOM, "0").slice(0, RANDOM)}`;
  return { inputs: { ...news, [property]: kept ?? made } };
}

/** True when the name of a resource is one that was made up for it. */
export function isAutoNamed(type: string, logicalName: string, inputs: Properties): boolean {
  const rule = autoNameOf(type);
  const name = rule === undefined ? undefined : inputs[rule.property];
  if (rule === undefined || typeof name !== "string") return false;
  const prefix = `${rule.lowerCase === true ? logicalName.toLowerCase() : logicalName}${rule.separator}`;
  return name.startsWith(prefix) && /^[0-9a-f]{7}$/.test(name.slice(prefix.length));
}
