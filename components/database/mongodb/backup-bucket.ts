import * as eks from "@pulumi/aws/eks";
import * as iam from "@pulumi/aws/iam";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as storage from "@pulumi/gcp/storage";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import type { BackupBucketSummary } from "../../../budget/database/summary";
import { commonLabels } from "../../shared/kubernetes";
import { bucketPolicy, privateBucket } from "../../shared/private-bucket";
import { physicalName } from "../../shared/physical-name";
import { refuse, type Problem } from "../../shared/problems";
import { trustPolicy } from "../../shared/service-role";
import type { BackupTarget } from "./mongodb-cluster-args";
import { BACKUP_ACCOUNT } from "./percona-backup";
import { CLUSTER_NAME, OPERATOR_NAME } from "./percona-resource";

/** Arguments of `BackupBucket`. */
export interface BackupBucketArgs {
  /** Path in the stack file that the arguments come from: `retrofitlink:database.backup`. */
  readonly configKey: string;
  readonly namespace: string;
  /** Name of the stack: two of them may share a project. */
  readonly stack: string;
  /** Daily backups that are kept, whole number >= 1. */
  readonly retentionDays: number;
  readonly cloud:
    | { readonly kind: "aws"; readonly region: string; readonly clusterName: string }
    | { readonly kind: "gcp"; readonly region: string; readonly project: string };
}

type AwsArgs = Extract<BackupBucketArgs["cloud"], { kind: "aws" }>;
type GcpArgs = Extract<BackupBucketArgs["cloud"], { kind: "gcp" }>;
type Made = { readonly storage: BackupTarget["storage"]; readonly ready: readonly pulumi.Resource[] };

/** A deleted backup can be had back for so long, days. */
const UNDELETE_DAYS = 14;

/** Everything that makes a bucket impossible to build. */
export function backupBucketProblems({ retentionDays }: BackupBucketArgs): Problem[] {
  if (Number.isInteger(retentionDays) && retentionDays >= 1) return [];
  return [
    {
      property: "retentionDays",
      got: retentionDays,
      allowed: "a whole number of at least 1 (days)",
      fix: "Say how long backups are kept.",
    },
  ];
}

/** Google takes 6 to 30 characters. */
const LONGEST_ACCOUNT_ID = 30;

/** Id of the Google service account of a stack. */
export function backupAccountId(stack: string): string {
  return physicalName(`${BACKUP_ACCOUNT}-${stack}`, LONGEST_ACCOUNT_ID);
}

/**
 * Where backups of the database go: a private, encrypted bucket out of which a deleted backup can be had back, and the
 * right to use it for the database's pods and its operator alone.
 *
 * Trap: the bucket is protected, so deleting the stack is refused until somebody says that the backups may go. On aws the
 * cluster needs the add-on `eks-pod-identity-agent`.
 *
 * Cost: storage of `retentionDays` backups and the oplog between them, and of 14 days of deleted ones.
 */
export class BackupBucket extends pulumi.ComponentResource {
  readonly target: BackupTarget;
  /** What the pods need before they can write. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: BackupBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    refuse("BackupBucket", name, backupBucketProblems(args), args.configKey);
    const summary: BackupBucketSummary = {
      configKey: args.configKey,
      workload: name,
      namespace: args.namespace,
      cloud: args.cloud.kind,
      retentionDays: args.retentionDays,
      undeleteDays: UNDELETE_DAYS,
    };
    super(COMPONENT_TYPES.backupBucket, name, summary, opts);
    const account = new k8s.core.v1.ServiceAccount(
      `${name}-service-account`,
      {
        metadata: {
          name: BACKUP_ACCOUNT,
          namespace: args.namespace,
          labels: commonLabels(CLUSTER_NAME, "database"),
        },
        // The database does not speak to the API server.
        automountServiceAccountToken: false,
      },
      { parent: this },
    );
    const made =
      args.cloud.kind === "aws" ? this.onAws(name, args, args.cloud) : this.onGcp(name, args, args.cloud);
    this.target = { storage: made.storage, retentionDays: args.retentionDays };
    this.ready = [account, ...made.ready];
    this.registerOutputs({ bucket: made.storage.bucket });
  }

  private onAws(name: string, args: BackupBucketArgs, cloud: AwsArgs): Made {
    const child = { parent: this };
    const made = privateBucket(
      name,
      { prefix: "retrofitlink-mongodb-", encryption: "aws:kms", undeleteDays: UNDELETE_DAYS, protect: true },
      child,
    );
    const { bucket, closed } = made;
    // No service writes here, only the role below.
    bucketPolicy(`${name}-tls-only`, made, [], child);
    const role = new iam.Role(
      `${name}-role`,
      {
        assumeRolePolicy: trustPolicy("pods.eks.amazonaws.com"),
      },
      child,
    );
    const policy = new iam.RolePolicy(
      `${name}-policy`,
      {
        role: role.id,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Action: ["s3:ListBucket", "s3:GetBucketLocation"], Resource: bucket.arn },
            {
              Effect: "Allow",
              Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
              Resource: pulumi.interpolate`${bucket.arn}/*`,
            },
          ],
        }),
      },
      child,
    );
    // The members write backups, the operator deletes the old ones.
    const identities = Object.entries({ identity: BACKUP_ACCOUNT, "operator-identity": OPERATOR_NAME }).map(
      ([suffix, serviceAccount]) =>
        new eks.PodIdentityAssociation(
          `${name}-${suffix}`,
          {
            clusterName: cloud.clusterName,
            namespace: args.namespace,
            serviceAccount,
            roleArn: role.arn,
          },
          child,
        ),
    );
    return {
      storage: { type: "s3", bucket: bucket.id, region: cloud.region },
      ready: [closed, policy, ...identities],
    };
  }

  private onGcp(name: string, args: BackupBucketArgs, cloud: GcpArgs): Made {
    const child = { parent: this };
    const bucket = new storage.Bucket(
      name,
      {
        project: cloud.project,
        location: cloud.region.toUpperCase(),
        uniformBucketLevelAccess: true,
        publicAccessPrevention: "enforced",
        softDeletePolicy: { retentionDurationSeconds: UNDELETE_DAYS * 86_400 },
      },
      { ...child, protect: true },
    );
    const account = new serviceaccount.Account(
      `${name}-account`,
      {
        project: cloud.project,
        accountId: backupAccountId(args.stack),
        displayName: `Backups of MongoDB, ${args.stack}`,
      },
      child,
    );
    const grant = new storage.BucketIAMMember(
      `${name}-writer`,
      {
        bucket: bucket.name,
        // Objects of this bucket, but neither their access rules nor the bucket itself.
        role: "roles/storage.objectUser",
        member: pulumi.interpolate`serviceAccount:${account.email}`,
      },
      child,
    );
    // The backup agent signs in to Cloud Storage with an HMAC key or a private key; the HMAC key opens nothing else.
    const key = new storage.HmacKey(
      `${name}-key`,
      { project: cloud.project, serviceAccountEmail: account.email },
      child,
    );
    const credentials = new k8s.core.v1.Secret(
      `${name}-credentials`,
      {
        metadata: {
          name: `${CLUSTER_NAME}-backup-credentials`,
          namespace: args.namespace,
          labels: commonLabels(CLUSTER_NAME, "database"),
        },
        stringData: { AWS_ACCESS_KEY_ID: key.accessId, AWS_SECRET_ACCESS_KEY: pulumi.secret(key.secret) },
      },
      child,
    );
    return {
      storage: { type: "gcs", bucket: bucket.name, credentialsSecret: credentials.metadata.name },
      ready: [grant],
    };
  }
}
