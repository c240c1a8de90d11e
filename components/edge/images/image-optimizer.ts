import { join, relative } from "node:path";

import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as iam from "@pulumi/aws/iam";
import * as lambda from "@pulumi/aws/lambda";
import * as cloudfunctionsv2 from "@pulumi/gcp/cloudfunctionsv2";
import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as compute from "@pulumi/gcp/compute";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as storage from "@pulumi/gcp/storage";
import * as pulumi from "@pulumi/pulumi";

import { assertValid } from "../../shared/issues";
import { valuesOf, type Values } from "../../../budget/core/derived";
import { plannedPart } from "../../../budget/core/summary";
import type { Witness } from "../../../budget/core/witness";
import { planImages, type ImageNumbers, type ImagePlan } from "../../../budget/edge/image-plan";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import type { ImageOptimizerSummary } from "../../../budget/edge/summary";
import { physicalName } from "../../shared/physical-name";
import { trustPolicy } from "../../shared/service-role";
import { transformed } from "../../shared/transform";
import {
  completeImageArgs,
  imageOptimizerIssues,
  LOG_RETENTION_DAYS,
  type AwsImageOptimizerArgs,
  type CompleteImageArgs,
  type GcpImageOptimizerArgs,
  type ImageOptimizerArgs,
} from "./image-optimizer-args";
import { BUILD_COMMAND, imageBundle, IMAGE_BUNDLES, type ImageBundle } from "./image-bundle";

export { imageOptimizerIssues } from "./image-optimizer-args";
export type {
  AwsImageOptimizerArgs,
  GcpImageOptimizerArgs,
  ImageOptimizerArgs,
} from "./image-optimizer-args";

/** Characters of the id of a service account. Source: Google Cloud IAM. */
const LONGEST_ACCOUNT_ID = 30;

/** What the cloud's console shows of the function. */
const DESCRIPTION = "Makes the variants of images for the CDN";

/** Where a CDN finds the images. */
export type ImageOrigin =
  | {
      readonly cloud: "aws";
      /** Host of the function URL, for an origin with an origin access control of the type `lambda`. */
      readonly hostname: pulumi.Output<string>;
      readonly functionName: pulumi.Output<string>;
      readonly region: string;
    }
  | {
      readonly cloud: "gcp";
      /** Serverless network endpoint group, for a backend service of the load balancer. */
      readonly endpointGroup: pulumi.Output<string>;
    };

/**
 * Makes images where they are asked for: the variants of the image ladder, from originals in a private bucket, on
 * Lambda or on Cloud Run functions. It can read the originals and write its log, nothing else.
 *
 * Trap: the code is built by `make image-function`. Without it a preview goes on with a stand-in and says so; an
 * update is refused.
 *
 * Cost: per call and millisecond. At a hit rate of 85 % one request in seven calls it, at most `concurrency` at once.
 */
export class ImageOptimizer extends pulumi.ComponentResource {
  readonly origin: ImageOrigin;
  /** Calls at the same time; those above it get 429 from Lambda, and wait on Cloud Run. */
  readonly concurrency: number;

  readonly plan: ImagePlan;
  /** The function itself, of the cloud that was chosen. */
  readonly function: lambda.Function | cloudfunctionsv2.Function;

  constructor(name: string, given: ImageOptimizerArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("ImageOptimizer", name, imageOptimizerIssues(given), given.configKey);
    const args = completeImageArgs(given);
    const bundle = usableBundle(name, args);
    const plan = args.plan ?? planImages({ ...args, workload: name });
    const sizes = valuesOf(plan.numbers);
    const summary: ImageOptimizerSummary = {
      configKey: args.configKey ?? name,
      workload: name,
      cloud: args.cloud,
      ...plannedPart(plan, imageWitnesses(name, args, plan)),
    };
    super(COMPONENT_TYPES.imageOptimizer, name, summary, opts);
    this.plan = plan;
    this.concurrency = sizes.concurrency;
    const made =
      args.cloud === "aws" ? this.onAws(name, args, sizes, bundle) : this.onGcp(name, args, sizes, bundle);
    this.origin = made.origin;
    this.function = made.function;
    this.registerOutputs({ origin: this.origin, concurrency: this.concurrency });
  }

