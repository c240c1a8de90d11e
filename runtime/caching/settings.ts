import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { type Environment, Variables } from "../shared/variables";

/** Host and port of a server. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What the platform tells a service about one Redis. `<NAME>` is its name in upper snake case: `REDIS_CACHE`. */
export interface CacheSettings {
  /** As the platform calls it: `redis-cache`. Names it in logs and errors. */
  readonly name: string;
  /** `<NAME>_HOST`, `<NAME>_PORT`. Not asked when there are sentinels. */
  readonly address: Address;
  /** Name of an ACL user, of the servers and of the sentinels. `<NAME>_USERNAME`, @default the user `default` */
  readonly username?: string;
  /** A secret. `<NAME>_PASSWORD`, @default none */
  readonly password?: string;
  /** Connections at most, 1..1000: what the platform counts on. `<NAME>_POOL_SIZE` */
  readonly poolSize: number;
  /** Whether to speak TLS and check the certificate. `<NAME>_TLS`: `true` or `false`, @default false */
  readonly tls: boolean;
  /**
   * Certificates of the authorities that may have signed the server's, PEM, in place of those that Node.js knows.
   * `<NAME>_CA_FILE`: a file with them, with TLS only. @default those that Node.js knows
   */
  readonly authority?: string;
  /** Who knows the primary. `<NAME>_SENTINELS`: `host:port,…`, and `<NAME>_SENTINEL_MASTER`. @default none */
  readonly sentinels?: { readonly addresses: readonly Address[]; readonly master: string };
  /** Longest time of one command, milliseconds. `<NAME>_TIMEOUT_MS`, @default {@link commandTimeoutMs} */
  readonly timeoutMs: number;
  /** Longest time of a request, and so of a load, milliseconds. `REQUEST_TIMEOUT_MS` */
  readonly requestTimeoutMs?: number;
}

/** What hangs on the answer: a cache can be done without, a session cannot. */
export type CacheUse = "cache" | "session";

/** Share of the time of a request, and bounds in milliseconds, that one command may take. */
const DEADLINES = {
  // A twentieth: a Redis that is too slow costs each request that little, and only until the circuit opens.
  cache: { share: 1 / 20, least: 20, most: 100 },
  // A quarter: better a late session than none, and the rest of the request still has time.
  session: { share: 1 / 4, least: 50, most: 1000 },
} as const;

/**
 * Longest time of one command, milliseconds: `REQUEST_TIMEOUT_MS / 20` within 20..100 for a cache,
 * `REQUEST_TIMEOUT_MS / 4` within 50..1000 for sessions.
 */
export function commandTimeoutMs(requestTimeoutMs: number, use: CacheUse): number {
  const { share, least, most } = DEADLINES[use];
  return Math.round(Math.min(most, Math.max(least, requestTimeoutMs * share)));
}

/** `redis-cache` becomes `REDIS_CACHE`. */
export function variablePrefix(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

/** Whether the platform gave a service this Redis. */
export function hasCache(name: string, environment: Environment): boolean {
  const variables = new Variables(environment);
  const prefix = variablePrefix(name);
  return variables.has(`${prefix}_HOST`) || variables.has(`${prefix}_SENTINELS`);
}

/**
 * Settings of one Redis from the variables that the platform writes.
 *
 * @param name as the platform calls it: `redis-cache`, `redis-session`
 * @throws VariablesError that names every variable which is missing or wrong
 */
export function cacheSettings(name: string, use: CacheUse, environment: Environment): CacheSettings {
  const variables = new Variables(environment);
  const prefix = variablePrefix(name);
  const requestTimeoutMs = variables.wholeNumber("REQUEST_TIMEOUT_MS");
  const behindSentinels = variables.has(`${prefix}_SENTINELS`);
  const addresses = variables.parsed(`${prefix}_SENTINELS`, parseAddresses, []);
  const host = environment[`${prefix}_HOST`] ?? "";
  if (host === "" && !behindSentinels) variables.problem(`${prefix}_HOST is not set; allowed is a host name`);
  const timeoutMs = variables.wholeNumber(`${prefix}_TIMEOUT_MS`, {
    fallback: commandTimeoutMs(requestTimeoutMs, use),
  });
  if (timeoutMs >= requestTimeoutMs) {
    variables.problem(
      `${prefix}_TIMEOUT_MS is ${timeoutMs}; allowed is less than REQUEST_TIMEOUT_MS, ${requestTimeoutMs}`,
    );
  }
  const master = environment[`${prefix}_SENTINEL_MASTER`] ?? "";
  if (behindSentinels && master === "") {
    variables.problem(`${prefix}_SENTINEL_MASTER is not set; allowed is the name of the primary`);
  }
  const username = environment[`${prefix}_USERNAME`] ?? "";
  const password = environment[`${prefix}_PASSWORD`] ?? "";
  const tls = variables.parsed(`${prefix}_TLS`, parseSwitch, false);
  const authority = variables.parsed(`${prefix}_CA_FILE`, parseAuthority, undefined);
  if (authority !== undefined && !tls) {
    variables.problem(
      `${prefix}_CA_FILE is set without ${prefix}_TLS; allowed is ${prefix}_TLS=true with it`,
    );
  }
  const settings: CacheSettings = {
    name,
    address: {
      host,
      port: variables.wholeNumber(`${prefix}_PORT`, {
        most: 65_535,
        ...(behindSentinels ? { fallback: 6379 } : {}),
      }),
    },
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password }),
    poolSize: variables.wholeNumber(`${prefix}_POOL_SIZE`, { most: 1000 }),
    tls,
    ...(authority === undefined ? {} : { authority }),
    ...(behindSentinels ? { sentinels: { addresses, master } } : {}),
    timeoutMs,
    requestTimeoutMs,
  };
  variables.refuse();
  return settings;
}

function parseSwitch(text: string): boolean {
  if (text === "true") return true;
  if (text === "false" || text === "") return false;
  throw new RangeError("true or false");
}

function parseAuthority(file: string): string | undefined {
  if (file === "") return undefined;
  try {
    const authority = readFileSync(file, "utf8");
    createSecureContext({ ca: authority });
    if (authority.includes("-----BEGIN CERTIFICATE-----")) return authority;
  } catch {
    // Said below, without what is in the file.
  }
  throw new RangeError("a file of certificates in PEM that can be read");
}

function parseAddresses(text: string): readonly Address[] {
  if (text === "") return [];
  return text.split(",").map((part) => {
    const [, host = "", port = ""] = /^\s*([\w.-]+|\[[\da-fA-F:.]+\]):(\d{1,5})\s*$/.exec(part) ?? [];
    const number = Number(port);
    if (host === "" || number < 1 || number > 65_535) throw new RangeError("host:port, separated by commas");
    return { host: host.replace(/^\[|\]$/g, ""), port: number };
  });
}
