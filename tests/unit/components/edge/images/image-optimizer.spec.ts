import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { allowDistribution } from "../../../../../components/edge/images/allow-distribution";
import {
  ImageOptimizer,
  imageOptimizerIssues,
  type AwsImageOptimizerArgs,
  type GcpImageOptimizerArgs,
  type ImageOptimizerArgs,
} from "../../../../../components/edge/images/image-optimizer";
import { describeIssue } from "../../../../../components/shared/issues";
import { valuesOf } from "../../../../../budget/core/derived";
import { broken } from "../../../../../budget/core/plan";
import type { Proof } from "../../../../../budget/core/proof";
import type { ImageNumbers } from "../../../../../budget/edge/image-plan";
import { judgedObjects } from "../../../../helpers/witnesses";
import { record, type Recording } from "../../../../helpers/pulumi";

const AWS = "image-optimizer";
const bundles = mkdtempSync(join(tmpdir(), "image-bundles-"));
const SHA256 = createHash("sha256").update("zip").digest("hex");

const aws: AwsImageOptimizerArgs = {
  configKey: "retrofitlink:cdn.images",
  cloud: "aws",
  region: "eu-central-1",
  originals: { name: "originals", arn: "arn:aws:s3:::originals" },
  prefix: "images/",
  peakRps: 200,
  hitRatio: 0.85,
  maxUtilization: 0.7,
  bundles,
};

const gcp: GcpImageOptimizerArgs = {
  configKey: "retrofitlink:cdn.images",
  cloud: "gcp",
  project: "retrofitlink-production",
  region: "europe-west3",
  originals: { name: "originals" },
  prefix: "images/",
  peakRps: 200,
  hitRatio: 0.85,
  maxUtilization: 0.7,
  bundles,
};

const build = (args: ImageOptimizerArgs, options = {}): Promise<Recording> =>
  record(() => new ImageOptimizer(AWS, args), options);

const problemsOf = (args: ImageOptimizerArgs): string[] =>
  imageOptimizerIssues(args).map((found) => describeIssue(found, args.configKey));

before(() => {
  for (const cloud of ["aws", "gcp"]) {
    writeFileSync(join(bundles, `${cloud}.zip`), "zip");
    writeFileSync(join(bundles, `${cloud}.json`), JSON.stringify({ sha256: SHA256 }));
  }
});

after(() => rmSync(bundles, { recursive: true }));

