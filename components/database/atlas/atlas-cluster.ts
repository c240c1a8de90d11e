import * as k8s from "@pulumi/kubernetes";
import { AdvancedCluster, type AdvancedClusterArgs } from "@pulumi/mongodbatlas/advancedCluster";
import { AlertConfiguration, type AlertConfigurationArgs } from "@pulumi/mongodbatlas/alertConfiguration";
import { CloudBackupSchedule, type CloudBackupScheduleArgs } from "@pulumi/mongodbatlas/cloudBackupSchedule";
import { getAdvancedClustersOutput } from "@pulumi/mongodbatlas/getAdvancedClusters";
import * as pulumi from "@pulumi/pulumi";

import { atlasCacheGiB, atlasTiers } from "../../../budget/database/atlas-tiers";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import type { AtlasSummary } from "../../../budget/database/summary";
import { commonLabels } from "../../shared/kubernetes";
import { describeProblem, lateProblem, refuse, type Problem } from "../../shared/problems";
import { transformed } from "../../shared/transform";
import { ATLAS_MONGODB_VERSION } from "../../shared/versions";
import { OPLOG_HOURS, atlasAlerts } from "./atlas-alerts";
import {
  atlasClusterProblems,
  atlasSizes,
  type AtlasClusterArgs,
  type AtlasSizes,
} from "./atlas-cluster-args";
import { AtlasPrivateEndpoint, privateHost } from "./atlas-private-endpoint";
import {
  currentShards,
  replicationSpecs,
  shardBounds,
  type CurrentShard,
  type ShardPlan,
} from "./atlas-shards";
import { createAtlasUsers, type AtlasUser } from "./atlas-users";
import { DATABASE, readPreference, type DatabaseEndpoint } from "../database-endpoint";

export { atlasClusterProblems, atlasSizes } from "./atlas-cluster-args";
export type { AtlasClusterArgs, AtlasSizes } from "./atlas-cluster-args";
export type { AtlasNetwork } from "./atlas-private-endpoint";

