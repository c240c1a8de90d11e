import * as eks from "@pulumi/aws/eks";
import * as iam from "@pulumi/aws/iam";
import type * as s3 from "@pulumi/aws/s3";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as storage from "@pulumi/gcp/storage";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

import { type Issue, issuesOf } from "../../../budget/core/issues";
import { assertValid } from "../../shared/issues";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import { retentionDays } from "../../../budget/database/settings";
import type { BackupBucketSummary } from "../../../budget/database/summary";
import { commonLabels } from "../../shared/kubernetes";
import { bucketPolicy, privateBucket, type BucketTransforms } from "../../shared/private-bucket";
import { physicalName } from "../../shared/physical-name";
import { trustPolicy } from "../../shared/service-role";
import { transformed, type Transform } from "../../shared/transform";
import type { BackupTarget } from "./mongodb-cluster-args";
import { OPERATOR_NAME } from "./percona-resource";

/** Children that a caller may change. */
export interface BackupBucketTransforms extends BucketTransforms {
  readonly serviceAccount?: Transform<k8s.core.v1.ServiceAccountArgs>;
  /** On aws. */
  readonly bucket?: Transform<s3.BucketArgs>;
  readonly bucketPolicy?: Transform<s3.BucketPolicyArgs>;
  readonly role?: Transform<iam.RoleArgs>;
  readonly rolePolicy?: Transform<iam.RolePolicyArgs>;
  /** Of the members and of the operator. */
  readonly identity?: Transform<eks.PodIdentityAssociationArgs>;
  /** On gcp. */
  readonly storageBucket?: Transform<storage.BucketArgs>;
  readonly account?: Transform<serviceaccount.AccountArgs>;
  readonly writer?: Transform<storage.BucketIAMMemberArgs>;
  readonly key?: Transform<storage.HmacKeyArgs>;
  readonly credentials?: Transform<k8s.core.v1.SecretArgs>;
}

/** Arguments of `BackupBucket`. */
export interface BackupBucketArgs {
  readonly cloud:
    | {
        readonly kind: "aws";
        readonly region: pulumi.Input<string>;
        /** Of EKS, whose pods write the backups. */
        readonly clusterName: pulumi.Input<string>;
      }
    | { readonly kind: "gcp"; readonly region: pulumi.Input<string>; readonly project: pulumi.Input<string> };
  /** Where the arguments come from, for messages: `retrofitlink:database.backup`. @default the component's name */
  readonly configKey?: string;
  /** @default "default" */
  readonly namespace?: pulumi.Input<string>;
  /** Name of the stack: two of them may share a project. @default the stack that is run */
  readonly stack?: string;
  /** Daily backups that are kept, whole number from 1 to 365. @default 7 */
  readonly retentionDays?: number;
  /** Beginning of the bucket's name on aws, at most 37 characters. @default the component's name and a hyphen */
  readonly bucketPrefix?: string;
  readonly transform?: BackupBucketTransforms;
}

type AwsArgs = Extract<BackupBucketArgs["cloud"], { kind: "aws" }>;
type GcpArgs = Extract<BackupBucketArgs["cloud"], { kind: "gcp" }>;
interface Made {
  readonly bucket: s3.Bucket | storage.Bucket;
  readonly storage: BackupTarget["storage"];
  readonly ready: readonly pulumi.Resource[];
}

/** A deleted backup can be had back for so long, days. */
const UNDELETE_DAYS = 14;

const DEFAULT_RETENTION_DAYS = 7;

/** Everything that makes a bucket impossible to build. */
export function backupBucketIssues({
  retentionDays: days = DEFAULT_RETENTION_DAYS,
}: Pick<BackupBucketArgs, "retentionDays">): Issue[] {
  const given = { retentionDays: days };
  return issuesOf(z.object({ retentionDays }), given);
}

/** Google takes 6 to 30 characters. */
const LONGEST_ACCOUNT_ID = 30;