describe("ImageOptimizer, on Lambda", () => {
  const RESOURCES = [
    "aws:cloudwatch/logGroup:LogGroup image-optimizer-log",
    "aws:iam/role:Role image-optimizer-role",
    "aws:iam/rolePolicy:RolePolicy image-optimizer-policy",
    "aws:lambda/function:Function image-optimizer-function",
    "aws:lambda/functionUrl:FunctionUrl image-optimizer-url",
    "retrofitlink:edge:ImageOptimizer image-optimizer",
  ];

  it("consists of exactly these resources, in a preview as well", async () => {
    assert.deepEqual((await build(aws)).typesAndNames(), RESOURCES);
    assert.deepEqual((await build(aws, { preview: true })).typesAndNames(), RESOURCES);
  });

  it("tells policies what it was derived from", async () => {
    const recording = await build(aws);
    const { numbers, order, proofs, witnesses, ...rest } = recording.only(
      "retrofitlink:edge:ImageOptimizer",
    ).inputs;
    assert.deepEqual(rest, {
      configKey: "retrofitlink:cdn.images",
      workload: "image-optimizer",
      cloud: "aws",
    });
    assert.deepEqual(valuesOf(numbers as ImageNumbers), {
      // 200/s * 0.15 * 1.5 s / 0.7 = 64.3
      concurrency: 65,
      variants: 81,
      neededMiB: 768,
      memoryMiB: 1769,
      timeout: 25,
    });
    assert.deepEqual([...(order as string[])].sort(), Object.keys(numbers as object).sort());
    assert.deepEqual(broken({ proofs: proofs as Proof[] }), []);
    assert.equal((witnesses as unknown[]).length, 3);
    assert.deepEqual(judgedObjects(recording).wrong, []);
  });

  it("runs the bundle with a whole processor, bounded in time and number", async () => {
    const { inputs } = (await build(aws)).only("aws:lambda/function:Function");
    const { code, loggingConfig, ...plain } = inputs as any;
    assert.ok(pulumi.asset.FileArchive.isInstance(code));
    assert.equal(await (code as pulumi.asset.FileArchive).path, join(bundles, "aws.zip"));
    assert.equal(loggingConfig.logFormat, "Text");
    assert.deepEqual(plain, {
      region: "eu-central-1",
      description: "Makes the variants of images for the CDN",
      runtime: "nodejs24.x",
      architectures: ["arm64"],
      handler: "aws.handler",
      sourceCodeHash: Buffer.from(SHA256, "hex").toString("base64"),
      memorySize: 1769,
      timeout: 25,
      reservedConcurrentExecutions: 65,
      environment: {
        variables: { ORIGINALS_BUCKET: "originals", ORIGINALS_PREFIX: "images/", IMAGES_AT_ONCE: "1" },
      },
    });
  });

  it("reserves no calls where the account has none to give", async () => {
    const { inputs } = (await build({ ...aws, reserveConcurrency: false })).only(
      "aws:lambda/function:Function",
    );
    assert.ok(!("reservedConcurrentExecutions" in inputs));
  });

  it("may read originals below its prefix and write its log, nothing else", async () => {
    const recording = await build({ ...aws, transform: { logGroup: { name: "log" } } });
    const policy = JSON.parse(String(recording.only("aws:iam/rolePolicy:RolePolicy").inputs["policy"])) as {
      Statement: { Effect: string; Action: unknown; Resource: string }[];
    };
    const [read, log] = policy.Statement;
    assert.equal(policy.Statement.length, 2);
    assert.deepEqual(read, {
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: "arn:aws:s3:::originals/images/*",
    });
    assert.deepEqual(log?.Action, ["logs:CreateLogStream", "logs:PutLogEvents"]);
    assert.match(log?.Resource ?? "", /.:\*$/);
    assert.deepEqual(recording.ofType("aws:iam/rolePolicyAttachment:RolePolicyAttachment"), []);
  });

  it("keeps its log for two weeks, or as long as is said", async () => {
    const days = async (args: AwsImageOptimizerArgs): Promise<unknown> =>
      (await build(args)).only("aws:cloudwatch/logGroup:LogGroup").inputs["retentionInDays"];
    assert.equal(await days(aws), 14);
    assert.equal(await days({ ...aws, logRetentionDays: 90 }), 90);
  });

  it("answers signed calls only", async () => {
    const { inputs } = (await build(aws)).only("aws:lambda/functionUrl:FunctionUrl");
    assert.equal(inputs["authorizationType"], "AWS_IAM");
    assert.equal(inputs["invokeMode"], "BUFFERED");
    assert.equal(inputs["cors"], undefined);
  });

  it("lets exactly the given distribution in, by both rights that a function URL asks for", async () => {
    const arn = "arn:aws:cloudfront::123456789012:distribution/E1";
    const recording = await record(() => {
      const { origin } = new ImageOptimizer(AWS, aws);
      assert.ok(origin.cloud === "aws");
      allowDistribution("edge", origin, arn, {});
    });
    const permissions = recording.ofType("aws:lambda/permission:Permission").map(({ name, inputs }) => {
      const { region, action, principal, sourceArn, functionUrlAuthType, invokedViaFunctionUrl } = inputs;
      return { name, region, action, principal, sourceArn, functionUrlAuthType, invokedViaFunctionUrl };
    });
    const common = { region: "eu-central-1", principal: "cloudfront.amazonaws.com", sourceArn: arn };
    assert.deepEqual(
      permissions.sort((a, b) => a.name.localeCompare(b.name)),
      [
        {
          name: "edge-image-invoke",
          action: "lambda:InvokeFunction",
          ...common,
          functionUrlAuthType: undefined,
          invokedViaFunctionUrl: true,
        },
        {
          name: "edge-image-url",
          action: "lambda:InvokeFunctionUrl",
          ...common,
          functionUrlAuthType: "AWS_IAM",
          invokedViaFunctionUrl: undefined,
        },
      ],
    );
  });

  it("gives a child the last word to its transform", async () => {
    const recording = await build({ ...aws, transform: { function: { memorySize: 3008 } } });
    assert.equal(recording.only("aws:lambda/function:Function").inputs["memorySize"], 3008);
  });
});

