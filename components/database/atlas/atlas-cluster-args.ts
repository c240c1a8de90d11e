import type * as k8s from "@pulumi/kubernetes";
import type { AdvancedClusterArgs } from "@pulumi/mongodbatlas/advancedCluster";
import type { AlertConfigurationArgs } from "@pulumi/mongodbatlas/alertConfiguration";
import type { CloudBackupScheduleArgs } from "@pulumi/mongodbatlas/cloudBackupSchedule";

import {
  atlasDemand,
  atlasNodes,
  atlasStorageGiB,
  atlasTierRange,
  largestTierRequirements,
  smallestTierRequirements,
  unmet,
  type AtlasLoad,
  type AtlasTierRange,
} from "../../../budget/database/atlas";
import { atlasRegion, regionsOfAtlas } from "../../../budget/database/atlas-regions";
import { PRIVATE_ENDPOINT_NODES, atlasTiers, type AtlasTier } from "../../../budget/database/atlas-tiers";
import type { DatabaseUser } from "../../../budget/database/mongodb";
import type { PerformanceBudget } from "../../../budget/core/performance-budget";
import type { Problem } from "../../shared/problems";
import type { Transform } from "../../shared/transform";
import type { AtlasNetwork } from "./atlas-private-endpoint";
import { loadProblems } from "../load-problems";

/** Arguments of `AtlasCluster`. */
export interface AtlasClusterArgs {
  /** Path in the stack file that the arguments come from: `retrofitlink:database`. */
  readonly configKey: string;
  readonly namespace: string;
  /** Which passwords the application and the data-model Job use, a whole number >= 1. Raise it by one for new ones. @default 1 */
  readonly passwordGeneration?: number;
  /** Atlas project that exists, 24 hexadecimal digits. */
  readonly projectId: string;
  /** Name of the cluster in Atlas, 1 to 23 letters, digits and hyphens; a change makes a new cluster. */
  readonly clusterName: string;
  /** Where it runs, and from where it is reached. */
  readonly network: AtlasNetwork;
  /** Replica sets the data is spread over, whole number from 1 to 100. */
  readonly shards: number;
  /** Nodes of each shard that serve reads only, whole number from 0 to 47. */
  readonly readReplicas: number;
  /** Nodes of each shard for reports, whole number from 0 to 47. */
  readonly analyticsNodes: number;
  /** Data and indexes of all shards at the end of the planning horizon, GiB, > 0. */
  readonly dataGiB: number;
  /** Documents and indexes that queries within the budget touch, of all shards, GiB, > 0. */
  readonly workingSetGiB: number;
  /** Queries/s that one core of a node answers, > 0, measured. */
  readonly queriesPerCore: number;
  /** Bounds of the auto-scaling: `M60`. Refused below what the proof needs. @default what the proof needs */
  readonly instanceSizes?: { readonly min?: string | undefined; readonly max?: string | undefined };
  /** Services that query it, at their largest. */
  readonly users: readonly DatabaseUser[];
  /** Tiers and alerts follow from it. */
  readonly budget: PerformanceBudget;
  /** Daily snapshots are kept so long, days, whole number >= 1. */
  readonly retentionDays: number;
  /** True for a run that takes the last shards away. @default false */
  readonly allowShardRemoval?: boolean;
  readonly transform?: {
    readonly cluster?: Transform<AdvancedClusterArgs>;
    readonly backupSchedule?: Transform<CloudBackupScheduleArgs>;
    readonly alert?: Transform<AlertConfigurationArgs>;
    readonly application?: Transform<k8s.core.v1.SecretArgs>;
  };
}

/** What the proofs make of the arguments. */
export interface AtlasSizes {
  readonly load: AtlasLoad;
  readonly smallest: AtlasTier;
  readonly largest: AtlasTier;
  /** Nodes of all shards, each with a router. */
  readonly nodes: number;
  /** Volume that a node's data needs, GiB. */
  readonly storageGiB: number;
  /** `slowms`, milliseconds. */
  readonly slowMs: number;
  readonly restoreWindowDays: number;
}

/** Atlas keeps what every second needs at most so long by default; more costs a copy of the oplog. Days. */
const LONGEST_RESTORE_WINDOW_DAYS = 7;

