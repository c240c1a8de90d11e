import type * as k8s from "@pulumi/kubernetes";
import type { AdvancedClusterArgs } from "@pulumi/mongodbatlas/advancedCluster";
import type { AlertConfigurationArgs } from "@pulumi/mongodbatlas/alertConfiguration";
import type { CloudBackupScheduleArgs } from "@pulumi/mongodbatlas/cloudBackupSchedule";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

import { issue, type Issue, issuesOf } from "../../../budget/core/issues";
import { passwordGeneration } from "../../../budget/core/leaves";
import { DEFAULT_BUDGET, type PerformanceBudget } from "../../../budget/core/performance-budget";
import { planAtlas, type AtlasInputs, type AtlasPlan } from "../../../budget/database/atlas-plan";
import { atlasRegion, regionsOfAtlas } from "../../../budget/database/atlas-regions";
import type { Collection } from "../../../budget/database/data-model/collection";
import type { DatabaseUser } from "../../../budget/database/mongodb";
import { atlasIssues, queryTimeIssues, workingSetIssues } from "../../../budget/database/rules";
import {
  atlasClientCidrs,
  atlasClusterName,
  atlasProjectId,
  atlasSizes,
  databaseSizes,
  retentionDays,
  NO_CLIENT_CIDRS,
} from "../../../budget/database/settings";
import type { Transform } from "../../shared/transform";
import { withDefaults } from "../../shared/with-defaults";
import { DEFAULT_DATABASE } from "../database-endpoint";
import type { AtlasNetwork, AtlasPrivateEndpointTransforms } from "./atlas-private-endpoint";
import type { AtlasUserTransforms } from "./atlas-users";

/** Arguments of `AtlasCluster`. */
export interface AtlasClusterArgs {
  /** Atlas project that exists, 24 hexadecimal digits. */
  readonly projectId: pulumi.Input<string>;
  /** Where it runs, and from where it is reached. */
  readonly network: AtlasNetwork;
  /** Data and indexes of all shards at the end of the planning horizon, GiB, above 0 and at most 1,000,000. */
  readonly dataGiB: number;
  /** Documents and indexes that the queries of an hour touch, of all shards, GiB, above 0 and at most `dataGiB`. */
  readonly workingSetGiB: number;
  /** Where the arguments come from, for messages: `retrofitlink:database`. @default the component's name */
  readonly configKey?: string;
  /** Of the Secret with the connection strings. @default "default" */
  readonly namespace?: pulumi.Input<string>;
  /** Name of the application's database. @default "app" */
  readonly databaseName?: string;
  /** Name of the cluster in Atlas, 1 to 23 letters, digits and hyphens; a change makes a new cluster. @default the component's name */
  readonly clusterName?: string;
  /** Which passwords the application and the data-model Job use, a whole number >= 1. Raise it by one for new ones. @default 1 */
  readonly passwordGeneration?: number;
  /** Replica sets the data is spread over, whole number from 1 to 100. @default 1 */
  readonly shards?: number;
  /** Nodes of each shard that serve reads only, whole number from 0 to 47. @default 0 */
  readonly readReplicas?: number;
  /** Nodes of each shard for reports, whole number from 0 to 47. @default 0 */
  readonly analyticsNodes?: number;
  /** Queries/s that one core of a node answers, measured. @default 1000, and a proof names it as an assumption */
  readonly queriesPerCore?: number | undefined;
  /** Bounds of the auto-scaling: `M60`. Refused below what the proof needs. @default what the proof needs */
  readonly instanceSizes?: { readonly min?: string | undefined; readonly max?: string | undefined };
  /** Services that query it, at their largest. @default none */
  readonly users?: readonly DatabaseUser[];
  /** Tiers and alerts follow from it. @default DEFAULT_BUDGET */
  readonly budget?: PerformanceBudget;
  /** What is asked of it, for the load of each shard. @default every query names its shard */
  readonly dataModel?: readonly Collection[];
  /** @default planned from these arguments */
  readonly plan?: AtlasPlan;
  /** Daily snapshots are kept so long, days, whole number from 1 to 365. @default 7 */
  readonly retentionDays?: number;
  /** True for a run that takes the last shards away. @default false */
  readonly allowShardRemoval?: boolean;
  readonly transform?: {
    readonly cluster?: Transform<AdvancedClusterArgs>;
    readonly backupSchedule?: Transform<CloudBackupScheduleArgs>;
    readonly alert?: Transform<AlertConfigurationArgs>;
    readonly application?: Transform<k8s.core.v1.SecretArgs>;
    readonly privateEndpoint?: AtlasPrivateEndpointTransforms;
    readonly users?: AtlasUserTransforms;
  };
}

