import { ArgoTieredCaching } from "@pulumi/cloudflare/argoTieredCaching";
import { CertificatePack } from "@pulumi/cloudflare/certificatePack";
import { CloudConnectorRules } from "@pulumi/cloudflare/cloudConnectorRules";
import { DnsRecord } from "@pulumi/cloudflare/dnsRecord";
import { LoadBalancer } from "@pulumi/cloudflare/loadBalancer";
import { LoadBalancerMonitor } from "@pulumi/cloudflare/loadBalancerMonitor";
import { LoadBalancerPool } from "@pulumi/cloudflare/loadBalancerPool";
import { OriginCaCertificate } from "@pulumi/cloudflare/originCaCertificate";
import { R2Bucket } from "@pulumi/cloudflare/r2bucket";
import { R2CustomDomain } from "@pulumi/cloudflare/r2customDomain";
import { Ruleset } from "@pulumi/cloudflare/ruleset";
import { TieredCache } from "@pulumi/cloudflare/tieredCache";
import { ZoneCacheReserve } from "@pulumi/cloudflare/zoneCacheReserve";
import { ZoneCacheVariants } from "@pulumi/cloudflare/zoneCacheVariants";
import { ZoneSetting } from "@pulumi/cloudflare/zoneSetting";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { assertValid } from "../../shared/issues";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import type { CdnPlan } from "../../../budget/edge/plan";
import { physicalName } from "../../shared/physical-name";
import { transformed } from "../../shared/transform";
import {
  cloudflareIssues,
  completeCloudflareArgs,
  type CloudflareArgs,
  type CompleteCloudflareArgs,
} from "./cloudflare-args";
import { SIGNATURE_PHASE, bucketCondition, bucketHost, inBucket, phases } from "./cloudflare-rulesets";
import { IMAGE_VARIANTS, zoneSettings } from "./cloudflare-settings";
import { certificateHosts } from "./cloudflare-zone";
import { edgeSummary } from "../edge-args";

export { cloudflareIssues } from "./cloudflare-args";
export type {
  CloudflareAccount,
  CloudflareArgs,
  CloudflarePlan,
  CloudflareSignatures,
} from "./cloudflare-args";

/** Characters of a bucket's name. Source: R2's limits, those of S3. */
const LONGEST_BUCKET_NAME = 63;

/** What a bucket's name ends with. */
const SUFFIX_BYTES = 4;

/** Characters of a pool's name, of which Cloudflare says "short". */
const LONGEST_POOL_NAME = 60;

/**
 * A zone of Cloudflare in front of a load balancer and of a bucket of built files, with the behaviours that every CDN
 * here has.
 *
 * Trap: a zone has one ruleset a phase. This component owns those it makes; rules made by hand in the same phases are
 * replaced.
 *
 * Trap: Cloudflare keeps idle connections to an origin for 900 s, longer than a load balancer of AWS does, and repeats
 * a request that meets a closed one where that is safe.
 *
 * Cost: the plan; load balancing, cache reserve and the bucket by use.
 */
export class Cloudflare extends pulumi.ComponentResource {
  /** `https://` and the first host. */
  readonly url: string;
  /** Where built files go; undefined when no behaviour reads from it. */
  readonly assetsBucket: pulumi.Output<string> | undefined;
  /** Secrets that sign URLs, the current one first; empty when nothing is signed. */
  readonly signingSecrets: readonly pulumi.Output<string>[];
  /** What checks signatures with them. */
  readonly signatureRules: Ruleset | undefined;
  /** Certificate for the load balancer that only Cloudflare trusts, PEM; undefined without a request for one. */
  readonly originCertificate: pulumi.Output<string> | undefined;

  readonly plan: CdnPlan;

