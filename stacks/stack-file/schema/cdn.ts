/** The CDN in front of the load balancer: what is the same for each, and a block for each. Absent means none. */
import { z } from "zod";

import { IMAGE_TIMEOUTS } from "../../../budget/edge/images";
import { atLeast, dnsLabel, number, path, positive, ratio, says, text, whole } from "./leaves";

const host = text("a host name in lower case, like www.example.com", "Correct the name.", /^[a-z0-9.-]+$/);

const pattern = text("a path with * for any characters, like /api/*", "Give the path as clients ask for it.");

const patterns = z.array(pattern, says("a list of paths", "Give the paths as clients ask for them."));

const names = (what: string): z.ZodArray<z.ZodString> =>
  z.array(text(`the name of a ${what}`, "Give the name."), says(`a list of names`, "Give the names."));

const seconds = number(
  "a number of at least 0 (seconds)",
  "Leave it out for the default.",
  atLeast(0),
).optional();

const cached = {
  browserSeconds: seconds,
  edgeSeconds: seconds,
  staleWhileRevalidateSeconds: seconds,
  staleIfErrorSeconds: seconds,
  key: z
    .strictObject(
      {
        headers: names("request header").optional(),
        cookies: names("cookie").optional(),
        query: names("query parameter").optional(),
      },
      says("a map of headers, cookies and query", "Name what tells two answers of one path apart."),
    )
    .optional(),
  signed: z.boolean(says("true or false", "True for what only a valid signature opens.")).optional(),
};

const aClass = says("a map of paths and times", "See docs/stack-file.md.");
const cachedClass = z.strictObject({ paths: patterns.optional(), ...cached }, aClass).optional();
const passedOnClass = z.strictObject({ paths: patterns.optional() }, aClass).optional();

const share = number(
  "a share from 0 to 1",
  "0.2 is a fifth of the requests.",
  (value) => value >= 0 && value <= 1,
);

const images = z
  .strictObject(
    {
      originalsBucket: text(
        "the name of a private bucket of S3",
        "Leave it out for the bucket of built files.",
        // No address, and each part between dots begins and ends with a letter or a digit.
        /^(?=.{3,63}$)(?!\d+(\.\d+){3}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
      ).optional(),
      secondsPerPicture: number(
        `a number above 0, up to ${IMAGE_TIMEOUTS.encodeSeconds} (seconds)`,
        "Give the mean of the function's log.",
        (value) => value > 0 && value <= IMAGE_TIMEOUTS.encodeSeconds,
      ).optional(),
      reserveConcurrency: z
        .boolean(
          says("true or false", "False where the account has too few calls of Lambda to reserve some."),
        )
        .optional(),
    },
    says(
      "a map of originalsBucket, secondsPerPicture and reserveConcurrency, {} for the defaults",
      "Remove the key for none.",
    ),
  )
  .optional();

const common = {
  hosts: z
    .array(host, says("a list of host names", "Give the names that clients use."))
    .min(1, says("at least one host name", "Give the names that clients use.")),
  zone: host,
  traffic: z.strictObject(
    {
      peakRps: number(
        "a number above 0 (requests/s)",
        "Give the highest rate of all requests of clients, before any cache.",
        positive,
      ),
      shares: z.record(z.string(), share, says("a map of class and share", "Say what clients ask for.")),
      hitRatios: z.record(z.string(), ratio, says("a map of class and ratio", "Leave it out.")).optional(),
    },
    says(
      "a map of peakRps and shares",
      "Say what clients ask of the edge; the log of the load balancer knows.",
    ),
  ),
  images,
  headers: z
    .enum(["edge", "proxy"], says('"edge" or "proxy"', "Choose who sets the security headers."))
    .default("edge"),
  failover: z
    .strictObject(
      { hostname: host },
      says("a map of hostname", "Give the name of a second load balancer with the same lock."),
    )
    .optional(),
  behaviors: z
    .strictObject(
      {
        assets: cachedClass,
        images: cachedClass,
        media: cachedClass,
        publicApi: cachedClass,
        api: passedOnClass,
        webSocket: passedOnClass,
        html: z.strictObject(cached, aClass).optional(),
      },
      says("a map of classes", "See docs/stack-file.md."),
    )
    .default({}),
};

const cloudfront = z.strictObject(
  {
    zoneId: text(
      "the id of a Route 53 zone, like Z0123456789ABC",
      "Give the zone of the hosts.",
      /^Z[0-9A-Z]{3,31}$/,
    ),
    originShieldRegion: text(
      "an AWS region, like eu-central-1",
      "Give the one nearest to the load balancer.",
    ).optional(),
    priceClass: z
      .enum(
        ["PriceClass_100", "PriceClass_200", "PriceClass_All"],
        says("PriceClass_100, PriceClass_200 or PriceClass_All", "Choose where the edge is."),
      )
      .default("PriceClass_100"),
    logDays: number(
      "a whole number from 1 to 3650 (days)",
      "Say how long logs are kept.",
      whole(1, 3650),
    ).default(90),
    publicKeys: z
      .array(
        text("a public key, PEM", "Give the public half of the key pair."),
        says("a list of public keys", "Give the public halves of the key pairs."),
      )
      .default([]),
    signingKeySecret: dnsLabel.optional(),
  },
  says("a map of zoneId and more", "Describe the part of CloudFront; see docs/stack-file.md."),
);

const hexId = (what: string): z.ZodString =>
  text(`the id of ${what}, 32 hexadecimal digits`, "See the zone's overview page.", /^[0-9a-f]{32}$/);

const flag = (fix: string): z.ZodDefault<z.ZodBoolean> =>
  z.boolean(says("true or false", fix)).default(false);

const cloudflare = z.strictObject(
  {
    zoneId: hexId("a zone"),
    accountId: hexId("an account"),
    plan: z
      .enum(
        ["free", "pro", "business", "enterprise"],
        says('"free", "pro", "business" or "enterprise"', "Give the plan of the zone."),
      )
      .default("pro"),
    cacheReserve: flag("True for a store that keeps what was cached once."),
    authenticatedOriginPulls: flag(
      "True when an origin of yours asks for the certificate of all Cloudflare's customers.",
    ),
    advancedCertificate: flag(
      "True for hosts two labels below the zone; it needs Advanced Certificate Manager.",
    ),
    originCertificateRequest: text("a certificate request, PEM", "Leave it out for none.").optional(),
    healthPath: path.default("/health"),
    signedUrls: z
      .strictObject(
        {
          generation: number(
            "a whole number of at least 1",
            "Raise it by one to rotate.",
            whole(1, 1_000_000),
          ).default(1),
          lifetimeSeconds: number(
            "a whole number from 1 to 604800 (seconds)",
            "Say how long a signature is good for.",
            whole(1, 604_800),
          ).default(3600),
        },
        says("a map of generation and lifetimeSeconds", "Leave it out for the defaults."),
      )
      .default({ generation: 1, lifetimeSeconds: 3600 }),
  },
  says("a map of zoneId, accountId and more", "Describe the part of Cloudflare; see docs/stack-file.md."),
);

/** The block of the other CDN may be there: `CDN_PROVIDER` chooses between them at a deployment. */
export const cdn = z.discriminatedUnion(
  "provider",
  [
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
  ],
  says('"cloudfront" or "cloudflare"', "Choose the CDN; the other keys depend on it."),
);