/** Id of the Google service account of a stack. @param account name of the members' service account */
export function backupAccountId(account: string, stack: string): string {
  return physicalName(`${account}-${stack}`, LONGEST_ACCOUNT_ID);
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

  /** Account of the members' pods, called after the component. */
  readonly serviceAccount: k8s.core.v1.ServiceAccount;
  /** The bucket itself. */
  readonly bucket: s3.Bucket | storage.Bucket;

  constructor(name: string, args: BackupBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("BackupBucket", name, backupBucketIssues(args), args.configKey);
    const {
      namespace = "default",
      retentionDays: days = DEFAULT_RETENTION_DAYS,
      cloud,
      transform = {},
    } = args;
    const summary: BackupBucketSummary = {
      configKey: args.configKey ?? name,
      workload: name,
      ...(typeof namespace === "string" ? { namespace } : {}),
      cloud: cloud.kind,
      retentionDays: days,
      undeleteDays: UNDELETE_DAYS,
    };
    super(COMPONENT_TYPES.backupBucket, name, summary, opts);
    this.serviceAccount = new k8s.core.v1.ServiceAccount(
      ...transformed<k8s.core.v1.ServiceAccountArgs>(
        transform.serviceAccount,
        `${name}-service-account`,
        {
          metadata: { name, namespace, labels: commonLabels(name, "database") },
          // The database does not speak to the API server.
          automountServiceAccountToken: false,
        },
        { parent: this },
      ),
    );
    const made =
      cloud.kind === "aws"
        ? this.onAws(name, cloud, namespace, args)
        : this.onGcp(name, cloud, namespace, args);
    this.bucket = made.bucket;
    this.target = {
      storage: made.storage,
      serviceAccount: this.serviceAccount.metadata.name,
      retentionDays: days,
    };
    this.ready = [this.serviceAccount, ...made.ready];
    this.registerOutputs({ bucket: made.storage.bucket });
  }

  private onAws(
    name: string,
    cloud: AwsArgs,
    namespace: pulumi.Input<string>,
    { bucketPrefix = `${name}-`, transform = {} }: BackupBucketArgs,
  ): Made {
    const child = { parent: this };
    const made = privateBucket(
      name,
      {
        prefix: bucketPrefix,
        encryption: "aws:kms",
        undeleteDays: UNDELETE_DAYS,
        protect: true,
        transform: transform.bucket,
        transforms: transform,
      },
      child,
    );
    const { bucket, closed } = made;
    // No service writes here, only the role below.
    bucketPolicy(`${name}-tls-only`, made, [], child, transform.bucketPolicy);
    const role = new iam.Role(
      ...transformed<iam.RoleArgs>(
        transform.role,
        `${name}-role`,
        { assumeRolePolicy: trustPolicy("pods.eks.amazonaws.com") },
        child,
      ),
    );
    const policy = new iam.RolePolicy(
      ...transformed<iam.RolePolicyArgs>(
        transform.rolePolicy,
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
      ),
    );
    // The members write backups, the operator deletes the old ones.
    const accounts = { identity: this.serviceAccount.metadata.name, "operator-identity": OPERATOR_NAME };
    const identities = Object.entries(accounts).map(
      ([suffix, serviceAccount]) =>
        new eks.PodIdentityAssociation(
          ...transformed<eks.PodIdentityAssociationArgs>(
            transform.identity,
            `${name}-${suffix}`,
            { clusterName: cloud.clusterName, namespace, serviceAccount, roleArn: role.arn },
            child,
          ),
        ),
    );
    return {
      bucket,
      storage: { type: "s3", bucket: bucket.id, region: cloud.region },
      ready: [closed, policy, ...identities],
    };
  }

  private onGcp(
    name: string,
    { project, region }: GcpArgs,
    namespace: pulumi.Input<string>,
    { stack = pulumi.getStack(), transform = {} }: BackupBucketArgs,
  ): Made {
    const child = { parent: this };
    const bucket = new storage.Bucket(
      ...transformed<storage.BucketArgs>(
        transform.storageBucket,
        name,
        {
          project,
          location: pulumi.output(region).apply((where) => where.toUpperCase()),
          uniformBucketLevelAccess: true,
          publicAccessPrevention: "enforced",
          softDeletePolicy: { retentionDurationSeconds: UNDELETE_DAYS * 86_400 },
        },
        { ...child, protect: true },
      ),
    );
    const account = new serviceaccount.Account(
      ...transformed<serviceaccount.AccountArgs>(
        transform.account,
        `${name}-account`,
        { project, accountId: backupAccountId(name, stack), displayName: `Backups of MongoDB, ${stack}` },
        child,
      ),
    );
    const grant = new storage.BucketIAMMember(
      ...transformed<storage.BucketIAMMemberArgs>(
        transform.writer,
        `${name}-writer`,
        {
          bucket: bucket.name,
          // Objects of this bucket, but neither their access rules nor the bucket itself.
          role: "roles/storage.objectUser",
          member: pulumi.interpolate`serviceAccount:${account.email}`,
        },
        child,
      ),
    );
    // The backup agent signs in to Cloud Storage with an HMAC key or a private key; the HMAC key opens nothing else.
    const key = new storage.HmacKey(
      ...transformed<storage.HmacKeyArgs>(
        transform.key,
        `${name}-key`,
        { project, serviceAccountEmail: account.email },
        child,
      ),
    );
    const credentials = new k8s.core.v1.Secret(
      ...transformed<k8s.core.v1.SecretArgs>(
        transform.credentials,
        `${name}-credentials`,
        {
          metadata: { name: `${name}-credentials`, namespace, labels: commonLabels(name, "database") },
          stringData: { AWS_ACCESS_KEY_ID: key.accessId, AWS_SECRET_ACCESS_KEY: pulumi.secret(key.secret) },
        },
        child,
      ),
    );
    return {
      bucket,
      storage: { type: "gcs", bucket: bucket.name, credentialsSecret: credentials.metadata.name },
      ready: [grant],
    };
  }
}
