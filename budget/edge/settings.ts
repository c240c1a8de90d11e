/** Settings of a CDN and of the function for its images, each declared once. */
import { z } from "zod";

import { NAMED_ONCE, NO_HOST, areDifferent, clientHosts, hostName, urlPath } from "../core/leaves";
import { about, choice, flag, group, list, map, number, ratio, retold, ruled, text } from "../core/settings";
import { IMAGE_TIMEOUTS } from "./images";

/** What clients ask of the edge, before any cache. */
export const trafficSettings = {
  /** Highest rate of all requests of clients. */
  peakRps: number(
    { unit: "requests/s", above: 0, atMost: 100_000_000 },
    {
      fix: "Give the highest rate of all requests of clients, before any cache.",
      decides: "load of the service, limit of a client",
    },
  ),
  /** Share of the requests of each class. */
  shares: map(
    z.string(),
    about(z.number().gte(0).lte(1), {
      allowed: "a share from 0 to 1",
      fix: "0.2 is a fifth of the requests.",
    }),
    {
      allowed: "a map of class and share, which make 1",
      fix: "Say what clients ask for.",
      decides: "load of the service",
    },
  ),
  hitRatios: map(z.string(), ratio(), {
    allowed: "a map of class and ratio",
    fix: "Give hits / requests of a class as they were measured.",
    otherwise: "`cacheHitRatio` of the budget",
    decides: "load of the service",
  }),
};

/** A year, seconds: nothing is kept for longer. */
const LONGEST_SECONDS = 31_536_000;

const seconds = number(
  { unit: "seconds", atLeast: 0, atMost: LONGEST_SECONDS },
  {
    fix: "The browser's at most the edge's; staleWhileRevalidate's at most staleIfError's.",
    otherwise: "see decision 10",
    decides: "Cache-Control, caches of the edge",
  },
).optional();

const names = (what: string): z.ZodArray<z.ZodString> =>
  list(text(/./s, { allowed: `the name of a ${what}`, fix: "Give the name." }), {
    allowed: "a list of names",
    fix: "Give the names.",
  });

/** What may be said of a class that is cached. */
export const cachedSettings = {
  browserSeconds: seconds,
  edgeSeconds: seconds,
  staleWhileRevalidateSeconds: seconds,
  staleIfErrorSeconds: seconds,
  key: group(
    {
      headers: names("request header").optional(),
      cookies: names("cookie").optional(),
      query: names("query parameter").optional(),
    },
    { fix: "Name what tells two answers of one path apart." },
  ).optional(),
  signed: flag({
    fix: "True for what only a valid signature opens.",
    otherwise: "false, of media true",
    decides: "who may ask",
  }).optional(),
};

export const pathPatterns = list(
  text(/./s, {
    allowed: "a path with * for any characters, like /api/*",
    fix: "Give the path as clients ask for it.",
  }),
  {
    allowed: "a list of paths",
    fix: "Give the paths as clients ask for them.",
    otherwise: "see decision 10",
    decides: "which class a path belongs to",
  },
);

/** The function that makes the variants of images. */
export const imageSettings = {
  originalsBucket: text(
    // No address, and each part between dots begins and ends with a letter or a digit.
    /^(?=.{3,63}$)(?!\d+(\.\d+){3}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    {
      allowed: "the name of a private bucket of S3",
      fix: "Name the bucket with the originals, below images/.",
      otherwise: "the bucket of built files",
    },
  ),
  secondsPerImage: number(
    { unit: "seconds", above: 0, atMost: IMAGE_TIMEOUTS.encodeSeconds },
    {
      fix: "Give the mean of the function's log; a slower image is given up.",
      decides: "calls at once",
      otherwise: "1.5, derived",
    },
  ),
  reserveConcurrency: flag({
    fix: "False where the account has too few calls of Lambda to reserve some.",
    otherwise: "true",
  }),
};

/** What is said where the originals of the images are nowhere. */
export const NO_ORIGINALS = {
  allowed: "the name of a bucket, where no class of paths is answered by one",
  fix: "Name the private bucket with the originals.",
};

/** What every CDN is told. */
export const cdnSettings = {
  host: hostName,
  hosts: ruled(
    ruled(
      retold(clientHosts(hostName), {
        fix: "Give the names that clients use, within zone, none of loadBalancer.public.hosts: at most 100 with CloudFront, one label below zone with Cloudflare.",
        decides: "certificate, DNS records",
      }),
      ({ length }) => length > 0,
      NO_HOST,
    ),
    areDifferent,
    NAMED_ONCE,
  ),
  zone: retold(hostName, {
    allowed: "a DNS zone, like example.com",
    fix: "Give the zone of the hosts; with Cloudflare a registered domain, unless its plan is enterprise.",
  }),
  headers: choice(["edge", "proxy"], {
    fix: "Choose who sets the security headers.",
    decides: "security headers",
  }),
};

/** Source: "Choosing the AWS Region for your Origin Shield" of the CloudFront documentation. */
const ORIGIN_SHIELD_REGIONS = [
  "us-east-1",
  "us-east-2",
  "us-west-2",
  "ap-south-1",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-southeast-1",
  "ap-southeast-2",
  "eu-central-1",
  "eu-west-1",
  "eu-west-2",
  "sa-east-1",
  "me-central-1",
] as const;

/** What CloudFront is told besides. */
export const cloudFrontSettings = {
  originShieldRegion: choice(ORIGIN_SHIELD_REGIONS, {
    fix: "Choose the one that is nearest to the load balancer.",
    decides: "Origin Shield",
    otherwise: "the cluster's region on aws",
  }),
  priceClass: choice(["PriceClass_100", "PriceClass_200", "PriceClass_All"], {
    fix: "Choose where the edge is.",
  }),
  /** How long access logs are kept: ten years at most, for a larger number is a slip. */
  logDays: number(
    { unit: "days", atLeast: 1, atMost: 3650, whole: true },
    { fix: "Say how long logs are kept.", decides: "retention of the access log" },
  ),
};

/** What Cloudflare is told besides. */
export const cloudflareSettings = {
  plan: choice(["free", "pro", "business", "enterprise"], { fix: "Give the plan of the zone." }),
  healthPath: urlPath,
  /** Raised by one to rotate. */
  generation: number(
    { atLeast: 1, atMost: 1_000_000, whole: true },
    { fix: "Raise it by one to rotate.", decides: "secrets of signatures" },
  ),
  lifetimeSeconds: number(
    { unit: "seconds", atLeast: 1, atMost: 604_800, whole: true },
    { fix: "Say how long a signature is good for." },
  ),
};