/** A range that is not the whole of the internet: IPv4, at least 8 bits. */
const CLIENT_RANGE = /^(\d{1,3}\.){3}\d{1,3}\/([89]|[12]\d|3[0-2])$/;

/** Atlas forms host names from the first 23 characters, which have to be unique in a project. */
const CLUSTER_NAME = /^[A-Za-z0-9]([-A-Za-z0-9]{0,21}[A-Za-z0-9])?$/;

type Check = (ok: boolean, property: string, got: unknown, allowed: string, fix: string) => void;

/** Everything that makes a cluster impossible to build or to prove. An empty list means it is sound. */
export function atlasClusterProblems(args: AtlasClusterArgs): Problem[] {
  const problems: Problem[] = [];
  const check: Check = (ok, property, got, allowed, fix) => {
    if (!ok) problems.push({ property, got, allowed, fix });
  };
  checkNames(args, check);
  const whole = (
    property: "shards" | "readReplicas" | "analyticsNodes",
    least: number,
    most: number,
  ): void => {
    const ok = Number.isInteger(args[property]) && args[property] >= least && args[property] <= most;
    const fix =
      property === "shards" ? "Count the replica sets." : "A shard has at most 50 nodes, 3 of them vote.";
    check(ok, property, args[property], `a whole number from ${least} to ${most}`, fix);
  };
  whole("shards", 1, 100);
  whole("readReplicas", 0, 47);
  whole("analyticsNodes", 0, 47);
  for (const [property, unit] of [
    ["dataGiB", "GiB"],
    ["workingSetGiB", "GiB"],
    ["queriesPerCore", "queries/s"],
  ] as const) {
    const ok = Number.isFinite(args[property]) && args[property] > 0;
    check(ok, property, args[property], `a number above 0 (${unit})`, "Give what was measured.");
  }
  const { retentionDays } = args;
  const days = Number.isInteger(retentionDays) && retentionDays >= 1;
  check(days, "backup.retentionDays", retentionDays, "a whole number of at least 1 (days)", "Say how long.");
  // The proofs below would only repeat, as NaN, what is wrong above.
  if (problems.length > 0) return problems;

  problems.push(...loadProblems(args, args.budget.databaseQuerySeconds.target));
  const most = PRIVATE_ENDPOINT_NODES[args.network.kind];
  check(
    atlasNodes(args) <= most,
    "shards",
    args.shards,
    `at most ${most} nodes that a private endpoint of ${args.network.kind} reaches, and these are ` +
      `${args.shards} * (3 + ${args.readReplicas} + ${args.analyticsNodes}) = ${atlasNodes(args)}`,
    "Use fewer shards, read replicas or analytics nodes.",
  );
  return [...problems, ...tierProblems(args)];
}

function checkNames({ projectId, clusterName, network }: AtlasClusterArgs, check: Check): void {
  const hexadecimal = /^[0-9a-f]{24}$/.test(projectId);
  check(hexadecimal, "projectId", projectId, "24 hexadecimal digits", "See the project's settings in Atlas.");
  check(
    CLUSTER_NAME.test(clusterName),
    "clusterName",
    clusterName,
    "1 to 23 letters, digits and hyphens, no hyphen at the ends",
    "Shorten it: Atlas forms host names from the first 23 characters.",
  );
  const { kind, region } = network;
  check(
    atlasRegion(kind, region) !== undefined,
    "network.region",
    region,
    `one of ${regionsOfAtlas(kind).join(", ")}`,
    "Choose a region that Atlas has.",
  );
  if (kind !== "aws") return;
  check(
    network.clientCidrs.length > 0 && network.clientCidrs.every((range) => CLIENT_RANGE.test(range)),
    "clientCidrs",
    network.clientCidrs,
    "at least one IPv4 range of at least 8 bits, like 10.0.0.0/16",
    "Give the ranges of the pods that connect; the private endpoint lets nobody else in.",
  );
}