  private onAws(
    name: string,
    args: CompleteImageArgs<AwsImageOptimizerArgs>,
    { concurrency, memoryMiB, timeout }: Values<ImageNumbers>,
    bundle: ImageBundle,
  ): Made {
    const { region, originals, prefix, transform } = args;
    const child = { parent: this };
    const logGroup = new cloudwatch.LogGroup(
      ...transformed(
        transform?.logGroup,
        `${name}-log`,
        {
          region,
          retentionInDays: args.logRetentionDays ?? LOG_RETENTION_DAYS,
        },
        child,
      ),
    );
    const role = new iam.Role(
      ...transformed<iam.RoleArgs>(
        transform?.role,
        `${name}-role`,
        {
          assumeRolePolicy: trustPolicy("lambda.amazonaws.com"),
        },
        child,
      ),
    );
    const policy = new iam.RolePolicy(
      ...transformed<iam.RolePolicyArgs>(
        transform?.policy,
        `${name}-policy`,
        {
          role: role.id,
          policy: pulumi.jsonStringify({
            Version: "2012-10-17",
            Statement: [
              {
                Effect: "Allow",
                Action: "s3:GetObject",
                Resource: pulumi.interpolate`${originals.arn}/${prefix}*`,
              },
              {
                Effect: "Allow",
                Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
                Resource: pulumi.interpolate`${logGroup.arn}:*`,
              },
            ],
          }),
        },
        child,
      ),
    );
    const made = new lambda.Function(
      ...transformed(
        transform?.function,
        `${name}-function`,
        {
          region,
          description: DESCRIPTION,
          role: role.arn,
          runtime: "nodejs24.x",
          architectures: ["arm64"],
          handler: "aws.handler",
          ...lambdaCode(bundle),
          memorySize: memoryMiB,
          timeout: timeout,
          ...(args.reserveConcurrency === false ? {} : { reservedConcurrentExecutions: concurrency }),
          // Lambda gives a process one call at a time.
          environment: { variables: variables(originals.name, prefix) },
          loggingConfig: { logFormat: "Text", logGroup: logGroup.name },
        },
        { ...child, dependsOn: [policy] },
      ),
    );
    const url = new lambda.FunctionUrl(
      ...transformed<lambda.FunctionUrlArgs>(
        transform?.url,
        `${name}-url`,
        { region, functionName: made.name, authorizationType: "AWS_IAM", invokeMode: "BUFFERED" },
        child,
      ),
    );
    const hostname = pulumi.interpolate`${url.urlId}.lambda-url.${region}.on.aws`;
    return { origin: { cloud: "aws", hostname, functionName: made.name, region }, function: made };
  }

  private onGcp(
    name: string,
    args: CompleteImageArgs<GcpImageOptimizerArgs>,
    { concurrency, memoryMiB, timeout }: Values<ImageNumbers>,
    bundle: ImageBundle,
  ): Made {
    const { project, region, originals, prefix, transform } = args;
    const child = { parent: this };
    const account = new serviceaccount.Account(
      ...transformed<serviceaccount.AccountArgs>(
        transform?.account,
        `${name}-account`,
        {
          project,
          accountId: physicalName(`${pulumi.getStack()}-${name}`, LONGEST_ACCOUNT_ID),
          displayName: "Reads the originals of images",
        },
        child,
      ),
    );
    const reader = new storage.BucketIAMMember(
      ...transformed<storage.BucketIAMMemberArgs>(
        transform?.reader,
        `${name}-reader`,
        {
          bucket: originals.name,
          // To get an object by its name, not to list.
          role: "roles/storage.legacyObjectReader",
          member: pulumi.interpolate`serviceAccount:${account.email}`,
          condition: {
            title: "originals-only",
            expression: pulumi.interpolate`resource.name.startsWith("projects/_/buckets/${originals.name}/objects/${prefix}")`,
          },
        },
        child,
      ),
    );
    const source = new storage.Bucket(
      ...transformed<storage.BucketArgs>(
        transform?.source,
        `${name}-source`,
        {
          project,
          location: region.toUpperCase(),
          uniformBucketLevelAccess: true,
          publicAccessPrevention: "enforced",
          // Nothing is lost with it: the next update uploads the code again.
          forceDestroy: true,
        },
        child,
      ),
    );
    const { asset, version } = gcpCode(bundle);
    const code = new storage.BucketObject(
      ...transformed<storage.BucketObjectArgs>(
        transform?.code,
        `${name}-code`,
        // A function is built anew only when the name of its source changes.
        { bucket: source.name, name: `image-function-${version}.zip`, source: asset },
        child,
      ),
    );
    const made = new cloudfunctionsv2.Function(
      ...transformed(
        transform?.function,
        `${name}-function`,
        {
          project,
          location: region,
          description: DESCRIPTION,
          buildConfig: {
            runtime: "nodejs24",
            entryPoint: "image",
            source: { storageSource: { bucket: source.name, object: code.name } },
            // The zip has its packages; the build fetches none.
            environmentVariables: { GOOGLE_VENDOR_NPM_DEPENDENCIES: "true" },
            ...(args.buildAccount === undefined ? {} : { serviceAccount: args.buildAccount }),
          },
          serviceConfig: {
            availableCpu: "1",
            availableMemory: `${memoryMiB}Mi`,
            timeoutSeconds: timeout,
            maxInstanceCount: concurrency,
            maxInstanceRequestConcurrency: 1,
            minInstanceCount: 0,
            ingressSettings: "ALLOW_INTERNAL_AND_GCLB",
            allTrafficOnLatestRevision: true,
            serviceAccountEmail: account.email,
            environmentVariables: variables(originals.name, prefix),
          },
        },
        { ...child, dependsOn: [reader] },
      ),
    );
    // A load balancer signs no requests, so the door it comes through stands for who may call: `ingressSettings`.
    new cloudrunv2.ServiceIamMember(
      ...transformed<cloudrunv2.ServiceIamMemberArgs>(
        transform?.invoker,
        `${name}-invoker`,
        { project, location: region, name: made.name, role: "roles/run.invoker", member: "allUsers" },
        child,
      ),
    );
    const endpoints = new compute.RegionNetworkEndpointGroup(
      ...transformed<compute.RegionNetworkEndpointGroupArgs>(
        transform?.endpoints,
        `${name}-endpoints`,
        { project, region, networkEndpointType: "SERVERLESS", cloudRun: { service: made.name } },
        child,
      ),
    );
    return { origin: { cloud: "gcp", endpointGroup: endpoints.id }, function: made };
  }
}

