import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";

import {
  BackupBucket,
  backupAccountId,
  backupBucketIssues,
  type BackupBucketArgs,
} from "../../../../../components/database/mongodb/backup-bucket";
import type { BackupTarget } from "../../../../../components/database/mongodb/mongodb-cluster";
import { describeIssue } from "../../../../../components/shared/issues";
import { record, type Recording } from "../../../../helpers/pulumi";

const onAws: BackupBucketArgs = {
  configKey: "retrofitlink:database.backup",
  namespace: "retrofitlink",
  stack: "production",
  retentionDays: 30,
  cloud: { kind: "aws", region: "eu-central-1", clusterName: "retrofitlink-production" },
};

const onGcp: BackupBucketArgs = {
  ...onAws,
  cloud: { kind: "gcp", region: "europe-west3", project: "retrofitlink" },
};

const AWS_RESOURCES = [
  "aws:eks/podIdentityAssociation:PodIdentityAssociation mongodb-backup-identity",
  "aws:eks/podIdentityAssociation:PodIdentityAssociation mongodb-backup-operator-identity",
  "aws:iam/role:Role mongodb-backup-role",
  "aws:iam/rolePolicy:RolePolicy mongodb-backup-policy",
  "aws:s3/bucket:Bucket mongodb-backup",
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration mongodb-backup-lifecycle",
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls mongodb-backup-ownership",
  "aws:s3/bucketPolicy:BucketPolicy mongodb-backup-tls-only",
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock mongodb-backup-private",
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration mongodb-backup-encryption",
  "aws:s3/bucketVersioning:BucketVersioning mongodb-backup-versioning",
  "kubernetes:core/v1:ServiceAccount mongodb-backup-service-account",
  "retrofitlink:database:BackupBucket mongodb-backup",
];

const GCP_RESOURCES = [
  "gcp:serviceaccount/account:Account mongodb-backup-account",
  "gcp:storage/bucket:Bucket mongodb-backup",
  "gcp:storage/bucketIAMMember:BucketIAMMember mongodb-backup-writer",
  "gcp:storage/hmacKey:HmacKey mongodb-backup-key",
  "kubernetes:core/v1:Secret mongodb-backup-credentials",
  "kubernetes:core/v1:ServiceAccount mongodb-backup-service-account",
  "retrofitlink:database:BackupBucket mongodb-backup",
];

function build(args: BackupBucketArgs, options = {}): Promise<Recording> {
  return record(() => new BackupBucket("mongodb-backup", args), options);
}

function inputsOf(recording: Recording, name: string): Record<string, unknown> {
  const found = recording.resources.find((resource) => resource.custom && resource.name === name);
  assert.ok(found !== undefined, name);
  return found.inputs;
}

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource?: unknown;
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

const statements = (inputs: Record<string, unknown>, field: string): Statement[] =>
  (JSON.parse(String(inputs[field])) as { Statement: Statement[] }).Statement;

async function targetOf(args: BackupBucketArgs): Promise<BackupTarget> {
  let target: pulumi.Output<unknown> | undefined;
  await record(() => {
    target = pulumi.output(new BackupBucket("mongodb-backup", args).target);
  });
  return await new Promise((resolve) => target?.apply((value) => resolve(value as BackupTarget)));
}

