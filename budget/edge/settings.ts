/** Settings of a CDN and of the function for its images, each declared once. */
import { z } from "zod";

import { hostName, urlPath } from "../core/leaves";
import { about, choice, flag, group, list, map, number, ratio, text } from "../core/settings";
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
    { allowed: "a map of class and share", fix: "Say what clients ask for." },
  ),
  hitRatios: map(z.string(), ratio(), { allowed: "a map of class and ratio", fix: "Leave it out." }),
};

/** A year, seconds: nothing is kept for longer. */
const LONGEST_SECONDS = 31_536_000;

const seconds = number(
  { unit: "seconds", atLeast: 0, atMost: LONGEST_SECONDS },
  { fix: "Leave it out for the default." },
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
  signed: flag({ fix: "True for what only a valid signature opens." }).optional(),
};

export const pathPatterns = list(
  text(/./s, {
    allowed: "a path with * for any characters, like /api/*",
    fix: "Give the path as clients ask for it.",
  }),
  { allowed: "a list of paths", fix: "Give the paths as clients ask for them." },
);

/** The function that makes the variants of images. */
export const imageSettings = {
  originalsBucket: text(
    // No address, and each part between dots begins and ends with a letter or a digit.
    /^(?=.{3,63}$)(?!\d+(\.\d+){3}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    { allowed: "the name of a private bucket of S3", fix: "Leave it out for the bucket of built files." },
  ),
  secondsPerImage: number(
    { unit: "seconds", above: 0, atMost: IMAGE_TIMEOUTS.encodeSeconds },
    { fix: "Give the mean of the function's log; a slower image is given up.", decides: "calls at once" },
  ),
  reserveConcurrency: flag({ fix: "False where the account has too few calls of Lambda to reserve some." }),
};

/** What every CDN is told. */
export const cdnSettings = {
  host: hostName,
  headers: choice(["edge", "proxy"], { fix: "Choose who sets the security headers." }),
};

/** What CloudFront is told besides. */
export const cloudFrontSettings = {
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
