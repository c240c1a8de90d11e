import type * as cloudwatch from "@pulumi/aws/cloudwatch";
import type * as iam from "@pulumi/aws/iam";
import type * as lambda from "@pulumi/aws/lambda";
import type * as cloudfunctionsv2 from "@pulumi/gcp/cloudfunctionsv2";
import type * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import type * as compute from "@pulumi/gcp/compute";
import type * as serviceaccount from "@pulumi/gcp/serviceaccount";
import type * as storage from "@pulumi/gcp/storage";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

import { type Issue, issueList, issuesOf } from "../../../budget/core/issues";
import { valuesOf } from "../../../budget/core/derived";
import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import { planImages, type ImagePlan } from "../../../budget/edge/image-plan";
import { SECONDS_PER_IMAGE } from "../../../budget/edge/images";
import { imageSettings } from "../../../budget/edge/settings";
import type { Transform } from "../../shared/transform";
import { withDefaults } from "../../shared/with-defaults";

interface CommonArgs {
  /** Path in a stack file that the arguments come from, for messages. @default messages name the arguments themselves */
  readonly configKey?: string;
  /** Originals are below this path of the bucket, which is the path in the URL. Ends with a slash. @default "images/" */
  readonly prefix?: string;
  /** Requests for images at the edge at peak, per second, > 0. */
  readonly peakRps: number;
  /** Share of them that the edge answers, 0..1. @default `cacheHitRatio.target` of DEFAULT_BUDGET */
  readonly hitRatio?: number;
  /** Share of the calls that may be busy at peak, 0..1. @default `cpuUtilization.target` of DEFAULT_BUDGET */
  readonly maxUtilization?: number;
  /** Mean time of one image, seconds, up to 15. @default 1.5, a 12 megapixel photo to AVIF */
  readonly secondsPerImage?: number;
  /** Folder with what `make image-function` built. @default build/image-function of this checkout */
  readonly bundles?: string;
  /** The plan of the whole stack for it. @default it plans alone, from the arguments above */
  readonly plan?: ImagePlan;
}

/** Lambda behind a function URL that nobody but a distribution of CloudFront may call. */
export interface AwsImageOptimizerArgs extends CommonArgs {
  readonly cloud: "aws";
  readonly region: string;
  /** Private bucket with the originals, encrypted with S3's own keys. */
  readonly originals: { readonly name: pulumi.Input<string>; readonly arn: pulumi.Input<string> };
  /**
   * Calls at peak are kept free for the function, and it gets no more of them. False where the account has not that many:
   * other functions can then take them all. @default true
   */
  readonly reserveConcurrency?: boolean;
  /** One of CloudWatch's steps. @default 14 */
  readonly logRetentionDays?: number;
  readonly transform?: {
    readonly function?: Transform<lambda.FunctionArgs>;
    readonly logGroup?: Transform<cloudwatch.LogGroupArgs>;
    readonly role?: Transform<iam.RoleArgs>;
    readonly policy?: Transform<iam.RolePolicyArgs>;
    readonly url?: Transform<lambda.FunctionUrlArgs>;
  };
}

/** Cloud Run functions, reached through the external load balancer only. */
export interface GcpImageOptimizerArgs extends CommonArgs {
  readonly cloud: "gcp";
  readonly project: string;
  readonly region: string;
  /** Private bucket with the originals, with uniform bucket-level access: the right to read has a condition. */
  readonly originals: { readonly name: pulumi.Input<string> };
  /** `projects/…/serviceAccounts/…` that builds the code. @default Compute Engine's, which needs the role of a builder */
  readonly buildAccount?: pulumi.Input<string>;
  readonly transform?: {
    readonly function?: Transform<cloudfunctionsv2.FunctionArgs>;
    readonly account?: Transform<serviceaccount.AccountArgs>;
    readonly reader?: Transform<storage.BucketIAMMemberArgs>;
    readonly source?: Transform<storage.BucketArgs>;
    readonly code?: Transform<storage.BucketObjectArgs>;
    readonly invoker?: Transform<cloudrunv2.ServiceIamMemberArgs>;
    readonly endpoints?: Transform<compute.RegionNetworkEndpointGroupArgs>;
  };
}

export type ImageOptimizerArgs = AwsImageOptimizerArgs | GcpImageOptimizerArgs;

type Defaulted = "prefix" | "hitRatio" | "maxUtilization" | "secondsPerImage";

/** Arguments with their defaults. */
export type CompleteImageArgs<Args extends ImageOptimizerArgs = ImageOptimizerArgs> = Args &
  Required<Pick<CommonArgs, Defaulted>>;

export function completeImageArgs<Args extends ImageOptimizerArgs>(args: Args): CompleteImageArgs<Args> {
  return withDefaults(
    {
      prefix: "images/",
      hitRatio: DEFAULT_BUDGET.cacheHitRatio.target,
      maxUtilization: DEFAULT_BUDGET.cpuUtilization.target,
      secondsPerImage: SECONDS_PER_IMAGE,
    },
    args,
  );
}

export const LOG_RETENTION_DAYS = 14;

/** Source: CloudWatch Logs, PutRetentionPolicy. */
const RETENTION_STEPS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653];

/** Lambda keeps 100 of an account's 1000 calls unreserved; Cloud Run functions have 1000 instances at most. */
const MOST_CALLS = { aws: 900, gcp: 1000 } as const;

/** Everything that makes the function impossible to build or to prove. An empty list means it is sound. */
export function imageOptimizerIssues(given: ImageOptimizerArgs): Issue[] {
  const args = completeImageArgs(given);
  const { issues, check } = issueList();
  const { prefix, peakRps, hitRatio, maxUtilization, cloud } = args;
  check(
    /^([A-Za-z0-9_~-][A-Za-z0-9._~-]*\/)+$/.test(prefix) && !prefix.includes(".."),
    "prefix",
    prefix,
    "a path without a slash at the beginning and with one at the end: images/",
    "Images need a folder of their own in the bucket; the function reads nothing else.",
  );
  check(
    Number.isFinite(peakRps) && peakRps > 0,
    "peakRps",
    peakRps,
    "a number above 0 (requests per second)",
    "Give what the CDN sees at peak.",
  );
  check(
    hitRatio >= 0 && hitRatio <= 1,
    "hitRatio",
    hitRatio,
    "a ratio from 0 to 1",
    "Take the budget's cacheHitRatio.target.",
  );
  check(
    maxUtilization > 0 && maxUtilization <= 1,
    "maxUtilization",
    maxUtilization,
    "a ratio above 0, up to 1",
    "Take the budget's cpuUtilization.target.",
  );
  issues.push(...issuesOf(z.object({ secondsPerImage: imageSettings.secondsPerImage }), args));
  if (args.cloud === "aws") {
    const { logRetentionDays = LOG_RETENTION_DAYS } = args;
    check(
      RETENTION_STEPS.includes(logRetentionDays),
      "logRetentionDays",
      logRetentionDays,
      `one of ${RETENTION_STEPS.join(", ")}`,
      "CloudWatch knows these steps only.",
    );
  }
  // What follows would only repeat, as NaN, what is wrong above.
  if (issues.length > 0) return issues;
  const { concurrency } = valuesOf((args.plan ?? planImages(args)).numbers);
  check(
    concurrency <= MOST_CALLS[cloud],
    "peakRps",
    peakRps,
    `a demand of at most ${MOST_CALLS[cloud]} calls at the same time; this is ${concurrency}`,
    "Cache more of it, or ask the cloud for more and change the limit with transform.function.",
  );
  return issues;
}
