import * as eks from "@pulumi/aws/eks";
import * as iam from "@pulumi/aws/iam";
import * as s3 from "@pulumi/aws/s3";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as storage from "@pulumi/gcp/storage";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/summaries";
import { commonLabels } from "../shared/kubernetes";
import type { BackupTarget } from "./mongodb-cluster-args";
import { BACKUP_ACCOUNT, CLUSTER_NAME } from "./percona-resource";

/** Arguments of `BackupBucket`. */
export interface BackupBucketArgs {
  readonly namespace: string;
  /** Daily backups that are kept, whole number >= 1. */
  readonly retentionDays: number;
  readonly cloud:
    | { readonly kind: "aws"; readonly region: string; readonly clusterName: string }
    | { readonly kind: "gcp"; readonly region: string; readonly project: string };
}

/** A deleted backup can be had back for so long, days. */
const UNDELETE_DAYS = 14;

/**
 * Where backups of the database go: a private, encrypted, versioned bucket, and the right to write to it for the
 * database's pods alone.
 *
 * Trap: deleting the stack does not delete a bucket with backups in it; the cloud refuses.
 *
 * Cost: storage of `retentionDays` backups and the oplog between them.
 */
export class BackupBucket extends pulumi.ComponentResource {
  readonly target: BackupTarget;
  /** What the pods need before they can write. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: BackupBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super(COMPONENT_TYPES.backupBucket, name, { retentionDays: args.retentionDays }, opts);
    const account = new k8s.core.v1.ServiceAccount(
      `${name}-service-account`,
      {
        metadata: {
          name: BACKUP_ACCOUNT,
          namespace: args.namespace,
          labels: commonLabels(CLUSTER_NAME, "database"),
        },
      },
      { parent: this },
    );
    const made =
      args.cloud.kind === "aws" ? this.onAws(name, args, args.cloud) : this.onGcp(name, args, args.cloud);
    this.target = { storage: made.storage, retentionDays: args.retentionDays };
    this.ready = [account, ...made.ready];
    this.registerOutputs({ bucket: made.storage.bucket });
  }

  private onAws(
    name: string,
    args: BackupBucketArgs,
    cloud: Extract<BackupBucketArgs["cloud"], { kind: "aws" }>,
  ): { storage: BackupTarget["storage"]; ready: pulumi.Resource[] } {
    const child = { parent: this };
    const bucket = new s3.Bucket(
      name,
      { bucketPrefix: "retrofitlink-mongodb-" },
      { ...child, protect: true },
    );
    const of = { bucket: bucket.id };
    const closed = new s3.BucketPublicAccessBlock(
      `${name}-private`,
      {
        ...of,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      child,
    );
    new s3.BucketServerSideEncryptionConfiguration(
      `${name}-encryption`,
      {
        ...of,
        rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" }, bucketKeyEnabled: true }],
      },
      child,
    );
    const versioning = new s3.BucketVersioning(
      `${name}-versioning`,
      { ...of, versioningConfiguration: { status: "Enabled" } },
      child,
    );
    new s3.BucketLifecycleConfiguration(
      `${name}-lifecycle`,
      {
        ...of,
        rules: [
          {
            id: "deleted-backups",
            status: "Enabled",
            filter: {},
            noncurrentVersionExpiration: { noncurrentDays: UNDELETE_DAYS },
            abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
          },
        ],
      },
      { ...child, dependsOn: [versioning] },
    );
    const role = new iam.Role(
      `${name}-role`,
      {
        assumeRolePolicy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Principal: { Service: "pods.eks.amazonaws.com" },
              Action: ["sts:AssumeRole", "sts:TagSession"],
            },
          ],
        }),
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
    const association = new eks.PodIdentityAssociation(
      `${name}-identity`,
      {
        clusterName: cloud.clusterName,
        namespace: args.namespace,
        serviceAccount: BACKUP_ACCOUNT,
        roleArn: role.arn,
      },
      child,
    );
    return {
      storage: { type: "s3", bucket: bucket.id, region: cloud.region },
      ready: [closed, policy, association],
    };
  }

  private onGcp(
    name: string,
    args: BackupBucketArgs,
    cloud: Extract<BackupBucketArgs["cloud"], { kind: "gcp" }>,
  ): { storage: BackupTarget["storage"]; ready: pulumi.Resource[] } {
    const child = { parent: this };
    const bucket = new storage.Bucket(
      name,
      {
        project: cloud.project,
        location: cloud.region.toUpperCase(),
        uniformBucketLevelAccess: true,
        publicAccessPrevention: "enforced",
        versioning: { enabled: true },
        softDeletePolicy: { retentionDurationSeconds: UNDELETE_DAYS * 86_400 },
        lifecycleRules: [
          {
            action: { type: "Delete" },
            condition: { daysSinceNoncurrentTime: UNDELETE_DAYS, withState: "ARCHIVED" },
          },
        ],
      },
      { ...child, protect: true },
    );
    const account = new serviceaccount.Account(
      `${name}-account`,
      { project: cloud.project, accountId: BACKUP_ACCOUNT, displayName: "Writes backups of MongoDB" },
      child,
    );
    const grant = new storage.BucketIAMMember(
      `${name}-writer`,
      {
        bucket: bucket.name,
        role: "roles/storage.objectAdmin",
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
        stringData: { AWS_ACCESS_KEY_ID: key.accessId, AWS_SECRET_ACCESS_KEY: key.secret },
      },
      child,
    );
    return {
      storage: { type: "gcs", bucket: bucket.name, credentialsSecret: credentials.metadata.name },
      ready: [grant],
    };
  }
}