describe("BackupBucket on aws", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    assert.deepEqual((await build(onAws)).typesAndNames(), AWS_RESOURCES);
    assert.deepEqual((await build(onAws, { preview: true })).typesAndNames(), AWS_RESOURCES);
  });

  it("tells what it keeps", async () => {
    assert.deepEqual((await build(onAws)).only("retrofitlink:database:BackupBucket").inputs, {
      configKey: "retrofitlink:database.backup",
      workload: "mongodb-backup",
      namespace: "retrofitlink",
      cloud: "aws",
      retentionDays: 30,
      undeleteDays: 14,
    });
  });

  it("is closed to the public in all four ways, encrypted, and speaks TLS only", async () => {
    const recording = await build(onAws);
    assert.deepEqual(inputsOf(recording, "mongodb-backup-private"), {
      bucket: "mongodb-backup-id",
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    assert.deepEqual(inputsOf(recording, "mongodb-backup-encryption")["rules"], [
      { applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" }, bucketKeyEnabled: true },
    ]);
    const [deny, ...more] = statements(inputsOf(recording, "mongodb-backup-tls-only"), "policy");
    assert.equal(more.length, 0);
    assert.deepEqual(
      [deny?.Effect, deny?.Principal, deny?.Action, deny?.Condition],
      ["Deny", "*", "s3:*", { Bool: { "aws:SecureTransport": "false" } }],
    );
  });

  it("keeps deleted backups for a fortnight, and leaves the others to the operator", async () => {
    const recording = await build(onAws);
    assert.deepEqual(inputsOf(recording, "mongodb-backup-versioning")["versioningConfiguration"], {
      status: "Enabled",
    });
    assert.deepEqual(inputsOf(recording, "mongodb-backup-lifecycle")["rules"], [
      {
        id: "retention",
        status: "Enabled",
        filter: {},
        noncurrentVersionExpiration: { noncurrentDays: 14 },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
      },
    ]);
    assert.equal((await targetOf(onAws)).retentionDays, 30);
  });

  it("lets the database's pods and its operator use the objects of this bucket, and nobody anything else", async () => {
    const recording = await build(onAws);
    const policy = inputsOf(recording, "mongodb-backup-policy");
    assert.equal(policy["role"], "mongodb-backup-role-id");
    const allowed = statements(policy, "policy");
    assert.deepEqual(
      allowed.map(({ Effect, Action }) => [Effect, Action]),
      [
        ["Allow", ["s3:ListBucket", "s3:GetBucketLocation"]],
        ["Allow", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]],
      ],
    );
    assert.doesNotMatch(JSON.stringify(allowed.map(({ Action }) => Action)), /\*|Version/);

    const [trust] = statements(inputsOf(recording, "mongodb-backup-role"), "assumeRolePolicy");
    assert.deepEqual(trust?.Principal, { Service: "pods.eks.amazonaws.com" });
    const bound = recording
      .ofType("aws:eks/podIdentityAssociation:PodIdentityAssociation")
      .map(({ inputs }) => [inputs["clusterName"], inputs["namespace"], inputs["serviceAccount"]]);
    assert.deepEqual(bound.sort(), [
      ["retrofitlink-production", "retrofitlink", "mongodb-backup"],
      ["retrofitlink-production", "retrofitlink", "psmdb-operator"],
    ]);
    const account = inputsOf(recording, "mongodb-backup-service-account");
    assert.deepEqual((account["metadata"] as { name: string }).name, "mongodb-backup");
    assert.equal(account["automountServiceAccountToken"], false);
  });

  it("points the operator to the bucket without a key", async () => {
    assert.deepEqual((await targetOf(onAws)).storage, {
      type: "s3",
      bucket: "mongodb-backup-id",
      region: "eu-central-1",
    });
  });

  it("is protected, for it holds what is left when everything else is gone", async () => {
    for (const args of [onAws, onGcp]) {
      const found: string[] = [];
      await record(() => {
        new BackupBucket("mongodb-backup", args, {
          transformations: [
            ({ type, opts }) => {
              if (opts.protect === true) found.push(type);
              return undefined;
            },
          ],
        });
      });
      assert.deepEqual(found, [
        args.cloud.kind === "aws" ? "aws:s3/bucket:Bucket" : "gcp:storage/bucket:Bucket",
      ]);
    }
  });
});

describe("BackupBucket on gcp", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    assert.deepEqual((await build(onGcp)).typesAndNames(), GCP_RESOURCES);
    assert.deepEqual((await build(onGcp, { preview: true })).typesAndNames(), GCP_RESOURCES);
  });

  it("is closed to the public, without access lists, and keeps deleted backups for a fortnight", async () => {
    const inputs = inputsOf(await build(onGcp), "mongodb-backup");
    assert.deepEqual(inputs, {
      project: "retrofitlink",
      location: "EUROPE-WEST3",
      uniformBucketLevelAccess: true,
      publicAccessPrevention: "enforced",
      softDeletePolicy: { retentionDurationSeconds: 14 * 86_400 },
    });
  });

  it("lets its own account use the objects of this bucket, and nothing else", async () => {
    const recording = await build(onGcp);
    assert.equal(inputsOf(recording, "mongodb-backup-account")["accountId"], "mongodb-backup-production");
    assert.equal(inputsOf(recording, "mongodb-backup-writer")["role"], "roles/storage.objectUser");
    assert.equal(recording.ofType("gcp:projects/iAMMember:IAMMember").length, 0);
  });

  it("puts the account's key into a Secret, where the operator looks for it", async () => {
    const recording = await build(onGcp);
    const secret = inputsOf(recording, "mongodb-backup-credentials");
    assert.equal((secret["metadata"] as { name: string }).name, "mongodb-backup-credentials");
    const held = secret["stringData"] as Record<string, unknown>;
    assert.equal(held[pulumi.runtime.specialSigKey], pulumi.runtime.specialSecretSig);
    // The mocks name no bucket.
    assert.deepEqual((await targetOf(onGcp)).storage, {
      type: "gcs",
      bucket: undefined,
      credentialsSecret: "mongodb-backup-credentials",
    });
  });
});

