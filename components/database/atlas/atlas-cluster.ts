import * as k8s from "@pulumi/kubernetes";
import { AdvancedCluster, type AdvancedClusterArgs } from "@pulumi/mongodbatlas/advancedCluster";
import { AlertConfiguration, type AlertConfigurationArgs } from "@pulumi/mongodbatlas/alertConfiguration";
import { CloudBackupSchedule, type CloudBackupScheduleArgs } from "@pulumi/mongodbatlas/cloudBackupSchedule";
import { getAdvancedClustersOutput } from "@pulumi/mongodbatlas/getAdvancedClusters";
import * as pulumi from "@pulumi/pulumi";

import { assertValid, describeIssue, lateError } from "../../shared/issues";
import { issue, type Issue } from "../../../budget/core/issues";
import type { AtlasPlan } from "../../../budget/database/atlas-plan";
import { atlasTiers, type AtlasTier } from "../../../budget/database/atlas-tiers";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import { plannedPart } from "../../../budget/core/summary";
import type { AtlasSummary } from "../../../budget/database/summary";
import { commonLabels } from "../../shared/kubernetes";
import { transformed } from "../../shared/transform";
import { ATLAS_MONGODB_VERSION } from "../../shared/versions";
import { OPLOG_HOURS, atlasAlerts } from "./atlas-alerts";
import {
  atlasClusterIssues,
  atlasInputs,
  atlasPlan,
  atlasSettings,
  type AtlasClusterArgs,
  type AtlasSettings,
} from "./atlas-cluster-args";
import { AtlasPrivateEndpoint, privateHost } from "./atlas-private-endpoint";
import {
  currentShards,
  replicationSpecs,
  shardBounds,
  type CurrentShard,
  type ShardPlan,
} from "./atlas-shards";
import { createAtlasUsers, type AtlasUser, type AtlasUsers } from "./atlas-users";
import { atlasWitnesses } from "./atlas-witnesses";
import { readPreference, type DatabaseEndpoint } from "../database-endpoint";

export { atlasClusterIssues } from "./atlas-cluster-args";
export type { AtlasClusterArgs } from "./atlas-cluster-args";
export type { AtlasNetwork } from "./atlas-private-endpoint";

/** Keys of the Secret with the connection strings; the same as with the database in the cluster. */
const APPLICATION_SECRET = { uri: "uri", dataModelUri: "data-model-uri" } as const;

/** Tag that Atlas gives to nodes that are read only. */
export const READ_ONLY_TAGS = "nodeType:READ_ONLY";

/** Snapshots between the daily ones, hours. */
const SNAPSHOT_HOURS = 6;

/** When a snapshot is taken, UTC: the quiet hours of Europe. */
const SNAPSHOT_TIME = { referenceHourOfDay: 2, referenceMinuteOfHour: 0 } as const;

/**
 * A sharded MongoDB that Atlas runs: tiers from the working set, connections, volume and CPU; reached through a private
 * endpoint only; backups with a point in time; alerts from the budget.
 *
 * Trap: shards are added at the end and never reordered. A run that adds one leaves the bounds of the auto-scaling as
 * they are, for Atlas wants nothing else to change then; the next run moves them.
 *
 * Trap: a preview asks Atlas for the tiers of now, so it needs the credentials of the provider.
 *
 * Cost: `shards * (3 + readReplicas + analyticsNodes)` nodes of a tier between the bounds, config servers of M30, their
 * volumes and snapshots.
 */
export class AtlasCluster extends pulumi.ComponentResource {
  readonly endpoint: DatabaseEndpoint;
  /** The part of a connection string that sends reads to the read-only nodes. */
  readonly readPreference: string;
  /** Processes of `mongos`, one on each node. */
  readonly routers: number;
  readonly plan: AtlasPlan;
  readonly cluster: AdvancedCluster;
  readonly backupSchedule: CloudBackupSchedule;
  /** By their names: `cpu-warning`. */
  readonly alerts: Readonly<Record<string, AlertConfiguration>>;
  readonly privateEndpoint: AtlasPrivateEndpoint;
  readonly users: AtlasUsers;
  /** Connection strings of the application and of the data-model Job. */
  readonly application: k8s.core.v1.Secret;