/** What one of the clouds gives back. */
interface Made {
  readonly origin: ImageOrigin;
  readonly function: lambda.Function | cloudfunctionsv2.Function;
}

/** What the function has to hold so that the proofs are about what runs. */
function imageWitnesses(name: string, args: ImageOptimizerArgs, { numbers }: ImagePlan): Witness[] {
  const { memoryMiB, timeout, concurrency } = valuesOf(numbers);
  const of =
    (type: string) =>
    (at: readonly string[], is: Witness["is"]): Witness => ({ type, name: `${name}-function`, at, is });
  const onLambda = of("aws:lambda/function:Function");
  const onRun = of("gcp:cloudfunctionsv2/function:Function");
  return args.cloud === "aws"
    ? [
        onLambda(["memorySize"], memoryMiB),
        onLambda(["timeout"], timeout),
        ...(args.reserveConcurrency === false
          ? []
          : [onLambda(["reservedConcurrentExecutions"], concurrency)]),
      ]
    : [
        onRun(["serviceConfig", "availableMemory"], `${memoryMiB}Mi`),
        onRun(["serviceConfig", "timeoutSeconds"], timeout),
        onRun(["serviceConfig", "maxInstanceCount"], concurrency),
      ];
}

function variables(bucket: pulumi.Input<string>, prefix: string): Record<string, pulumi.Input<string>> {
  return { ORIGINALS_BUCKET: bucket, ORIGINALS_PREFIX: prefix, IMAGES_AT_ONCE: "1" };
}

/** The bundle, unless an update would put something else in its place. */
function usableBundle(name: string, { cloud, bundles = IMAGE_BUNDLES }: ImageOptimizerArgs): ImageBundle {
  const bundle = imageBundle(bundles, cloud);
  if (bundle.state === "built") return bundle;
  const what = `ImageOptimizer "${name}": the code of the image function is ${bundle.state} (${shownPath(bundle.zip)})`;
  if (!pulumi.runtime.isDryRun()) throw new pulumi.RunError(`${what}. Run \`${BUILD_COMMAND}\` first.`);
  void pulumi.log.warn(`${what}. The preview goes on without it; run \`${BUILD_COMMAND}\` before an update.`);
  return bundle;
}

/** A path of this repository from its root, which is the same on every machine. */
function shownPath(path: string): string {
  const inside = relative(join(__dirname, "..", "..", ".."), path);
  return inside.startsWith("..") ? path : inside;
}

/** Shown by a preview in place of the code. */
const NOT_BUILT = new pulumi.asset.StringAsset(`not built: run \`${BUILD_COMMAND}\`\n`);

function lambdaCode(bundle: ImageBundle): Pick<lambda.FunctionArgs, "code" | "sourceCodeHash"> {
  if (bundle.state !== "built")
    return { code: new pulumi.asset.AssetArchive({ "not-built.txt": NOT_BUILT }) };
  return {
    code: new pulumi.asset.FileArchive(bundle.zip),
    sourceCodeHash: Buffer.from(bundle.sha256, "hex").toString("base64"),
  };
}

function gcpCode(bundle: ImageBundle): { readonly asset: pulumi.asset.Asset; readonly version: string } {
  if (bundle.state !== "built") return { asset: NOT_BUILT, version: "not-built" };
  return { asset: new pulumi.asset.FileAsset(bundle.zip), version: bundle.sha256.slice(0, 16) };
}
