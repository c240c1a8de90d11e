import * as lambda from "@pulumi/aws/lambda";
import type * as pulumi from "@pulumi/pulumi";

import { transformed, type Transform } from "../../shared/transform";
import type { ImageOrigin } from "./image-optimizer";

/**
 * Lets one distribution of CloudFront call the function on Lambda, and nobody else. It is apart from the component,
 * because the distribution needs the function's host first. Both rights are needed: function URLs made since October
 * 2025 ask for the second one as well.
 *
 * @param opts its parent is the owner of the distribution
 * @param transform of both rights
 */
export function allowDistribution(
  name: string,
  origin: Extract<ImageOrigin, { cloud: "aws" }>,
  distributionArn: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
  transform?: Transform<lambda.PermissionArgs>,
): lambda.Permission[] {
  const to = {
    region: origin.region,
    function: origin.functionName,
    principal: "cloudfront.amazonaws.com",
    sourceArn: distributionArn,
  };
  return [
    new lambda.Permission(
      ...transformed<lambda.PermissionArgs>(
        transform,
        `${name}-image-url`,
        { ...to, action: "lambda:InvokeFunctionUrl", functionUrlAuthType: "AWS_IAM" },
        opts,
      ),
    ),
    new lambda.Permission(
      ...transformed<lambda.PermissionArgs>(
        transform,
        `${name}-image-invoke`,
        { ...to, action: "lambda:InvokeFunction", invokedViaFunctionUrl: true },
        opts,
      ),
    ),
  ];
}