describe("backupAccountId", () => {
  it("carries the stack, of a long name the beginning and a digest", () => {
    assert.equal(backupAccountId("mongodb-backup", "local"), "mongodb-backup-local");
    assert.equal(
      backupAccountId("mongodb-backup", "production-europe-west"),
      "mongodb-backup-produc-b3f451f1",
    );
  });

  it("is what Google takes, 6 to 30 characters, and another for another stack", () => {
    // What Pulumi takes as a name.
    const stack = fc.stringMatching(/^[A-Za-z0-9][-_.A-Za-z0-9]{0,99}$/);
    fc.assert(
      fc.property(stack, stack, (one, other) => {
        const id = backupAccountId("mongodb-backup", one);
        assert.match(id, /^[a-z][-a-z0-9]{4,28}[a-z0-9]$/);
        assert.equal(id === backupAccountId("mongodb-backup", other), one === other);
      }),
    );
  });
});

describe("what makes a BackupBucket impossible", () => {
  it("is said with the key", () => {
    const wrong = { ...onAws, retentionDays: 0.5 };
    assert.deepEqual(
      backupBucketIssues(wrong).map((found) => describeIssue(found, wrong.configKey)),
      [
        "retrofitlink:database.backup.retentionDays: got 0.5; allowed is a whole number from 1 to 365 (days). Say how long backups are kept.",
      ],
    );
    assert.deepEqual(backupBucketIssues(onGcp), []);
  });
});

describe("BackupBucket, alone in somebody's program", () => {
  it("is built from its cloud", async () => {
    const recording = await record(() => new BackupBucket("orders", { cloud: onAws.cloud }));
    const { inputs } = recording.only("retrofitlink:database:BackupBucket");
    assert.deepEqual(
      [inputs["configKey"], inputs["namespace"], inputs["retentionDays"]],
      ["orders", "default", 7],
    );
    assert.equal(inputsOf(recording, "orders")["bucketPrefix"], "orders-");
    assert.equal(inputsOf(recording, "orders-identity")["serviceAccount"], "orders");
  });

  it("lets a transform change every child on aws", async () => {
    const team = { description: "a team" };
    const recording = await build({
      ...onAws,
      transform: {
        serviceAccount: { metadata: { labels: { team: "a" } } },
        bucket: { bucketPrefix: "team-a-" },
        publicAccess: { skipDestroy: true },
        ownership: { rule: { objectOwnership: "ObjectWriter" } },
        encryption: { expectedBucketOwner: "1" },
        versioning: { expectedBucketOwner: "2" },
        lifecycle: { expectedBucketOwner: "3" },
        bucketPolicy: { region: "eu-west-1" },
        role: team,
        rolePolicy: { name: "team-a" },
        identity: { tags: { team: "a" } },
      },
    });
    const of = (name: string): Record<string, unknown> => inputsOf(recording, `mongodb-backup${name}`);
    const seen = [
      (of("-service-account")["metadata"] as { labels: Record<string, string> }).labels["team"],
      of("")["bucketPrefix"],
      of("-private")["skipDestroy"],
      (of("-ownership")["rule"] as { objectOwnership: string }).objectOwnership,
      of("-encryption")["expectedBucketOwner"],
      of("-versioning")["expectedBucketOwner"],
      of("-lifecycle")["expectedBucketOwner"],
      of("-tls-only")["region"],
      of("-role")["description"],
      of("-policy")["name"],
      (of("-identity")["tags"] as { team: string }).team,
      (of("-operator-identity")["tags"] as { team: string }).team,
    ];
    const wanted = [
      "a",
      "team-a-",
      true,
      "ObjectWriter",
      "1",
      "2",
      "3",
      "eu-west-1",
      "a team",
      "team-a",
      "a",
      "a",
    ];
    assert.deepEqual(seen, wanted);
  });

  it("lets a transform change every child on gcp", async () => {
    const recording = await build({
      ...onGcp,
      transform: {
        storageBucket: { location: "EU" },
        account: { displayName: "a team" },
        writer: { role: "roles/storage.objectAdmin" },
        key: { state: "INACTIVE" },
        credentials: { type: "Opaque" },
      },
    });
    const of = (name: string, key: string): unknown => inputsOf(recording, `mongodb-backup${name}`)[key];
    assert.deepEqual(
      [of("", "location"), of("-account", "displayName"), of("-writer", "role"), of("-key", "state")],
      ["EU", "a team", "roles/storage.objectAdmin", "INACTIVE"],
    );
    assert.equal(of("-credentials", "type"), "Opaque");
  });
});
