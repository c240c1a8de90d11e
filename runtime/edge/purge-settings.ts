import { type Environment, Variables } from "../shared/variables";
import { CloudFrontPurger } from "./cloudfront-purger";
import { CloudflarePurger } from "./cloudflare-purger";
import type { OriginGuard } from "./purge-plan";
import type { Purger } from "./purger";
import { cdnProvider } from "./settings";

/** Whom to tell, and whether it may be told to forget everything. */
export interface PurgeSettings {
  readonly purger: Purger;
  /** undefined where nobody said what the origin serves. */
  readonly guard: OriginGuard | undefined;
}

/**
 * What an invalidation needs to know of the stack's CDN.
 *
 * - cloudfront: `CDN_DISTRIBUTION_ID`, and the credentials of AWS's own tools
 * - cloudflare: `CDN_ZONE_ID`, `CDN_API_TOKEN` with the right to purge, `CDN_HOSTS` separated by commas
 * - `CDN_REQUESTS_PER_SECOND` and `CDN_ORIGIN_CAPACITY_RPS`, both or none
 *
 * @param baseUrl of Cloudflare's API. @default Cloudflare's
 * @throws VariablesError that names every variable which is missing or wrong, and shows no secret
 */
export function purgeSettings(environment: Environment, baseUrl?: string): PurgeSettings {
  const provider = cdnProvider(environment);
  const variables = new Variables(environment);
  const guard = guardOf(variables);
  if (provider === "cloudfront") {
    const id = variables.secret("CDN_DISTRIBUTION_ID", "the id of a distribution", (given) =>
      /^E[A-Z0-9]{5,20}$/.test(given),
    );
    variables.refuse();
    return { purger: new CloudFrontPurger(id), guard };
  }
  const zoneId = variables.secret("CDN_ZONE_ID", "32 hexadecimal digits", (given) =>
    /^[0-9a-f]{32}$/.test(given),
  );
  const token = variables.secret(
    "CDN_API_TOKEN",
    "a token of Cloudflare's API",
    (given) => given.length >= 20,
  );
  const hosts = variables.parsed("CDN_HOSTS", hostsOf, []);
  variables.refuse();
  const base = baseUrl === undefined ? {} : { baseUrl };
  return { purger: new CloudflarePurger({ token, zoneId, hosts, ...base }), guard };
}

function guardOf(variables: Variables): OriginGuard | undefined {
  const names = ["CDN_REQUESTS_PER_SECOND", "CDN_ORIGIN_CAPACITY_RPS"] as const;
  if (!names.some((name) => variables.has(name))) return undefined;
  const [requestsPerSecond, originCapacityRps] = names.map((name) => variables.wholeNumber(name));
  return { requestsPerSecond: requestsPerSecond ?? NaN, originCapacityRps: originCapacityRps ?? NaN };
}

function hostsOf(text: string): string[] {
  const hosts = text.split(",").map((host) => host.trim());
  if (hosts.every((host) => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(host))) return hosts;
  throw new RangeError("host names separated by commas");
}
