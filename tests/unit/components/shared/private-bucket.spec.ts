import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";

import {
  bucketPolicy,
  privateBucket,
  type BucketGrant,
  type PrivateBucketArgs,
} from "../../../../components/shared/private-bucket";
import { record, type Recording } from "../../../helpers/pulumi";

const PLAIN: PrivateBucketArgs = { prefix: "retrofitlink-files-", encryption: "AES256" };

const ALWAYS = [
  "aws:s3/bucket:Bucket files",
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration files-lifecycle",
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls files-ownership",
  "aws:s3/bucketPolicy:BucketPolicy files-policy",
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock files-private",
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration files-encryption",
];

const VERSIONING = "aws:s3/bucketVersioning:BucketVersioning files-versioning";

/** What a bucket's children were given besides their arguments, by `type name`. */
type Options = Map<string, pulumi.CustomResourceOptions>;

class Holder extends pulumi.ComponentResource {
  constructor(args: PrivateBucketArgs, grants: readonly BucketGrant[], seen: Options) {
    super(
      "test:shared:Holder",
      "holder",
      {},
      {
        transformations: [
          ({ type, name, opts }) => {
            seen.set(`${type} ${name}`, opts);
            return undefined;
          },
        ],
      },
    );
    const child = { parent: this };
    bucketPolicy("files-policy", privateBucket("files", args, child), grants, child);
    this.registerOutputs({});
  }
}

async function build(
  change: Partial<PrivateBucketArgs> = {},
  grants: readonly BucketGrant[] = [],
  preview = false,
): Promise<{ readonly recording: Recording; readonly seen: Options }> {
  const seen: Options = new Map();
  const outputs = { "aws:s3/bucket:Bucket": { arn: "arn:aws:s3:::files" } };
  const recording = await record(() => new Holder({ ...PLAIN, ...change }, grants, seen), {
    preview,
    outputs,
  });
  return { recording, seen };
}

const made = ({ recording }: { recording: Recording }): string[] =>
  recording.typesAndNames().filter((line) => line.startsWith("aws:"));

function inputs({ recording }: { recording: Recording }, name: string): Record<string, unknown> {
  const found = recording.resources.find((resource) => resource.name === name);
  assert.ok(found !== undefined, name);
  return found.inputs;
}

async function rule(change: Partial<PrivateBucketArgs>): Promise<unknown> {
  const [only, ...more] = inputs(await build(change), "files-lifecycle")["rules"] as unknown[];
  assert.deepEqual(more, []);
  return only;
}

async function statements(grants: readonly BucketGrant[]): Promise<Record<string, unknown>[]> {
  const policy = inputs(await build({}, grants), "files-policy")["policy"] as string;
  return (JSON.parse(policy) as { Statement: Record<string, unknown>[] }).Statement;
}

