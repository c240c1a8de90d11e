import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

import {
  configServerMemory,
  largestShard,
  mongoConnections,
  mongodMemory,
  mongodStorageGiB,
  peakQueries,
  routerCount,
  routerMemoryGiB,
  type DatabaseUser,
  type MongoConnections,
  type MongodMemory,
} from "../../../budget/database/mongodb";
import type { Threshold } from "../../../budget/core/performance-budget";
import type { Problem } from "../../shared/problems";
import type { Transform } from "../../shared/transform";
import { loadProblems } from "../load-problems";

/** Where backups go, and how the backup agent gets there. */
export interface BackupTarget {
  readonly storage:
    | { readonly type: "s3"; readonly bucket: pulumi.Input<string>; readonly region: pulumi.Input<string> }
    | {
        readonly type: "gcs";
        readonly bucket: pulumi.Input<string>;
        /** Secret with `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, an HMAC key of the bucket's account. */
        readonly credentialsSecret: pulumi.Input<string>;
      };
  /** Daily backups that are kept, whole number >= 1. */
  readonly retentionDays: number;
}

/** Arguments of `MongoDbCluster`. */
export interface MongoDbClusterArgs {
  /** Path in the stack file that the arguments come from: `retrofitlink:database`. */
  readonly configKey: string;
  readonly namespace: string;
  /** Replica sets the data is spread over, whole number >= 1. */
  readonly shards: number;
  /** Non-voting members of each shard that serve reads, whole number >= 0, at most 47: a set has 50 members. */
  readonly readReplicas: number;
  /** Data and indexes of all shards at the end of the planning horizon, GiB, > 0. */
  readonly dataGiB: number;
  /** Documents and indexes that queries within the budget touch, of all shards, GiB, > 0. */
  readonly workingSetGiB: number;
  /** CPU request of one `mongod`, cores, > 0. */
  readonly cpuCores: number;
  readonly routers: {
    /** CPU request of one `mongos`, cores, > 0. */
    readonly cpuCores: number;
    /** Queries/s that one core of a `mongos` passes on, > 0, measured. */
    readonly queriesPerCore: number;
  };
  /** Services that query it, at their largest. */
  readonly users: readonly DatabaseUser[];
  /** Zones of the cluster, whole number from 1 to 6. */
  readonly zones: number;
  /** Query time of the budget, seconds. Above `critical` a query is slow. */
  readonly queryTime: Threshold;
  /** 0 off, 1 slow operations, 2 all. @default 1 */
  readonly profilerLevel?: 0 | 1 | 2;
  /** Which passwords the application and the data-model Job use, a whole number >= 1. Raise it by one for new ones. @default 1 */
  readonly passwordGeneration?: number;
  /** @default the cluster's default class */
  readonly storageClassName?: string;
  /** @default no backups */
  readonly backup?: BackupTarget;
  /** What must be there before a member can write a backup. @default nothing */
  readonly backupReady?: readonly pulumi.Resource[];
  /** Refuse to delete the cluster and its passwords, without which its volumes cannot be opened. @default true */
  readonly protect?: boolean;
  /** Install Percona's operator in the namespace; false when it is there already. @default true */
  readonly installOperator?: boolean;
  /** Namespace whose pods may read the metrics. @default "monitoring" */
  readonly monitoringNamespace?: string;
  /** Of members, config servers and routers. @default none */
  readonly priorityClassName?: pulumi.Input<string>;
  readonly transform?: {
    readonly operator?: Transform<k8s.helm.v3.ReleaseArgs>;
    readonly cluster?: Transform<k8s.apiextensions.CustomResourceArgs>;
    readonly networkPolicy?: Transform<k8s.networking.v1.NetworkPolicyArgs>;
  };
}

/** What the proofs make of the arguments. */
export interface MongoDbSizes {
  readonly routers: number;
  readonly connections: MongoConnections;
  readonly memory: MongodMemory;
  /** Of a config server. */
  readonly configServer: MongodMemory;
  /** Memory of one `mongos`, GiB. */
  readonly routerMemoryGiB: number;
  /** Volume of one member, GiB. */
  readonly storageGiB: number;
  /** `slowms`, milliseconds. */
  readonly slowMs: number;
}

/** Members of a shard, or of the config servers, that vote; a replica set elects with any two of them. */
export const VOTERS = 3;

const MOST_READ_REPLICAS = 47;

/** Everything that makes a cluster impossible to build or to prove. An empty list means it is sound. */
export function mongoDbClusterProblems(args: MongoDbClusterArgs): Problem[] {
  const problems: Problem[] = [];
  const check = (ok: boolean, property: string, got: unknown, allowed: string, fix: string): void => {
    if (!ok) problems.push({ property, got, allowed, fix });
  };
  const whole = (
    property: "shards" | "readReplicas" | "zones",
    least: number,
    most: number,
    fix: string,
  ): void => {
    const ok = Number.isInteger(args[property]) && args[property] >= least && args[property] <= most;
    check(ok, property, args[property], `a whole number from ${least} to ${most}`, fix);
  };
  whole("shards", 1, 100, "Count the replica sets the data is spread over.");
  whole("readReplicas", 0, MOST_READ_REPLICAS, "A replica set has at most 50 members, 3 of them vote.");
  whole("zones", 1, 6, "Count the zones of the cluster's nodes.");
  const positive: readonly (readonly [string, number, string, string])[] = [
    ["dataGiB", args.dataGiB, "GiB", "Give data and indexes at the end of the planning horizon."],
    ["workingSetGiB", args.workingSetGiB, "GiB", "Give what the queries of an hour touch."],
    ["cpuCores", args.cpuCores, "cores", "Give what a load test measured."],
    ["routers.cpuCores", args.routers.cpuCores, "cores", "Give what a load test measured."],
    ["routers.queriesPerCore", args.routers.queriesPerCore, "queries/s", "Give what a load test measured."],
  ];
  for (const [property, value, unit, fix] of positive) {
    check(Number.isFinite(value) && value > 0, property, value, `a number above 0 (${unit})`, fix);
  }
  if (problems.length > 0) return problems;
  problems.push(...loadProblems(args, args.queryTime.target));
  const days = args.backup?.retentionDays;
  check(
    days === undefined || (Number.isInteger(days) && days >= 1),
    "backup.retentionDays",
    days,
    "a whole number of at least 1 (days)",
    "Say how long backups are kept.",
  );
  return problems;
}

/** Every derived size. Asks for arguments without problems. */
export function mongoDbSizes(args: MongoDbClusterArgs): MongoDbSizes {
  const { cpuCores, queriesPerCore } = args.routers;
  const routers = routerCount(peakQueries(args.users), queriesPerCore, cpuCores, args.zones);
  const connections = mongoConnections(args.users, routers);
  const members = args.shards * (VOTERS + args.readReplicas) + VOTERS;
  return {
    routers,
    connections,
    memory: mongodMemory(largestShard(args.workingSetGiB, args.shards), connections.memberMaxConnections),
    configServer: configServerMemory(connections.memberMaxConnections),
    routerMemoryGiB: routerMemoryGiB(connections, members),
    storageGiB: mongodStorageGiB(largestShard(args.dataGiB, args.shards)),
    slowMs: Math.round(args.queryTime.critical * 1000),
  };
}
