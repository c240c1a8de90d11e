import { ArgoTieredCaching, type ArgoTieredCachingArgs } from "@pulumi/cloudflare/argoTieredCaching";
import { CertificatePack, type CertificatePackArgs } from "@pulumi/cloudflare/certificatePack";
import type { DnsRecord } from "@pulumi/cloudflare/dnsRecord";
import type { LoadBalancer } from "@pulumi/cloudflare/loadBalancer";
import { OriginCaCertificate, type OriginCaCertificateArgs } from "@pulumi/cloudflare/originCaCertificate";
import type { R2Bucket } from "@pulumi/cloudflare/r2bucket";
import { Ruleset } from "@pulumi/cloudflare/ruleset";
import { TieredCache, type TieredCacheArgs } from "@pulumi/cloudflare/tieredCache";
import { ZoneCacheReserve, type ZoneCacheReserveArgs } from "@pulumi/cloudflare/zoneCacheReserve";
import { ZoneCacheVariants, type ZoneCacheVariantsArgs } from "@pulumi/cloudflare/zoneCacheVariants";
import { ZoneSetting } from "@pulumi/cloudflare/zoneSetting";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { assertValid } from "../../shared/issues";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import type { CdnPlan } from "../../../budget/edge/plan";
import { transformed } from "../../shared/transform";
import {
  cloudflareIssues,
  completeCloudflareArgs,
  type CloudflareArgs,
  type CompleteCloudflareArgs,
} from "./cloudflare-args";
import { assetsBucket } from "./cloudflare-bucket";
import { dnsRecords, loadBalancers } from "./cloudflare-origins";
import { SIGNATURE_PHASE, phases } from "./cloudflare-rulesets";
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
  /** Of built files; undefined when no behaviour reads from it. */
  readonly bucket: R2Bucket | undefined;
  /** One a phase. */
  readonly rulesets: readonly Ruleset[];
  /** What the hosts lead to: the origin, or with a second one the balancers between them. */
  readonly hosts: readonly (DnsRecord | LoadBalancer)[];

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
      new ZoneCacheReserve(
        ...transformed<ZoneCacheReserveArgs>(
          transform.cacheReserve,
          `${name}-cache-reserve`,
          { zoneId, value: "on" },
          child,
        ),
      );
    }
    if (account.plan !== "free" && behaviors.some(({ negotiatesFormat }) => negotiatesFormat)) {
      new ZoneCacheVariants(
        ...transformed<ZoneCacheVariantsArgs>(
          transform.imageVariants,
          `${name}-image-variants`,
          { zoneId, value: IMAGE_VARIANTS },
          child,
        ),
      );
    }

    this.signingSecrets = signingSecrets(name, args, child);
    const rulesets: Ruleset[] = [];
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
      rulesets.push(ruleset);
      if (phase === SIGNATURE_PHASE) this.signatureRules = ruleset;
    }
    this.rulesets = rulesets;

    this.bucket = assetsBucket(name, args, child);
    this.assetsBucket = this.bucket?.name;
    const { failover } = args.origin;
    this.hosts =
      failover === undefined
        ? dnsRecords(name, args, child)
        : loadBalancers(name, args, failover.hostname, child);
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
  { zone, origin, transform }: CompleteCloudflareArgs,
  child: pulumi.CustomResourceOptions,
): void {
  const tiers = new ArgoTieredCaching(
    ...transformed<ArgoTieredCachingArgs>(
      transform?.tiers,
      `${name}-tiers`,
      { zoneId: zone.id, value: "on" },
      child,
    ),
  );
  new TieredCache(
    ...transformed<TieredCacheArgs>(
      transform?.tieredCache,
      `${name}-tiered-cache`,
      { zoneId: zone.id, value: origin.anycast === true ? "off" : "on" },
      // A new value is a new resource, and the end of the old one sets the zone back to the default.
      { ...child, dependsOn: [tiers], deleteBeforeReplace: true },
    ),
  );
}

/** The secret of this generation and of the one before. A raised generation makes one and drops the oldest. */
function signingSecrets(
  name: string,
  { behaviors, signatures, transform }: CompleteCloudflareArgs,
  child: pulumi.CustomResourceOptions,
): pulumi.Output<string>[] {
  if (!behaviors.some(({ signed }) => signed)) return [];
  return [signatures.generation, signatures.generation - 1].map(
    (generation) =>
      new random.RandomPassword(
        ...transformed<random.RandomPasswordArgs>(
          transform?.signingSecret,
          `${name}-signing-secret-${generation}`,
          { length: 48, special: false },
          child,
        ),
      ).result,
  );
}

/** How Cloudflare proves itself to clients, where the certificate that every zone has is not enough. */
function edgeCertificate(
  name: string,
  { account, zone, hosts, transform }: CompleteCloudflareArgs,
  child: pulumi.CustomResourceOptions,
): void {
  if (!account.advancedCertificate) return;
  new CertificatePack(
    ...transformed<CertificatePackArgs>(
      transform?.certificate,
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
    ),
  );
}

/** How the load balancer proves itself to Cloudflare. */
function originCertificate(
  name: string,
  { account, hosts, transform }: CompleteCloudflareArgs,
  child: pulumi.CustomResourceOptions,
): pulumi.Output<string> | undefined {
  if (account.originCertificateRequest === undefined) return undefined;
  return new OriginCaCertificate(
    ...transformed<OriginCaCertificateArgs>(
      transform?.originCertificate,
      `${name}-origin-certificate`,
      {
        csr: account.originCertificateRequest,
        hostnames: [...hosts],
        requestType: "origin-rsa",
        requestedValidity: 365,
      },
      child,
    ),
  ).certificate;
}
