/** The bucket of built files, and its way through the zone. */
import { CloudConnectorRules, type CloudConnectorRulesArgs } from "@pulumi/cloudflare/cloudConnectorRules";
import { R2Bucket } from "@pulumi/cloudflare/r2bucket";
import { R2CustomDomain, type R2CustomDomainArgs } from "@pulumi/cloudflare/r2customDomain";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { physicalName } from "../../shared/physical-name";
import { transformed } from "../../shared/transform";
import type { CompleteCloudflareArgs } from "./cloudflare-args";
import { bucketCondition, bucketHost, inBucket } from "./cloudflare-rulesets";

/** Characters of a bucket's name. Source: R2's limits, those of S3. */
const LONGEST_BUCKET_NAME = 63;

/** What a bucket's name ends with. */
const SUFFIX_BYTES = 4;

/**
 * A private bucket, reached through the zone only and under its rules. Documents of users are in it: they go when somebody
 * deletes them, not with the CDN. A stack that comes back makes a bucket with another name beside the one that was kept.
 */
export function assetsBucket(
  name: string,
  args: CompleteCloudflareArgs,
  child: pulumi.CustomResourceOptions,
): R2Bucket | undefined {
  const { behaviors, account, zone, transform } = args;
  if (inBucket(behaviors).length === 0) return undefined;
  const bucketName = `${name}-assets`;
  const suffix = new random.RandomId(
    ...transformed<random.RandomIdArgs>(
      transform?.bucketSuffix,
      `${bucketName}-suffix`,
      { byteLength: SUFFIX_BYTES },
      child,
    ),
  ).hex;
  const beginning = physicalName(
    `${pulumi.getStack()}-${name}-assets`,
    LONGEST_BUCKET_NAME - 1 - 2 * SUFFIX_BYTES,
  );
  const bucket = new R2Bucket(
    ...transformed(
      transform?.bucket,
      bucketName,
      {
        accountId: account.id,
        name: pulumi.interpolate`${beginning}-${suffix}`,
      },
      { ...child, retainOnDelete: true, ignoreChanges: ["name"] },
    ),
  );
  const domain = new R2CustomDomain(
    ...transformed<R2CustomDomainArgs>(
      transform?.bucketDomain,
      `${name}-assets-domain`,
      {
        accountId: account.id,
        bucketName: bucket.name,
        domain: bucketHost(zone),
        enabled: true,
        minTls: "1.2",
        zoneId: zone.id,
      },
      child,
    ),
  );
  new CloudConnectorRules(
    ...transformed<CloudConnectorRulesArgs>(
      transform?.bucketRoute,
      `${name}-assets-route`,
      {
        zoneId: zone.id,
        rules: [
          {
            description: "built files come from the bucket",
            enabled: true,
            expression: bucketCondition(args),
            cloudConnectorRulesProvider: "cloudflare_r2",
            parameters: { host: domain.domain },
          },
        ],
      },
      child,
    ),
  );
  return bucket;
}