describe("ImageOptimizer, on Cloud Run functions", () => {
  const RESOURCES = [
    "gcp:cloudfunctionsv2/function:Function image-optimizer-function",
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember image-optimizer-invoker",
    "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup image-optimizer-endpoints",
    "gcp:serviceaccount/account:Account image-optimizer-account",
    "gcp:storage/bucket:Bucket image-optimizer-source",
    "gcp:storage/bucketIAMMember:BucketIAMMember image-optimizer-reader",
    "gcp:storage/bucketObject:BucketObject image-optimizer-code",
    "retrofitlink:edge:ImageOptimizer image-optimizer",
  ];

  it("consists of exactly these resources, in a preview as well", async () => {
    assert.deepEqual((await build(gcp)).typesAndNames(), RESOURCES);
    assert.deepEqual((await build(gcp, { preview: true })).typesAndNames(), RESOURCES);
  });

  it("can be reached through the load balancer only, which is why it may be called by all", async () => {
    const recording = await build(gcp);
    const { serviceConfig } = recording.only("gcp:cloudfunctionsv2/function:Function").inputs as any;
    assert.equal(serviceConfig.ingressSettings, "ALLOW_INTERNAL_AND_GCLB");
    assert.equal(
      recording.only("gcp:cloudrunv2/serviceIamMember:ServiceIamMember").inputs["member"],
      "allUsers",
    );
  });

  it("runs one image an instance, in the memory that is needed, as many instances as the demand asks for", async () => {
    const { serviceConfig, buildConfig } = (await build(gcp)).only("gcp:cloudfunctionsv2/function:Function")
      .inputs as any;
    assert.deepEqual(serviceConfig, {
      availableCpu: "1",
      availableMemory: "768Mi",
      timeoutSeconds: 25,
      maxInstanceCount: 65,
      maxInstanceRequestConcurrency: 1,
      minInstanceCount: 0,
      ingressSettings: "ALLOW_INTERNAL_AND_GCLB",
      allTrafficOnLatestRevision: true,
      environmentVariables: {
        ORIGINALS_BUCKET: "originals",
        ORIGINALS_PREFIX: "images/",
        IMAGES_AT_ONCE: "1",
      },
    });
    assert.equal(buildConfig.runtime, "nodejs24");
    assert.equal(buildConfig.entryPoint, "image");
    assert.deepEqual(buildConfig.environmentVariables, { GOOGLE_VENDOR_NPM_DEPENDENCIES: "true" });
  });

  it("has a source whose name changes with its content, in a bucket that is nobody's", async () => {
    const recording = await build(gcp);
    const object = recording.only("gcp:storage/bucketObject:BucketObject").inputs as any;
    assert.equal(object.name, `image-function-${SHA256.slice(0, 16)}.zip`);
    assert.ok(pulumi.asset.FileAsset.isInstance(object.source));
    const bucket = recording.only("gcp:storage/bucket:Bucket").inputs;
    assert.equal(bucket["publicAccessPrevention"], "enforced");
    assert.equal(bucket["uniformBucketLevelAccess"], true);
  });

  it("has an account of its stack, and is built by the one that is named", async () => {
    const recording = await build({ ...gcp, buildAccount: "projects/p/serviceAccounts/builder" });
    assert.equal(
      recording.only("gcp:serviceaccount/account:Account").inputs["accountId"],
      "test-image-optimizer",
    );
    const { buildConfig } = recording.only("gcp:cloudfunctionsv2/function:Function").inputs as any;
    assert.equal(buildConfig.serviceAccount, "projects/p/serviceAccounts/builder");
  });

  it("may get originals below its prefix by name, and list nothing", async () => {
    const { inputs } = (await build(gcp)).only("gcp:storage/bucketIAMMember:BucketIAMMember");
    assert.equal(inputs["role"], "roles/storage.legacyObjectReader");
    assert.equal(
      (inputs["condition"] as { expression: string }).expression,
      'resource.name.startsWith("projects/_/buckets/originals/objects/images/")',
    );
  });
});

