import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type * as random from "@pulumi/random";
import { z } from "zod";

import { type Issue, issuesOf } from "../../../budget/core/issues";
import { passwordGeneration } from "../../../budget/core/leaves";
import { DEFAULT_BUDGET, type PerformanceBudget } from "../../../budget/core/performance-budget";
import type { Collection } from "../../../budget/database/data-model/collection";
import type { Disk } from "../../../budget/database/disk";
import type { DatabaseUser } from "../../../budget/database/mongodb";
import { planDatabase, type DatabasePlan } from "../../../budget/database/plan";
import { queryTimeIssues, workingSetIssues } from "../../../budget/database/rules";
import {
  databaseSizes,
  diskSettings,
  memberZones,
  perconaSizes,
  profilerLevel,
  retentionDays,
  routerSettings,
} from "../../../budget/database/settings";
import type { Transform } from "../../shared/transform";
import { withDefaults } from "../../shared/with-defaults";
import { DEFAULT_DATABASE } from "../database-endpoint";

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
  /** Service account of the members, which may write there. */
  readonly serviceAccount: pulumi.Input<string>;
  /** Daily backups that are kept, whole number >= 1. */
  readonly retentionDays: number;
}

/** Arguments of `MongoDbCluster`. */
export interface MongoDbClusterArgs {
  /** Data and indexes of all shards at the end of the planning horizon, GiB, above 0 and at most 1,000,000. */
  readonly dataGiB: number;
  /** Documents and indexes that the queries of an hour touch, of all shards, GiB, above 0 and at most `dataGiB`. */
  readonly workingSetGiB: number;
  /** Where the arguments come from, for messages: `retrofitlink:database`. @default the component's name */
  readonly configKey?: string;
  /** @default "default" */
  readonly namespace?: pulumi.Input<string>;
  /** Name of the application's database. @default "app" */
  readonly databaseName?: string;
  /** Replica sets the data is spread over, whole number from 1 to 100. @default 1 */
  readonly shards?: number;
  /** Non-voting members of each shard that serve reads, whole number from 0 to 47. @default 0 */
  readonly readReplicas?: number;
  /** CPU of one `mongod`, cores, 0.01 to 256. @default 1 */
  readonly cpuCores?: number;
  /** Queries/s that one core of a `mongod` answers, measured. @default 1000, and a proof names it as an assumption */
  readonly queriesPerCore?: number | undefined;
  /** What the storage class provides to one volume. @default 3000 IOPS and 125 MiB/s, gp3 without paying for more */
  readonly disk?: Disk | undefined;
  readonly routers?: {
    /** CPU of one `mongos`, cores, 0.01 to 256. @default 1 */
    readonly cpuCores?: number;
    /** Queries/s that one core of a `mongos` passes on, measured. @default 2000 */
    readonly queriesPerCore?: number;
  };
  /** Services that query it, at their largest. @default none: nothing is let in but its own Job */
  readonly users?: readonly DatabaseUser[];
  /** Zones of the cluster, whole number from 1 to 6. @default 3 */
  readonly zones?: number;
  /** CPU and query time that are promised. Above the critical query time a query is slow. @default DEFAULT_BUDGET */
  readonly budget?: Pick<PerformanceBudget, "cpuUtilization" | "databaseQuerySeconds">;
  /** What is asked of it, for the load of each shard. @default every query names its shard */
  readonly dataModel?: readonly Collection[];
  /** @default planned from these arguments */
  readonly plan?: DatabasePlan;
  /** 0 off, 1 slow operations, 2 all. @default 1 */
  readonly profilerLevel?: 0 | 1 | 2;
  /** Which passwords the application and the data-model Job use, a whole number >= 1. Raise it by one for new ones. @default 1 */
  readonly passwordGeneration?: number;
  /** @default the cluster's default class */
  readonly storageClassName?: pulumi.Input<string>;
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
    /** Secret with the passwords of the operator's own users. */
    readonly operatorUsers?: Transform<k8s.core.v1.SecretArgs>;
    /** Secret with the connection strings and the passwords of the application. */
    readonly application?: Transform<k8s.core.v1.SecretArgs>;
    /** Every generated password. */
    readonly password?: Transform<random.RandomPasswordArgs>;
  };
}

/** Arguments with their defaults. */
export interface MongoDbSettings extends MongoDbClusterArgs {
  readonly namespace: pulumi.Input<string>;
  readonly databaseName: string;
  readonly shards: number;
  readonly readReplicas: number;
  readonly cpuCores: number;
  readonly routers: { readonly cpuCores: number; readonly queriesPerCore: number };
  readonly users: readonly DatabaseUser[];
  readonly zones: number;
  readonly budget: Pick<PerformanceBudget, "cpuUtilization" | "databaseQuerySeconds">;
  readonly profilerLevel: 0 | 1 | 2;
  readonly passwordGeneration: number;
}

/** What is taken for everything that is left out. */
const DEFAULTS = {
  namespace: "default",
  databaseName: DEFAULT_DATABASE,
  shards: 1,
  readReplicas: 0,
  cpuCores: 1,
  users: [],
  zones: 3,
  budget: DEFAULT_BUDGET,
  profilerLevel: 1,
  passwordGeneration: 1,
} as const;

const ROUTER_DEFAULTS = { cpuCores: 1, queriesPerCore: 2000 } as const;

export function mongoDbSettings(args: MongoDbClusterArgs): MongoDbSettings {
  const routers = withDefaults(ROUTER_DEFAULTS, args.routers ?? {});
  return { ...withDefaults(DEFAULTS, args), routers };
}

const SETTINGS = z.object({
  ...databaseSizes,
  ...perconaSizes,
  queriesPerCore: perconaSizes.queriesPerCore.optional(),
  routers: routerSettings,
  disk: diskSettings.optional(),
  zones: memberZones,
  profilerLevel,
  backup: z.object({ retentionDays }).optional(),
  passwordGeneration,
});

/** Everything that makes a cluster impossible to build or to prove. An empty list means it is sound. */
export function mongoDbClusterIssues(args: MongoDbClusterArgs): Issue[] {
  const settings = mongoDbSettings(args);
  const single = issuesOf(SETTINGS, settings);
  // Rules would only repeat, as NaN, what is wrong by itself.
  if (single.length > 0) return single;
  const { users, budget } = settings;
  return [
    ...workingSetIssues(settings),
    ...users.flatMap(({ service, querySeconds }) =>
      queryTimeIssues(["users", service, "querySeconds"], querySeconds, budget),
    ),
  ];
}

/** The plan that was given, or the one that follows from the arguments. Asks for arguments without issues. */
export function mongoDbPlan(name: string, settings: MongoDbSettings): DatabasePlan {
  return (
    settings.plan ??
    planDatabase({ ...settings, database: name, backupDays: settings.backup?.retentionDays ?? 0 })
  );
}
