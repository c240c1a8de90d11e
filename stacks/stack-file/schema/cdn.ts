/** The CDN in front of the load balancer: what is the same for each, and a block for each. Absent means none. */
import { z } from "zod";

import {
  cachedSettings,
  cdnSettings,
  cloudFrontSettings,
  cloudflareSettings,
  imageSettings,
  pathPatterns,
  trafficSettings,
} from "../../../budget/edge/settings";
import { secretName } from "../../../budget/core/leaves";
import { about, flag as flagOf, group, list, retold, text } from "../../../budget/core/settings";

const CLASS = { allowed: "a map of paths and times", fix: "See docs/stack-file.md." };
const cachedClass = group({ paths: pathPatterns.optional(), ...cachedSettings }, CLASS).optional();
const passedOnClass = group({ paths: pathPatterns.optional() }, CLASS).optional();

const common = {
  hosts: cdnSettings.hosts,
  zone: cdnSettings.zone,
  traffic: group(
    {
      peakRps: trafficSettings.peakRps,
      shares: trafficSettings.shares,
      hitRatios: trafficSettings.hitRatios.optional(),
    },
    {
      allowed: "a map of peakRps and shares",
      fix: "Say what clients ask of the edge; the log of the load balancer knows.",
    },
  ),
  images: group(
    {
      originalsBucket: imageSettings.originalsBucket.optional(),
      secondsPerImage: imageSettings.secondsPerImage.optional(),
      reserveConcurrency: imageSettings.reserveConcurrency.optional(),
    },
    {
      allowed: "a map of originalsBucket, secondsPerImage and reserveConcurrency, {} for the defaults",
      fix: "Remove the key for none.",
    },
  ).optional(),
  headers: cdnSettings.headers.default("edge"),
  failover: group(
    { hostname: retold(cdnSettings.host, { fix: "Give the name of the second load balancer." }) },
    { fix: "Give the name of a second load balancer with the same lock." },
  ).optional(),
  behaviors: group(
    {
      assets: cachedClass,
      images: cachedClass,
      media: cachedClass,
      publicApi: cachedClass,
      api: passedOnClass,
      webSocket: passedOnClass,
      html: group(cachedSettings, CLASS).optional(),
    },
    { allowed: "a map of classes", fix: "See docs/stack-file.md." },
  ).default({}),
};

const cloudfront = group(
  {
    zoneId: text(/^Z[0-9A-Z]{3,31}$/, {
      allowed: "the id of a Route 53 zone, like Z0123456789ABC",
      fix: "Give the zone of the hosts.",
    }),
    originShieldRegion: cloudFrontSettings.originShieldRegion.optional(),
    priceClass: cloudFrontSettings.priceClass.default("PriceClass_100"),
    logDays: cloudFrontSettings.logDays.default(90),
    publicKeys: list(
      text(/./s, { allowed: "a public key, PEM", fix: "Give the public half of the key pair." }),
      { allowed: "a list of public keys", fix: "Give the public halves of the key pairs." },
    ).default([]),
    signingKeySecret: secretName.optional(),
  },
  { allowed: "a map of zoneId and more", fix: "Describe the part of CloudFront; see docs/stack-file.md." },
);

const hexId = (what: string): z.ZodString =>
  text(/^[0-9a-f]{32}$/, {
    allowed: `the id of ${what}, 32 hexadecimal digits`,
    fix: "See the zone's overview page.",
  });

const flag = (fix: string): z.ZodDefault<z.ZodBoolean> => flagOf({ fix }).default(false);

const cloudflare = group(
  {
    zoneId: hexId("a zone"),
    accountId: hexId("an account"),
    plan: cloudflareSettings.plan.default("pro"),
    cacheReserve: flag("True for a store that keeps what was cached once."),
    authenticatedOriginPulls: flag(
      "True when an origin of yours asks for the certificate of all Cloudflare's customers.",
    ),
    advancedCertificate: flag(
      "True for hosts two labels below the zone; it needs Advanced Certificate Manager.",
    ),
    originCertificateRequest: text(/./s, {
      allowed: "a certificate request, PEM",
      fix: "Leave it out for none.",
    }).optional(),
    healthPath: cloudflareSettings.healthPath.default("/health"),
    signedUrls: group(
      {
        generation: cloudflareSettings.generation.default(1),
        lifetimeSeconds: cloudflareSettings.lifetimeSeconds.default(3600),
      },
      { fix: "Leave it out for the defaults." },
    ).default({ generation: 1, lifetimeSeconds: 3600 }),
  },
  {
    allowed: "a map of zoneId, accountId and more",
    fix: "Describe the part of Cloudflare; see docs/stack-file.md.",
  },
);

/** The block of the other CDN may be there: `CDN_PROVIDER` chooses between them at a deployment. */
export const cdn = about(
  z.discriminatedUnion("provider", [
    z.strictObject({
      provider: z.literal("cloudfront"),
      ...common,
      cloudfront,
      cloudflare: cloudflare.optional(),
    }),
    z.strictObject({
      provider: z.literal("cloudflare"),
      ...common,
      cloudflare,
      cloudfront: cloudfront.optional(),
    }),
  ]),
  { allowed: '"cloudfront" or "cloudflare"', fix: "Choose the CDN; the other keys depend on it." },
);