  constructor(name: string, args: AtlasClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("AtlasCluster", name, atlasClusterIssues(name, args), args.configKey);
    const settings = atlasSettings(name, args);
    const plan = atlasPlan(name, settings);
    const { numbers } = plan;
    const {
      projectId,
      clusterName,
      namespace,
      databaseName,
      shards,
      readReplicas,
      transform = {},
    } = settings;
    const { cloud, region } = atlasInputs(name, settings);
    const tags = readReplicas > 0 ? READ_ONLY_TAGS : "";
    const summary: AtlasSummary = {
      configKey: args.configKey ?? name,
      workload: clusterName,
      ...(typeof namespace === "string" ? { namespace } : {}),
      shards,
      readReplicas,
      analyticsNodes: settings.analyticsNodes,
      readPreference: readPreference(tags),
      cloud,
      region,
      ...plannedPart(plan, atlasWitnesses(name, settings, numbers)),
    };
    super(COMPONENT_TYPES.atlasCluster, name, summary, opts);
    this.plan = plan;
    this.routers = numbers.nodes.value;
    this.readPreference = summary.readPreference;

    const child = { parent: this };
    this.privateEndpoint = new AtlasPrivateEndpoint(
      `${name}-private-endpoint`,
      {
        projectId,
        clusterName,
        atlasRegion: region,
        network: settings.network,
        transform: transform.privateEndpoint,
      },
      child,
    );
    const current = getAdvancedClustersOutput({ projectId }, child).apply(({ results }) =>
      currentShards(results.find((found) => found.name === clusterName)),
    );
    const clusterResource = `${name}-cluster`;
    this.cluster = new AdvancedCluster(
      ...transformed<AdvancedClusterArgs>(
        transform.cluster,
        clusterResource,
        {
          ...clusterSettings(settings),
          replicationSpecs: current.apply((found) =>
            this.shards(args.configKey ?? name, settings, shardPlan(name, settings, plan), found),
          ),
        },
        { ...child, protect: true, dependsOn: [this.privateEndpoint.connection] },
      ),
    );

    const scheduleName = `${name}-backup-schedule`;
    this.backupSchedule = new CloudBackupSchedule(
      ...transformed<CloudBackupScheduleArgs>(
        transform.backupSchedule,
        scheduleName,
        {
          projectId,
          clusterName: this.cluster.name,
          ...SNAPSHOT_TIME,
          restoreWindowDays: numbers.restoreWindow.value,
          policyItemHourly: {
            frequencyInterval: SNAPSHOT_HOURS,
            retentionUnit: "days",
            retentionValue: numbers.restoreWindow.value,
          },
          policyItemDaily: {
            frequencyInterval: 1,
            retentionUnit: "days",
            retentionValue: settings.retentionDays,
          },
        },
        child,
      ),
    );
    this.alerts = Object.fromEntries(
      atlasAlerts(clusterName, settings.budget).map((alert) => [
        alert.name,
        new AlertConfiguration(
          ...transformed<AlertConfigurationArgs>(
            transform.alert,
            `${name}-alert-${alert.name}`,
            { ...alert.args, projectId },
            child,
          ),
        ),
      ]),
    );

    const users = createAtlasUsers(
      name,
      {
        projectId,
        clusterName,
        database: databaseName,
        passwordGeneration: settings.passwordGeneration,
        transform: transform.users,
      },
      child,
    );
    this.users = users;
    const host = pulumi
      .all([this.cluster.connectionStrings, this.privateEndpoint.endpointId])
      .apply(([strings, endpointId]) => privateHost(strings, endpointId));
    const uri = ({ username, password }: AtlasUser): pulumi.Output<string> =>
      pulumi.interpolate`mongodb+srv://${username}:${password}@${host}/${databaseName}?authSource=admin&tls=true`;
    const secretName = `${name}-application`;
    this.application = new k8s.core.v1.Secret(
      ...transformed<k8s.core.v1.SecretArgs>(
        transform.application,
        secretName,
        {
          metadata: {
            name: `${name}-application`,
            namespace,
            labels: commonLabels(name, "database"),
          },
          stringData: {
            [APPLICATION_SECRET.uri]: uri(users.application),
            [APPLICATION_SECRET.dataModelUri]: uri(users.dataModel),
          },
        },
        { ...child, dependsOn: [users.application.user, users.dataModel.user] },
      ),
    );
    this.endpoint = {
      database: databaseName,
      uriSecret: { name: this.application.metadata.name, key: APPLICATION_SECRET.uri },
      adminUriSecret: { name: this.application.metadata.name, key: APPLICATION_SECRET.dataModelUri },
      readReplicaTags: tags,
      // Each node of Atlas has a port of its own on the private endpoint.
      destination: { ports: [[1024, 65_535]] },
    };
    this.registerOutputs({ readPreference: this.readPreference, routers: this.routers });
  }