describe("ImageOptimizer without its bundle", () => {
  const empty = join(bundles, "none");

  it("goes on in a preview, with a stand-in and a warning that says what to run", async () => {
    const warnings: string[] = [];
    const { warn } = pulumi.log;
    (pulumi.log as { warn: unknown }).warn = (message: string) => void warnings.push(message);
    try {
      const recording = await build({ ...aws, bundles: empty }, { preview: true });
      const { code, sourceCodeHash } = recording.only("aws:lambda/function:Function").inputs as any;
      assert.ok(pulumi.asset.AssetArchive.isInstance(code));
      assert.equal(sourceCodeHash, undefined);
      const object = (await build({ ...gcp, bundles: empty }, { preview: true })).only(
        "gcp:storage/bucketObject:BucketObject",
      ).inputs;
      assert.equal(object["name"], "image-function-not-built.zip");
    } finally {
      (pulumi.log as { warn: unknown }).warn = warn;
    }
    assert.equal(warnings.length, 2);
    assert.match(warnings[0] ?? "", /is missing \(.*aws\.zip\).*run `make image-function` before an update/);
  });

  it("refuses an update, before anything is created", async () => {
    await assert.rejects(
      build({ ...aws, bundles: empty }),
      /the code of the image function is missing \(.*\)\. Run `make image-function` first\./,
    );
  });

  it("refuses a bundle that is not the one its record describes", async () => {
    const damaged = mkdtempSync(join(bundles, "damaged-"));
    writeFileSync(join(damaged, "aws.zip"), "half a z");
    writeFileSync(join(damaged, "aws.json"), JSON.stringify({ sha256: SHA256 }));
    await assert.rejects(build({ ...aws, bundles: damaged }), /the image function is damaged/);
  });
});

describe("arguments of ImageOptimizer", () => {
  it("are sound as they are in the examples", () => {
    assert.deepEqual(problemsOf(aws), []);
    assert.deepEqual(problemsOf(gcp), []);
  });

  it("are refused with the key, what was given, what is allowed and what to do", () => {
    assert.deepEqual(problemsOf({ ...aws, prefix: "/images" }), [
      'retrofitlink:cdn.images.prefix: got "/images"; allowed is a path without a slash at the beginning and with one at the end: images/. Images need a folder of their own in the bucket; the function reads nothing else.',
    ]);
    assert.deepEqual(problemsOf({ ...aws, logRetentionDays: 15 }), [
      "retrofitlink:cdn.images.logRetentionDays: got 15; allowed is one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653. CloudWatch knows these steps only.",
    ]);
    assert.deepEqual(
      problemsOf({ ...gcp, peakRps: 0, hitRatio: 1.1, maxUtilization: 0, secondsPerImage: 16 }),
      [
        "retrofitlink:cdn.images.peakRps: got 0; allowed is a number above 0 (requests per second). Give what the CDN sees at peak.",
        "retrofitlink:cdn.images.hitRatio: got 1.1; allowed is a ratio from 0 to 1. Take the budget's cacheHitRatio.target.",
        "retrofitlink:cdn.images.maxUtilization: got 0; allowed is a ratio above 0, up to 1. Take the budget's cpuUtilization.target.",
        "retrofitlink:cdn.images.secondsPerImage: got 16; allowed is a number above 0 and at most 15 (seconds). Give the mean of the function's log; a slower image is given up.",
      ],
    );
  });

  it("are refused when they ask for more calls than an account has", () => {
    assert.deepEqual(problemsOf({ ...aws, peakRps: 10_000 }), [
      "retrofitlink:cdn.images.peakRps: got 10000; allowed is a demand of at most 900 calls at the same time; this is 3215. Cache more of it, or ask the cloud for more and change the limit with transform.function.",
    ]);
  });

  it("are refused by the component, all of them in one message", async () => {
    await assert.rejects(
      build({ ...aws, prefix: "", peakRps: NaN }),
      /ImageOptimizer "image-optimizer" cannot be built:\n {2}- retrofitlink:cdn\.images\.prefix.*\n {2}- retrofitlink:cdn\.images\.peakRps/,
    );
  });
});