  constructor(name: string, given: CloudflareArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("Cloudflare", name, cloudflareIssues(given), given.configKey);
    const args = completeCloudflareArgs(given);
    super(COMPONENT_TYPES.cloudflare, name, edgeSummary(name, "cloudflare", args), opts);
    this.plan = args.plan;
    const { account, behaviors, transform = {} } = args;
    const child = { parent: this };
    const zoneId = args.zone.id;

    for (const [settingId, value] of Object.entries(zoneSettings(args))) {
      const settingName = `${name}-setting-${settingId.replaceAll("_", "-")}`;
      const setting = { zoneId, settingId, value };
      new ZoneSetting(...transformed(transform.zoneSetting, settingName, setting, child));
    }
    tieredCache(name, args, child);
    if (account.cacheReserve) {
      new ZoneCacheReserve(`${name}-cache-reserve`, { zoneId, value: "on" }, child);
    }
    if (account.plan !== "free" && behaviors.some(({ negotiatesFormat }) => negotiatesFormat)) {
      new ZoneCacheVariants(`${name}-image-variants`, { zoneId, value: IMAGE_VARIANTS }, child);
    }

    this.signingSecrets = signingSecrets(name, args, child);
    for (const { name: suffix, phase, rules } of phases(args, pulumi.all([...this.signingSecrets]))) {
      const rulesetName = `${name}-rules-${suffix}`;
      const ruleset = new Ruleset(
        ...transformed(
          transform.ruleset,
          rulesetName,
          {
            zoneId,
            kind: "zone",
            name: `${name} ${suffix}`,
            phase,
            rules: [...rules],
          },
          child,
        ),
      );
      if (phase === SIGNATURE_PHASE) this.signatureRules = ruleset;
    }

    this.assetsBucket = assetsBucket(name, args, child);
    if (args.origin.failover === undefined) dnsRecords(name, args, child);
    else loadBalancers(name, args, args.origin.failover.hostname, child);
    edgeCertificate(name, args, child);
    this.originCertificate = originCertificate(name, args, child);
    this.url = `https://${args.hosts[0] ?? ""}`;
    this.registerOutputs({ url: this.url });
  }
}

/**
 * A few places of Cloudflare ask the origin for all others. The smart topology finds the one place that is nearest to it,
 * which there is not where the origin's address is in many places at once.
 */
function tieredCache(
  name: string,
  { zone, origin }: CompleteCloudflareArgs,
  child: pulumi.CustomResourceOptions,
): void {
  const tiers = new ArgoTieredCaching(`${name}-tiers`, { zoneId: zone.id, value: "on" }, child);
  new TieredCache(
    `${name}-tiered-cache`,
    { zoneId: zone.id, value: origin.anycast === true ? "off" : "on" },
    // A new value is a new resource, and the end of the old one sets the zone back to the default.
    { ...child, dependsOn: [tiers], deleteBeforeReplace: true },
  );
}

/** The secret of this generation and of the one before. A raised generation makes one and drops the oldest. */
function signingSecrets(
  name: string,
  { behaviors, signatures }: CompleteCloudflareArgs,
  child: pulumi.CustomResourceOptions,
): pulumi.Output<string>[] {
  if (!behaviors.some(({ signed }) => signed)) return [];
  return [signatures.generation, signatures.generation - 1].map(
    (generation) =>
      new random.RandomPassword(`${name}-signing-secret-${generation}`, { length: 48, special: false }, child)
        .result,
  );
}

/**
 * A private bucket, reached through the zone only and under its rules. Documents of users are in it: they go when somebody
 * deletes them, not with the CDN. A stack that comes back makes a bucket with another name beside the one that was kept.
 */
function assetsBucket(
  name: string,
  args: CompleteCloudflareArgs,
  child: pulumi.CustomResourceOptions,
): pulumi.Output<string> | undefined {
  const { behaviors, account, zone, transform } = args;
  if (inBucket(behaviors).length === 0) return undefined;
  const bucketName = `${name}-assets`;
  const suffix = new random.RandomId(`${bucketName}-suffix`, { byteLength: SUFFIX_BYTES }, child).hex;
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
  );
  new CloudConnectorRules(
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
  );
  return bucket.name;
}

