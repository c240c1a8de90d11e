/** The origin that makes images, a function which only this distribution may call. */
import * as cloudfront from "@pulumi/aws/cloudfront";
import type * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";

import { transformed } from "../../shared/transform";
import { ImageOptimizer, type ImageOrigin } from "../images/image-optimizer";
import { imageDemand, type CloudFrontImages, type CompleteCloudFrontArgs } from "./cloudfront-args";

export interface CloudFrontImageOrigin {
  readonly optimizer: ImageOptimizer;
  readonly origin: Extract<ImageOrigin, { cloud: "aws" }>;
  readonly hostname: pulumi.Output<string>;
  readonly accessControlId: pulumi.Output<string>;
}

/** The function that makes images, which answers to signed requests only. */
export function imageOrigin(
  name: string,
  args: CompleteCloudFrontArgs,
  images: CloudFrontImages,
  assets: s3.Bucket | undefined,
  child: Required<Pick<pulumi.CustomResourceOptions, "parent">>,
): CloudFrontImageOrigin {
  const { originals } = images;
  const { transform = {} } = args;
  const optimizer = new ImageOptimizer(
    `${name}-images`,
    {
      ...imageDemand(args, images),
      ...(transform.images === undefined ? {} : { transform: transform.images }),
      ...(args.configKey === undefined ? {} : { configKey: `${args.configKey}.images` }),
      originals:
        originals === undefined
          ? { name: assets?.bucket ?? "", arn: assets?.arn ?? "" }
          : { name: originals.name, arn: pulumi.interpolate`arn:aws:s3:::${originals.name}` },
    },
    child,
  );
  const accessControl = new cloudfront.OriginAccessControl(
    ...transformed<cloudfront.OriginAccessControlArgs>(
      transform.originAccessControl,
      `${name}-images-access`,
      { originAccessControlOriginType: "lambda", signingBehavior: "always", signingProtocol: "sigv4" },
      child,
    ),
  );
  // On Lambda, for nothing else was asked for.
  const origin = optimizer.origin as Extract<ImageOrigin, { cloud: "aws" }>;
  return { optimizer, origin, hostname: origin.hostname, accessControlId: accessControl.id };
}