  /** The shards of this run, from the plan and from what is there. */
  private shards(
    key: string,
    settings: AtlasSettings,
    plan: ShardPlan,
    current: readonly CurrentShard[],
  ): ReturnType<typeof replicationSpecs> {
    const removal = shardRemovalIssue(settings, current.length);
    if (removal !== undefined) throw lateError(describeIssue(removal, settings.configKey));
    const { smallest, largest } = plan;
    const { min, max } = shardBounds(plan, current);
    if (min !== smallest.name || max !== largest.name) {
      void pulumi.log.warn(
        `${key}.shards: this run adds ${settings.shards - current.length} to ${current.length} shards and ` +
          `leaves the auto-scaling of all between ${min} and ${max}. Run it again when the cluster is idle, for ` +
          `${smallest.name} to ${largest.name}.`,
        this,
      );
    }
    return replicationSpecs(plan, current);
  }
}

/** What the plan says of every shard. */
function shardPlan(name: string, settings: AtlasSettings, { numbers }: AtlasPlan): ShardPlan {
  const inputs = atlasInputs(name, settings);
  const tiers = atlasTiers(inputs.cloud, inputs.region);
  const tier = (wanted: string): AtlasTier => {
    const found = tiers.find((one) => one.name === wanted);
    if (found === undefined)
      throw new RangeError(`the plan names ${wanted}, which ${inputs.region} does not have`);
    return found;
  };
  return {
    ...inputs,
    tiers,
    smallest: tier(numbers.smallestTier.value),
    largest: tier(numbers.largestTier.value),
    storageGiB: numbers.storage.value,
  };
}

/** A shard is taken away only by somebody who means it: Atlas moves its data to the others, for hours. */
export function shardRemovalIssue(
  { shards, allowShardRemoval = false }: Pick<AtlasSettings, "shards" | "allowShardRemoval">,
  current: number,
): Issue | undefined {
  if (current <= shards || allowShardRemoval) return undefined;
  return issue("shards", shards, {
    allowed: `at least ${current}, the shards that the cluster has`,
    fix:
      "Taking shards away moves their data to the others; ask MongoDB's support, then set allowShardRemoval to " +
      "true for that run.",
  });
}

/** Everything but the shards. */
function clusterSettings({
  projectId,
  clusterName,
}: AtlasSettings): Omit<AdvancedClusterArgs, "replicationSpecs"> {
  return {
    projectId,
    name: clusterName,
    clusterType: "SHARDED",
    mongoDbMajorVersion: ATLAS_MONGODB_VERSION,
    versionReleaseSystem: "LTS",
    backupEnabled: true,
    pitEnabled: true,
    terminationProtectionEnabled: true,
    retainBackupsEnabled: true,
    // Metadata of the shards on servers of their own: an embedded one takes memory from the working set of a shard.
    configServerManagementMode: "FIXED_TO_DEDICATED",
    // Reports scale beside the operational nodes; those one after the other, so that two thirds of the cache stay warm.
    replicaSetScalingStrategy: "WORKLOAD_TYPE",
    advancedConfiguration: {
      // Nothing of the platform runs JavaScript in the server.
      javascriptEnabled: false,
      minimumEnabledTlsProtocol: "TLS1_2",
      defaultWriteConcern: "majority",
      oplogMinRetentionHours: OPLOG_HOURS,
    },
    tags: { "managed-by": "pulumi" },
  };
}