function dnsRecords(
  name: string,
  { hosts, zone, origin, transform }: CompleteCloudflareArgs,
  child: pulumi.CustomResourceOptions,
): void {
  for (const host of hosts) {
    const recordName = `${name}-dns-${host}`;
    new DnsRecord(
      ...transformed(
        transform?.dnsRecord,
        recordName,
        {
          zoneId: zone.id,
          name: host,
          type: "CNAME",
          content: origin.hostname,
          proxied: true,
          // 1 is "automatic", the only one that a proxied name may have.
          ttl: 1,
        },
        child,
      ),
    );
  }
}

/** Two origins, asked for their health; the second one serves while the first one fails. */
function loadBalancers(
  name: string,
  args: CompleteCloudflareArgs,
  failover: pulumi.Input<string>,
  child: pulumi.CustomResourceOptions,
): void {
  const { hosts, zone, account, origin, originLock, transform } = args;
  const accountId = account.id;
  const monitorName = `${name}-monitor`;
  const monitor = new LoadBalancerMonitor(
    ...transformed(
      transform?.monitor,
      monitorName,
      {
        accountId,
        description: `origins of ${hosts[0] ?? ""}`,
        type: "https",
        method: "GET",
        path: args.healthPath,
        expectedCodes: "200",
        // The lock holds for whoever asks for the health as well.
        header: {
          Host: [hosts[0] ?? ""],
          [originLock.headerName]: [pulumi.secret(originLock.headerValue)],
        },
        interval: 60,
        timeout: 5,
        retries: 2,
        consecutiveDown: 2,
        consecutiveUp: 2,
        allowInsecure: false,
        followRedirects: false,
      },
      child,
    ),
  );
  const [first, second] = [
    { suffix: "primary", address: origin.hostname },
    { suffix: "failover", address: failover },
  ].map(({ suffix, address }) => {
    const poolName = `${name}-pool-${suffix}`;
    return new LoadBalancerPool(
      ...transformed(
        transform?.pool,
        poolName,
        {
          accountId,
          name: physicalName(`${pulumi.getStack()}-${name}-${suffix}`, LONGEST_POOL_NAME),
          monitor: monitor.id,
          minimumOrigins: 1,
          origins: [{ name: suffix, address, enabled: true, weight: 1 }],
        },
        child,
      ),
    ).id;
  }) as [pulumi.Output<string>, pulumi.Output<string>];
  for (const host of hosts) {
    const balancerName = `${name}-load-balancer-${host}`;
    new LoadBalancer(
      ...transformed(
        transform?.loadBalancer,
        balancerName,
        {
          zoneId: zone.id,
          name: host,
          proxied: true,
          // In the order of the list: the first healthy one.
          steeringPolicy: "off",
          defaultPools: [first, second],
          fallbackPool: first,
        },
        child,
      ),
    );
  }
}

/** How Cloudflare proves itself to clients, where the certificate that every zone has is not enough. */
function edgeCertificate(
  name: string,
  { account, zone, hosts }: CompleteCloudflareArgs,
  child: pulumi.CustomResourceOptions,
): void {
  if (!account.advancedCertificate) return;
  new CertificatePack(
    `${name}-certificate`,
    {
      zoneId: zone.id,
      type: "advanced",
      certificateAuthority: "google",
      // Through records that Cloudflare writes itself, and renews by.
      validationMethod: "txt",
      validityDays: 90,
      hosts: certificateHosts({ zone: zone.name, hosts }),
    },
    child,
  );
}

/** How the load balancer proves itself to Cloudflare. */
function originCertificate(
  name: string,
  { account, hosts }: CompleteCloudflareArgs,
  child: pulumi.CustomResourceOptions,
): pulumi.Output<string> | undefined {
  if (account.originCertificateRequest === undefined) return undefined;
  return new OriginCaCertificate(
    `${name}-origin-certificate`,
    {
      csr: account.originCertificateRequest,
      hostnames: [...hosts],
      requestType: "origin-rsa",
      requestedValidity: 365,
    },
    child,
  ).certificate;
}