describe("privateBucket", () => {
  it("consists of exactly these resources, in a preview as well, with versions only where they are kept", async () => {
    for (const preview of [false, true]) {
      assert.deepEqual(made(await build({}, [], preview)), ALWAYS);
      assert.deepEqual(made(await build({ undeleteDays: 7 }, [], preview)), [...ALWAYS, VERSIONING]);
    }
  });

  it("is closed to the public in all four ways, and belongs to the account with all that is in it", async () => {
    const built = await build();
    assert.deepEqual(inputs(built, "files-private"), {
      bucket: "files-id",
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    assert.deepEqual(inputs(built, "files-ownership"), {
      bucket: "files-id",
      rule: { objectOwnership: "BucketOwnerEnforced" },
    });
  });

  it("is encrypted with keys of S3 or of KMS, of the latter with one for many objects", async () => {
    const rules = async (encryption: PrivateBucketArgs["encryption"]): Promise<unknown> =>
      inputs(await build({ encryption }), "files-encryption")["rules"];
    assert.deepEqual(await rules("AES256"), [
      { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } },
    ]);
    assert.deepEqual(await rules("aws:kms"), [
      { applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" }, bucketKeyEnabled: true },
    ]);
  });

  it("drops uploads that were never completed, and keeps everything else unless told otherwise", async () => {
    const common = {
      id: "retention",
      status: "Enabled",
      filter: {},
      abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
    };
    assert.deepEqual(await rule({}), common);
    assert.deepEqual(await rule({ expireDays: 90 }), { ...common, expiration: { days: 90 } });
    assert.deepEqual(await rule({ undeleteDays: 14 }), {
      ...common,
      noncurrentVersionExpiration: { noncurrentDays: 14 },
    });
  });

  it("keeps versions before a rule speaks of them", async () => {
    const { seen } = await build({ undeleteDays: 14 });
    assert.deepEqual(
      await namesOf(seen, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration files-lifecycle"),
      ["files-versioning"],
    );
  });

  it("is emptied with the stack or kept with all that closes it, where that was asked for", async () => {
    const forced = async (change: Partial<PrivateBucketArgs>): Promise<unknown> =>
      inputs(await build(change), "files")["forceDestroy"];
    const retained = async (change: Partial<PrivateBucketArgs>): Promise<string[]> =>
      [...(await build(change)).seen]
        .filter(([, options]) => options.retainOnDelete === true)
        .map(([line]) => line)
        .sort();
    assert.deepEqual(
      [await forced({ onRemoval: "emptied" }), await retained({ onRemoval: "emptied" })],
      [true, []],
    );
    assert.deepEqual(
      [
        await forced({ onRemoval: "kept", undeleteDays: 7 }),
        await retained({ onRemoval: "kept", undeleteDays: 7 }),
      ],
      [undefined, [...ALWAYS, VERSIONING]],
    );
    assert.deepEqual([await forced({}), await retained({})], [undefined, []]);
  });

  it("protects the bucket alone, and only where that was asked for", async () => {
    const protectedOnes = async (change: Partial<PrivateBucketArgs>): Promise<string[]> =>
      [...(await build(change)).seen].flatMap(([line, { protect }]) => (protect === true ? [line] : []));
    assert.deepEqual(await protectedOnes({}), []);
    assert.deepEqual(await protectedOnes({ protect: true }), ["aws:s3/bucket:Bucket files"]);
  });

  it("is in the provider's region, or with all its parts in another", async () => {
    const regions = async (change: Partial<PrivateBucketArgs>): Promise<Set<unknown>> => {
      const { resources } = (await build({ undeleteDays: 7, ...change })).recording;
      return new Set(resources.filter(({ custom }) => custom).map((each) => each.inputs["region"]));
    };
    assert.deepEqual(await regions({}), new Set([undefined]));
    assert.deepEqual(await regions({ region: "eu-central-1" }), new Set(["eu-central-1"]));
  });

  it("lets the caller change the bucket", async () => {
    const transform = { forceDestroy: true };
    assert.deepEqual(inputs(await build({ transform }), "files"), {
      bucketPrefix: "retrofitlink-files-",
      forceDestroy: true,
    });
  });
});

describe("bucketPolicy", () => {
  const ONLY_TLS = {
    Sid: "OnlyTls",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: ["arn:aws:s3:::files", "arn:aws:s3:::files/*"],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };

  it("refuses what comes without TLS, also where nobody is let in", async () => {
    assert.deepEqual(await statements([]), [ONLY_TLS]);
  });

  it("lets a service in on behalf of one thing, or of all that are like it, and to some objects only", async () => {
    const [one, alike, ...rest] = await statements([
      {
        service: "cloudfront.amazonaws.com",
        action: "s3:GetObject",
        source: { arn: "arn:aws:cloudfront::123456789012:distribution/E1" },
      },
      {
        service: "logdelivery.elasticloadbalancing.amazonaws.com",
        action: "s3:PutObject",
        objects: pulumi.output("AWSLogs/123456789012/*"),
        source: { arnLike: "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/*" },
      },
    ]);
    assert.deepEqual(one, {
      Effect: "Allow",
      Principal: { Service: "cloudfront.amazonaws.com" },
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::files/*",
      Condition: {
        StringEquals: { "aws:SourceArn": "arn:aws:cloudfront::123456789012:distribution/E1" },
      },
    });
    assert.deepEqual(alike, {
      Effect: "Allow",
      Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: "arn:aws:s3:::files/AWSLogs/123456789012/*",
      Condition: {
        ArnLike: {
          "aws:SourceArn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/*",
        },
      },
    });
    assert.deepEqual(rest, [ONLY_TLS]);
  });

  it("waits until the bucket is closed to the public", async () => {
    const { seen } = await build();
    assert.deepEqual(await namesOf(seen, "aws:s3/bucketPolicy:BucketPolicy files-policy"), ["files-private"]);
  });
});

/** Names of what a resource was told to wait for. */
async function namesOf(seen: Options, line: string): Promise<string[]> {
  const { dependsOn } = seen.get(line) ?? {};
  const waitedFor = dependsOn as pulumi.Resource[] | undefined;
  const urns = await Promise.all(
    (waitedFor ?? []).map(({ urn }) => new Promise<string>((resolve) => void urn.apply(resolve))),
  );
  return urns.map((urn) => urn.split("::").pop() ?? "");
}
