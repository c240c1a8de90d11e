import assert from "node:assert/strict";

import { edgeBehaviors, withImageVariants } from "../../../../budget/edge/behaviors";
import {
  CloudFront,
  cloudFrontIssues,
  type CloudFrontArgs,
  type CloudFrontImages,
} from "../../../../components/edge/cloudfront/cloudfront";
import { imageRequestFunction } from "../../../../components/edge/edge-functions";
import { describeIssue } from "../../../../components/shared/issues";
import type { ImageNumbers } from "../../../../budget/edge/image-plan";
import { judgedObjects } from "../../../helpers/witnesses";
import { imageBundles } from "../../../helpers/image-bundles";
import { record, type Recording } from "../../../helpers/pulumi";
import { behaviors, cloudFront, edgeOutputs } from "./fixtures";
import { opened } from "./normalised";

const bundles = imageBundles();

const IMAGES: CloudFrontImages = { bundles };

const withImages = (change: Partial<CloudFrontArgs> = {}): CloudFrontArgs => ({
  ...cloudFront,
  behaviors: withImageVariants(behaviors, "images"),
  images: IMAGES,
  ...change,
});

async function build(change: Partial<CloudFrontArgs> = {}, options = {}): Promise<Recording> {
  const outputs = (type: string, given: Record<string, unknown>, name: string): object => ({
    ...edgeOutputs(type, given, name),
    ...(type.startsWith("aws:") ? { arn: `arn:${name}` } : {}),
    ...(type === "aws:s3/bucket:Bucket" ? { bucket: `bucket-of-${name}` } : {}),
    ...(type === "aws:lambda/functionUrl:FunctionUrl" ? { urlId: "abc123" } : {}),
    ...(type === "aws:lambda/function:Function" ? { name: "made-by-lambda" } : {}),
  });
  return record(() => new CloudFront("cdn", withImages(change)), { outputs, ...options });
}

const inputs = (recording: Recording, type: string, name: string): Record<string, any> => {
  const found = recording.ofType(type).find((resource) => resource.name === name);
  assert.ok(found, `${type} ${name}`);
  return opened(found.inputs) as Record<string, any>;
};