/** Problems of the bounds that were given, or of a load that no tier carries. */
function tierProblems(args: AtlasClusterArgs): Problem[] {
  const load = atlasLoad(args);
  const tiers = atlasTiers(load.cloud, load.region);
  const { min, max } = args.instanceSizes ?? {};
  const unknown = (
    [
      ["min", min],
      ["max", max],
    ] as const
  ).filter(([, name]) => name !== undefined && !tiers.some((tier) => tier.name === name));
  if (unknown.length > 0) {
    return unknown.map(([bound, name]) => ({
      property: `instanceSizes.${bound}`,
      got: name,
      allowed: `one of ${tiers.map((tier) => tier.name).join(", ")}`,
      fix: "Choose a tier of the general class, or leave it out.",
    }));
  }
  const { smallest, largest } = chosenTiers(args, load);
  const lower = smallest ?? tiers.at(-1);
  const upper = largest ?? tiers.at(-1);
  if (lower === undefined || upper === undefined) return [];
  const derived = atlasTierRange(load);
  const found = boundProblems({ bound: "min", load, tier: lower, given: min, becomes: derived.smallest });
  if (smallest === undefined || found.length > 0) return found;
  if (tiers.indexOf(upper) < tiers.indexOf(lower)) {
    return [
      {
        property: "instanceSizes.max",
        got: upper.name,
        allowed: `${lower.name} or larger`,
        fix: "The largest tier is not below the smallest.",
      },
    ];
  }
  return boundProblems({ bound: "max", load, tier: upper, given: max, becomes: derived.largest });
}

interface Bound {
  readonly bound: "min" | "max";
  readonly load: AtlasLoad;
  /** The tier that is checked. */
  readonly tier: AtlasTier;
  /** Its name in the stack file, if it is there. */
  readonly given: string | undefined;
  /** The tier that it becomes when it is left out. */
  readonly becomes: AtlasTier | undefined;
}

function boundProblems({ bound, load, tier, given, becomes }: Bound): Problem[] {
  const requirements = bound === "min" ? smallestTierRequirements(load) : largestTierRequirements(load);
  const least = atlasTiers(load.cloud, load.region).find((one) => unmet(requirements, one).length === 0);
  return unmet(requirements, tier).map(({ name, unit, needed, of, key, fix }) => {
    const has = `${tier.name} has ${rounded(of(tier))} ${unit} (${name}), and ${rounded(needed)} are needed`;
    if (given !== undefined && least !== undefined && becomes !== undefined) {
      return {
        property: `instanceSizes.${bound}`,
        got: given,
        allowed: `${least.name} or larger: ${has}`,
        fix: `Raise it, or leave it out and it becomes ${becomes.name}.`,
      };
    }
    const got = key === "users" ? load.expectedClients : load[key as "dataGiB"];
    return { property: key, got, allowed: `what the largest tier of ${load.region} carries: ${has}`, fix };
  });
}

function rounded(value: number): number {
  return Math.ceil(value * 100) / 100;
}

function atlasLoad(args: AtlasClusterArgs): AtlasLoad {
  const { shards, readReplicas, analyticsNodes, dataGiB, workingSetGiB, queriesPerCore, network } = args;
  return {
    cloud: network.kind,
    region: atlasRegion(network.kind, network.region) ?? network.region,
    shards,
    readReplicas,
    analyticsNodes,
    dataGiB,
    workingSetGiB,
    queriesPerCore,
    ...atlasDemand(args.users),
    cpuUtilization: args.budget.cpuUtilization,
  };
}

/** The bounds that were given, and the derived ones where none were. */
function chosenTiers({ instanceSizes }: AtlasClusterArgs, load: AtlasLoad): AtlasTierRange {
  const range = atlasTierRange(load, instanceSizes?.min);
  const max = atlasTiers(load.cloud, load.region).find(({ name }) => name === instanceSizes?.max);
  return { smallest: range.smallest, largest: max ?? range.largest };
}

/**
 * Every derived size.
 *
 * @throws RangeError for arguments with problems
 */
export function atlasSizes(args: AtlasClusterArgs): AtlasSizes {
  const load = atlasLoad(args);
  const { smallest, largest } = chosenTiers(args, load);
  if (smallest === undefined || largest === undefined) throw new RangeError("no tier of Atlas carries this");
  return {
    load,
    smallest,
    largest,
    nodes: atlasNodes(load),
    storageGiB: atlasStorageGiB(load),
    slowMs: Math.round(args.budget.databaseQuerySeconds.critical * 1000),
    restoreWindowDays: Math.min(LONGEST_RESTORE_WINDOW_DAYS, args.retentionDays),
  };
}