/** Arguments with their defaults. */
export interface AtlasSettings extends AtlasClusterArgs {
  readonly namespace: pulumi.Input<string>;
  readonly databaseName: string;
  readonly clusterName: string;
  readonly passwordGeneration: number;
  readonly shards: number;
  readonly readReplicas: number;
  readonly analyticsNodes: number;
  readonly users: readonly DatabaseUser[];
  readonly budget: PerformanceBudget;
  readonly retentionDays: number;
}

/** What is taken for everything that is left out. */
const DEFAULTS = {
  namespace: "default",
  databaseName: DEFAULT_DATABASE,
  passwordGeneration: 1,
  shards: 1,
  readReplicas: 0,
  analyticsNodes: 0,
  users: [],
  budget: DEFAULT_BUDGET,
  retentionDays: 7,
} as const;

export function atlasSettings(name: string, args: AtlasClusterArgs): AtlasSettings {
  return withDefaults({ ...DEFAULTS, clusterName: name }, args);
}

const SETTINGS = z.object({
  clusterName: atlasClusterName,
  ...databaseSizes,
  ...atlasSizes,
  queriesPerCore: atlasSizes.queriesPerCore.optional(),
  retentionDays,
  passwordGeneration,
});

/** Everything that makes a cluster impossible to build or to prove. An empty list means it is sound. */
export function atlasClusterIssues(name: string, args: AtlasClusterArgs): Issue[] {
  const settings = atlasSettings(name, args);
  const { projectId, users, budget } = settings;
  const single = [
    ...(typeof projectId === "string"
      ? issuesOf(z.object({ projectId: atlasProjectId }), { projectId })
      : []),
    ...issuesOf(SETTINGS, settings),
  ];
  const found = [...single, ...networkIssues(settings)];
  // The proofs below would only repeat, as NaN, what is wrong above.
  if (found.length > 0) return found;
  return [
    ...workingSetIssues(settings),
    ...users.flatMap(({ service, querySeconds }) =>
      queryTimeIssues(["users", service, "querySeconds"], querySeconds, budget),
    ),
    ...atlasIssues(atlasInputs(name, settings)),
  ];
}

function networkIssues({ network }: AtlasSettings): Issue[] {
  const { kind, region } = network;
  const issues: Issue[] = [];
  if (atlasRegion(kind, region) === undefined) {
    issues.push(
      issue("network.region", region, {
        allowed: `one of ${regionsOfAtlas(kind).join(", ")}`,
        fix: "Choose a region that Atlas has.",
      }),
    );
  }
  if (kind !== "aws") return issues;
  const plain = network.clientCidrs.filter((range) => typeof range === "string");
  if (network.clientCidrs.length === 0 || !atlasClientCidrs.safeParse(plain).success) {
    issues.push(issue("network.clientCidrs", plain, NO_CLIENT_CIDRS));
  }
  return issues;
}

/** What a plan is made from. */
export function atlasInputs(name: string, settings: AtlasSettings): AtlasInputs {
  const { kind, region } = settings.network;
  const { shards, readReplicas, analyticsNodes, dataGiB, workingSetGiB, queriesPerCore, users } = settings;
  return {
    database: name,
    cloud: kind,
    region: atlasRegion(kind, region) ?? "",
    shards,
    readReplicas,
    analyticsNodes,
    dataGiB,
    workingSetGiB,
    queriesPerCore,
    users,
    instanceSizes: settings.instanceSizes,
    budget: settings.budget,
    retentionDays: settings.retentionDays,
    dataModel: settings.dataModel,
  };
}

/** The plan that was given, or the one that follows from the arguments. Asks for arguments without issues. */
export function atlasPlan(name: string, settings: AtlasSettings): AtlasPlan {
  return settings.plan ?? planAtlas(atlasInputs(name, settings));
}