describe("CloudFront that makes images", () => {
  it("has exactly these resources more, in a preview as well", async () => {
    const without = await record(() => new CloudFront("cdn", cloudFront), { outputs: edgeOutputs });
    const known = without.typesAndNames();
    for (const preview of [false, true]) {
      const all = (await build({}, { preview })).typesAndNames();
      assert.deepEqual(
        all.filter((line) => !known.includes(line)),
        [
          "aws:cloudfront/function:Function cdn-image-request",
          "aws:cloudfront/originAccessControl:OriginAccessControl cdn-images-access",
          "aws:cloudwatch/logGroup:LogGroup cdn-images-log",
          "aws:iam/role:Role cdn-images-role",
          "aws:iam/rolePolicy:RolePolicy cdn-images-policy",
          "aws:lambda/function:Function cdn-images-function",
          "aws:lambda/functionUrl:FunctionUrl cdn-images-url",
          "aws:lambda/permission:Permission cdn-image-invoke",
          "aws:lambda/permission:Permission cdn-image-url",
          "retrofitlink:edge:ImageOptimizer cdn-images",
        ],
      );
      assert.deepEqual(
        known.filter((line) => !all.includes(line)),
        [],
      );
    }
  });

  it("asks the function over TLS, signed, for as long as it may take, through the shield", async () => {
    const recording = await build();
    const { origins } = inputs(recording, "aws:cloudfront/distribution:Distribution", "cdn-distribution");
    const origin = (origins as Record<string, any>[]).find(({ originId }) => originId === "images");
    assert.deepEqual(origin, {
      originId: "images",
      domainName: "abc123.lambda-url.eu-central-1.on.aws",
      originAccessControlId: "cdn-images-access-id",
      customOriginConfig: {
        httpPort: 80,
        httpsPort: 443,
        originProtocolPolicy: "https-only",
        originSslProtocols: ["TLSv1.2"],
        originReadTimeout: 30,
        originKeepaliveTimeout: 5,
      },
      originShield: { enabled: true, originShieldRegion: "eu-central-1" },
    });
    const control = inputs(
      recording,
      "aws:cloudfront/originAccessControl:OriginAccessControl",
      "cdn-images-access",
    );
    assert.deepEqual(control, {
      originAccessControlOriginType: "lambda",
      signingBehavior: "always",
      signingProtocol: "sigv4",
    });
  });

  it("has the path of a variant for its whole key, and forwards nothing else", async () => {
    const recording = await build();
    const made = inputs(recording, "aws:cloudfront/function:Function", "cdn-image-request");
    assert.equal(made["code"], imageRequestFunction().code);
    const { orderedCacheBehaviors } = inputs(
      recording,
      "aws:cloudfront/distribution:Distribution",
      "cdn-distribution",
    );
    const images = (orderedCacheBehaviors as Record<string, any>[]).find(
      ({ pathPattern }) => pathPattern === "/images/*",
    );
    assert.deepEqual(images, {
      pathPattern: "/images/*",
      targetOriginId: "images",
      viewerProtocolPolicy: "redirect-to-https",
      allowedMethods: ["GET", "HEAD"],
      cachedMethods: ["GET", "HEAD"],
      compress: false,
      cachePolicyId: "cdn-images-cache-id",
      responseHeadersPolicyId: "cdn-images-headers-id",
      functionAssociations: [{ eventType: "viewer-request", functionArn: "arn:cdn-image-request" }],
    });
    const policy = inputs(recording, "aws:cloudfront/cachePolicy:CachePolicy", "cdn-images-cache");
    assert.deepEqual(policy["parametersInCacheKeyAndForwardedToOrigin"], {
      enableAcceptEncodingBrotli: false,
      enableAcceptEncodingGzip: false,
      headersConfig: { headerBehavior: "none" },
      cookiesConfig: { cookieBehavior: "none" },
      queryStringsConfig: { queryStringBehavior: "none" },
    });
  });

  it("lets this distribution call the function, in the function's region, and nobody else", async () => {
    const permissions = (await build()).ofType("aws:lambda/permission:Permission");
    assert.deepEqual(
      permissions
        .map((permission) => permission.inputs)
        .sort((a, b) => (a["action"]! < b["action"]! ? -1 : 1)),
      [
        {
          region: "eu-central-1",
          function: "made-by-lambda",
          principal: "cloudfront.amazonaws.com",
          sourceArn: "arn:cdn-distribution",
          action: "lambda:InvokeFunction",
          invokedViaFunctionUrl: true,
        },
        {
          region: "eu-central-1",
          function: "made-by-lambda",
          principal: "cloudfront.amazonaws.com",
          sourceArn: "arn:cdn-distribution",
          action: "lambda:InvokeFunctionUrl",
          functionUrlAuthType: "AWS_IAM",
        },
      ],
    );
  });

  it("reads originals in the bucket of built files, or in one that is named", async () => {
    const read = async (images: CloudFrontImages): Promise<[unknown, unknown]> => {
      const recording = await build({ images });
      const { policy } = inputs(recording, "aws:iam/rolePolicy:RolePolicy", "cdn-images-policy");
      const { environment } = inputs(recording, "aws:lambda/function:Function", "cdn-images-function");
      const { Statement } = JSON.parse(policy as string) as { Statement: { Resource: string }[] };
      return [Statement[0]?.Resource, environment.variables.ORIGINALS_BUCKET];
    };
    assert.deepEqual(await read(IMAGES), ["arn:cdn-assets/images/*", "bucket-of-cdn-assets"]);
    assert.deepEqual(await read({ ...IMAGES, originals: { name: "uploads" } }), [
      "arn:aws:s3:::uploads/images/*",
      "uploads",
    ]);
  });

  it("sizes the function by the traffic, and asks the service for no image", async () => {
    const recording = await build();
    const { inputs: summary } = recording.only("retrofitlink:edge:ImageOptimizer");
    assert.equal(summary["configKey"], "retrofitlink:cdn.images");
    // 4000/s * 20 %; 800/s * 0.15 * 1.5 s / 0.7 = 257.1
    const { concurrency } = summary["numbers"] as ImageNumbers;
    assert.deepEqual(
      [concurrency.value, concurrency.formula],
      [258, "⌈800/s · 15 % misses · 1.5 s ÷ 70 %⌉, at least 2"],
    );
    assert.deepEqual(judgedObjects(recording).wrong, []);
    const { inputs: edge } = recording.only("retrofitlink:edge:CloudFront");
    const images = (edge["classes"] as { name: string; target: string }[]).find(
      ({ name }) => name === "images",
    );
    assert.equal(images?.target, "images");
  });

  it("is refused where it cannot work, with the key to change", () => {
    const problems = (change: Partial<CloudFrontArgs>): string[] =>
      cloudFrontIssues(withImages(change)).map((found) => describeIssue(found, "retrofitlink:cdn"));
    const paths = (given: string[]): Partial<CloudFrontArgs> => ({
      behaviors: withImageVariants(edgeBehaviors({ images: { paths: given } }), "images"),
    });
    const folders =
      "allowed is exactly one folder, like /images/*, where images is given. Give the folder with the images, or remove images from the CDN.";
    assert.deepEqual(problems({}), []);
    assert.deepEqual(problems(paths(["/images/*", "/photos/*"])), [
      `retrofitlink:cdn.behaviors.images.paths: got a list, ["/images/*","/photos/*"]; ${folders}`,
    ]);
    assert.deepEqual(problems(paths(["/photos/*.jpg"])), [
      `retrofitlink:cdn.behaviors.images.paths: got a list, ["/photos/*.jpg"]; ${folders}`,
    ]);
    assert.deepEqual(problems({ behaviors }), [
      'retrofitlink:cdn.images: got a map, {"bundles":' +
        `${JSON.stringify(bundles)}}; allowed is arguments for the function exactly where behaviours lead to it. Make the behaviours with withImageVariants, or leave both out.`,
    ]);
    const noBucket = withImageVariants(edgeBehaviors({ assets: { paths: [] } }), "images");
    assert.deepEqual(problems({ behaviors: noBucket, publicKeys: [] }), [
      "retrofitlink:cdn.images.originals: got no bucket; allowed is the name of a bucket, where no class of paths is answered by one. Name the private bucket with the originals.",
    ]);
    assert.deepEqual(problems({ images: { ...IMAGES, secondsPerImage: 15 } }), [
      "retrofitlink:cdn.traffic.shares.images: got 800 images/s; allowed is a demand of at most 900 calls at the same time; this is 2572. Give traffic.hitRatios.images if more of them are found at the edge, or leave images out.",
    ]);
  });
});
