/** What MongoDB Atlas and its provider refuse, as far as it is known. Unknown values break no rule. */
import type { CheckProblem } from "./protocol/serve-provider";
import { UNKNOWN, isProperties, type Properties, type Value } from "./protocol/values";

type Rule = (inputs: Properties) => (CheckProblem | undefined)[];

function problem(broken: boolean, property: string, reason: string): CheckProblem | undefined {
  return broken ? { property, reason } : undefined;
}

function map(value: Value): Properties {
  return isProperties(value) ? value : {};
}

function list(value: Value): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : [];
}

function number(value: Value): number {
  return typeof value === "number" ? value : NaN;
}

function text(value: Value): string {
  return typeof value === "string" ? value : "";
}

/** `M30` and `R40_NVME` by their number; NaN for what is not known. */
function size(value: Value): number {
  return typeof value === "string" ? Number(/^[MR](\d+)/.exec(value)?.[1]) : NaN;
}

const SPECS = ["electableSpecs", "readOnlySpecs", "analyticsSpecs"] as const;

function regionRules(region: Properties, at: string): (CheckProblem | undefined)[] {
  const scaling = map(region["autoScaling"]);
  const [min, max] = [scaling["computeMinInstanceSize"], scaling["computeMaxInstanceSize"]];
  const electable = map(region["electableSpecs"]);
  const readOnly = map(region["readOnlySpecs"]);
  const is = size(electable["instanceSize"]);
  return [
    problem(
      scaling["computeEnabled"] === true && max === undefined,
      `${at}.autoScaling.computeMaxInstanceSize`,
      "Compute auto-scaling max instance size required (COMPUTE_AUTO_SCALING_MAX_INSTANCE_SIZE_REQUIRED)",
    ),
    problem(
      scaling["computeScaleDownEnabled"] === true && min === undefined,
      `${at}.autoScaling.computeMinInstanceSize`,
      "Compute auto-scaling min instance size required (COMPUTE_AUTO_SCALING_MIN_INSTANCE_SIZE_REQUIRED)",
    ),
    problem(
      is < size(min) || is > size(max),
      `${at}.electableSpecs.instanceSize`,
      `${text(electable["instanceSize"])} is not between ${text(min)} and ${text(max)}`,
    ),
    problem(
      number(readOnly["nodeCount"]) > 0 && is !== size(readOnly["instanceSize"]),
      `${at}.readOnlySpecs.instanceSize`,
      "nodes of a shard must use the same instance size (INSTANCE_SIZE_MUST_MATCH_IN_REGION_CONFIGS)",
    ),
    problem(
      ![0, 3, 5, 7].includes(number(electable["nodeCount"])),
      `${at}.electableSpecs.nodeCount`,
      "a shard has 3, 5 or 7 electable nodes",
    ),
  ];
}

const clusterRules: Rule = (inputs) => {
  const shards = list(inputs["replicationSpecs"]).map(map);
  const regions = shards.flatMap((shard, index) =>
    list(shard["regionConfigs"]).map((region, inner) => ({
      region: map(region),
      at: `replicationSpecs[${index}].regionConfigs[${inner}]`,
    })),
  );
  const disks = regions.flatMap(({ region }) => SPECS.map((spec) => map(region[spec])["diskSizeGb"]));
  const known = disks.filter((disk) => disk !== undefined && disk !== UNKNOWN);
  const oplog = number(map(inputs["advancedConfiguration"])["oplogMinRetentionHours"]);
  const withoutScaling = regions.some(({ region }) => map(region["autoScaling"])["diskGbEnabled"] !== true);
  return [
    ...regions.flatMap(({ region, at }) => regionRules(region, at)),
    problem(
      new Set(known).size > 1,
      "replicationSpecs",
      "diskSizeGb must be equal for all shards and node types",
    ),
    problem(
      inputs["pitEnabled"] === true && inputs["backupEnabled"] !== true,
      "pitEnabled",
      "continuous backup needs backupEnabled",
    ),
    problem(
      oplog > 0 && withoutScaling,
      "advancedConfiguration.oplogMinRetentionHours",
      "needs disk auto-scaling (OPLOG_MIN_RETENTION_HOURS_NO_DISK_AUTO_SCALING)",
    ),
    problem(
      inputs["clusterType"] === "REPLICASET" && shards.length > 1,
      "replicationSpecs",
      "a replica set has one entry",
    ),
  ];
};

const DAYS: Readonly<Record<string, number>> = { days: 1, weeks: 7, months: 31, years: 366 };

function retention(item: Value): number {
  const { retentionValue, retentionUnit } = map(item);
  return number(retentionValue) * (DAYS[text(retentionUnit)] ?? NaN);
}

const scheduleRules: Rule = (inputs) => [
  problem(
    retention(inputs["policyItemDaily"]) < retention(inputs["policyItemHourly"]),
    "policyItemDaily.retentionValue",
    "a less frequent snapshot is kept at least as long as a more frequent one",
  ),
  problem(
    number(inputs["restoreWindowDays"]) > retention(inputs["policyItemHourly"]),
    "restoreWindowDays",
    "the window of a restore is at most the retention of the hourly snapshots",
  ),
];

const endpointRules: Rule = ({ providerName, portMappingEnabled }) => [
  problem(
    providerName !== UNKNOWN && !["AWS", "AZURE", "GCP"].includes(text(providerName)),
    "providerName",
    'expected provider_name to be one of ["AWS" "AZURE" "GCP"]',
  ),
  problem(
    portMappingEnabled === true && providerName !== "GCP",
    "portMappingEnabled",
    "port_mapping_enabled is only supported for GCP provider",
  ),
];

const connectionRules: Rule = ({ providerName, gcpProjectId, privateEndpointIpAddress, endpoints }) => [
  problem(providerName === "GCP" && gcpProjectId === undefined, "gcpProjectId", "is required for GCP"),
  problem(
    providerName === "GCP" && privateEndpointIpAddress === undefined && endpoints === undefined,
    "privateEndpointIpAddress",
    "is required for GCP's port-mapped architecture",
  ),
];

const alertRules: Rule = ({ eventType, metricThresholdConfig, notifications }) => [
  problem(
    eventType === "OUTSIDE_METRIC_THRESHOLD" && metricThresholdConfig === undefined,
    "metricThresholdConfig",
    "must be configured for OUTSIDE_METRIC_THRESHOLD",
  ),
  ...list(notifications).map((item, index) =>
    problem(number(map(item)["intervalMin"]) < 5, `notifications[${index}].intervalMin`, "is at least 5"),
  ),
];

const RULES: Readonly<Record<string, Rule>> = {
  AdvancedCluster: clusterRules,
  CloudBackupSchedule: scheduleRules,
  PrivateLinkEndpoint: endpointRules,
  PrivateLinkEndpointService: connectionRules,
  AlertConfiguration: alertRules,
};

/** @param type the SDK's token */
export function atlasProblems(type: string, inputs: Properties): CheckProblem[] {
  const rule = RULES[type.slice(type.lastIndexOf(":") + 1)];
  return (rule?.(inputs) ?? []).filter((found) => found !== undefined);
}