/** Secret with the connection strings; the same name and keys as with the database in the cluster. */
const APPLICATION_SECRET = {
  name: "mongodb-application",
  uri: "uri",
  dataModelUri: "data-model-uri",
} as const;

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
  readonly cluster: AdvancedCluster;

  constructor(name: string, args: AtlasClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    refuse("AtlasCluster", name, atlasClusterProblems(args), args.configKey);
    const sizes = atlasSizes(args);
    const tags = args.readReplicas > 0 ? READ_ONLY_TAGS : "";
    const summary = atlasSummary(args, sizes, readPreference(tags));
    super(COMPONENT_TYPES.atlasCluster, name, summary, opts);
    this.routers = sizes.nodes;
    this.readPreference = summary.readPreference;

    const { projectId, clusterName, passwordGeneration = 1, transform = {} } = args;
    const child = { parent: this };
    const privateEndpoint = new AtlasPrivateEndpoint(
      `${name}-private-endpoint`,
      { projectId, clusterName, atlasRegion: sizes.load.region, network: args.network },
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
          ...clusterSettings(args),
          replicationSpecs: current.apply((shards) => this.shards(args, sizes, shards)),
        },
        { ...child, protect: true, dependsOn: [privateEndpoint.connection] },
      ),
    );

    const scheduleName = `${name}-backup-schedule`;
    new CloudBackupSchedule(
      ...transformed<CloudBackupScheduleArgs>(
        transform.backupSchedule,
        scheduleName,
        {
          projectId,
          clusterName: this.cluster.name,
          ...SNAPSHOT_TIME,
          restoreWindowDays: sizes.restoreWindowDays,
          policyItemHourly: {
            frequencyInterval: SNAPSHOT_HOURS,
            retentionUnit: "days",
            retentionValue: sizes.restoreWindowDays,
          },
          policyItemDaily: {
            frequencyInterval: 1,
            retentionUnit: "days",
            retentionValue: args.retentionDays,
          },
        },
        child,
      ),
    );
    for (const alert of atlasAlerts(clusterName, args.budget)) {
      const alertName = `${name}-alert-${alert.name}`;
      const alertArgs = { ...alert.args, projectId };
      new AlertConfiguration(
        ...transformed<AlertConfigurationArgs>(transform.alert, alertName, alertArgs, child),
      );
    }

    const users = createAtlasUsers(name, { projectId, clusterName, passwordGeneration }, child);
    const host = pulumi
      .all([this.cluster.connectionStrings, privateEndpoint.endpointId])
      .apply(([strings, endpointId]) => privateHost(strings, endpointId));
    const uri = ({ username, password }: AtlasUser): pulumi.Output<string> =>
      pulumi.interpolate`mongodb+srv://${username}:${password}@${host}/${DATABASE}?authSource=admin&tls=true`;
    const secretName = `${name}-application`;
    const secret = new k8s.core.v1.Secret(
      ...transformed<k8s.core.v1.SecretArgs>(
        transform.application,
        secretName,
        {
          metadata: {
            name: APPLICATION_SECRET.name,
            namespace: args.namespace,
            labels: commonLabels("mongodb", "database"),
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
      uriSecret: { name: secret.metadata.name, key: APPLICATION_SECRET.uri },
      adminUriSecret: { name: secret.metadata.name, key: APPLICATION_SECRET.dataModelUri },
      readReplicaTags: tags,
      // Each node of Atlas has a port of its own on the private endpoint.
      destination: { ports: [[1024, 65_535]] },
    };
    this.registerOutputs({ readPreference: this.readPreference, routers: this.routers });
  }

  /** The shards of this run, from the plan and from what is there. */
  private shards(
    args: AtlasClusterArgs,
    sizes: AtlasSizes,
    current: readonly CurrentShard[],
  ): ReturnType<typeof replicationSpecs> {
    const removal = shardRemovalProblem(args, current.length);
    if (removal !== undefined) throw lateProblem(describeProblem(removal, args.configKey));
    const { load, smallest, largest, storageGiB } = sizes;
    const plan: ShardPlan = {
      ...load,
      tiers: atlasTiers(load.cloud, load.region),
      smallest,
      largest,
      storageGiB,
    };
    const { min, max } = shardBounds(plan, current);
    if (min !== smallest.name || max !== largest.name) {
      void pulumi.log.warn(
        `${args.configKey}.shards: this run adds ${args.shards - current.length} to ${current.length} shards and ` +
          `leaves the auto-scaling of all between ${min} and ${max}. Run it again when the cluster is idle, for ` +
          `${smallest.name} to ${largest.name}.`,
        this,
      );
    }
    return replicationSpecs(plan, current);
  }
}

/** A shard is taken away only by somebody who means it: Atlas moves its data to the others, for hours. */
export function shardRemovalProblem(
  { shards, allowShardRemoval = false }: Pick<AtlasClusterArgs, "shards" | "allowShardRemoval">,
  current: number,
): Problem | undefined {
  if (current <= shards || allowShardRemoval) return undefined;
  return {
    property: "shards",
    got: shards,
    allowed: `at least ${current}, the shards that the cluster has`,
    fix:
      "Taking shards away moves their data to the others; ask MongoDB's support, then set allowShardRemoval to " +
      "true for that run.",
  };
}

/** Everything but the shards. */
function clusterSettings({
  projectId,
  clusterName,
}: AtlasClusterArgs): Omit<AdvancedClusterArgs, "replicationSpecs"> {
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

function atlasSummary(args: AtlasClusterArgs, sizes: AtlasSizes, preference: string): AtlasSummary {
  const { load, smallest, largest } = sizes;
  return {
    configKey: args.configKey,
    workload: args.clusterName,
    namespace: args.namespace,
    shards: load.shards,
    readReplicas: load.readReplicas,
    analyticsNodes: load.analyticsNodes,
    dataGiB: load.dataGiB,
    workingSetGiB: load.workingSetGiB,
    expectedClients: load.expectedClients,
    maxClients: smallest.maxConnections,
    slowMs: sizes.slowMs,
    readPreference: preference,
    minInstanceSize: smallest.name,
    maxInstanceSize: largest.name,
    cloud: load.cloud,
    region: load.region,
    nodes: sizes.nodes,
    queriesPerCore: load.queriesPerCore,
    peakQueries: load.peakQueries,
    cpuUtilization: load.cpuUtilization,
    cacheGiB: atlasCacheGiB(smallest),
    storageGiB: sizes.storageGiB,
    retentionDays: args.retentionDays,
    restoreWindowDays: sizes.restoreWindowDays,
  };
}
