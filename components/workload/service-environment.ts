import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { nodeHeap, nodeOptions } from "../../budget/service/node-heap";
import { responseTimeBuckets } from "../../budget/service/buckets";
import { tracingVariables } from "../../budget/service/tracing";
import type { TimeoutChain } from "../../budget/timeouts/timeouts";
import type { PerformanceBudget } from "../../budget/core/performance-budget";
import type {
  ResolvedServiceArgs,
  SecretEntry,
  ServiceCache,
  ServiceDatabase,
  ServiceUrlSigning,
} from "./elastic-service-args";

type Variable = k8s.types.input.core.v1.EnvVar & { readonly name: string };

/** `redis-cache` becomes `REDIS_CACHE`. */
export function variablePrefix(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

/** `matching` becomes `MATCHING_URL`. */
export function urlVariable(service: string): string {
  return `${variablePrefix(service)}_URL`;
}

function milliseconds(seconds: number): string {
  return String(Math.round(seconds * 1000));
}

function timeoutVariables({ request, idle, drain }: TimeoutChain): Variable[] {
  return [
    { name: "REQUEST_TIMEOUT_MS", value: milliseconds(request.application) },
    { name: "DATABASE_TIMEOUT_MS", value: milliseconds(request.database) },
    { name: "KEEP_ALIVE_TIMEOUT_MS", value: milliseconds(idle.application) },
    // What is left between the end of preStop, when SIGTERM arrives, and the kill.
    { name: "SHUTDOWN_TIMEOUT_MS", value: milliseconds(drain.terminationGrace - drain.preStop) },
  ];
}

function fromSecret(variable: string, { name, key }: SecretEntry): Variable {
  return { name: variable, valueFrom: { secretKeyRef: { name, key } } };
}

/** A client with Sentinels asks them for the primary, and takes the host only where there are none. */
function cacheVariables(cache: ServiceCache): Variable[] {
  const prefix = variablePrefix(cache.name);
  const { sentinel } = cache;
  return [
    { name: `${prefix}_HOST`, value: cache.host },
    { name: `${prefix}_PORT`, value: String(cache.port) },
    { name: `${prefix}_POOL_SIZE`, value: String(cache.poolSize) },
    fromSecret(`${prefix}_PASSWORD`, cache.passwordSecret),
    ...(cache.tls === true ? [{ name: `${prefix}_TLS`, value: "true" }] : []),
    ...(sentinel === undefined
      ? []
      : [
          { name: `${prefix}_SENTINELS`, value: sentinel.addresses },
          { name: `${prefix}_SENTINEL_MASTER`, value: sentinel.masterName },
        ]),
  ];
}

/** Share of the database's timeout that a query may wait for a connection: the rest is for the query itself. */
const WAIT_QUEUE_SHARE = 0.25;

function databaseVariables(
  database: ServiceDatabase,
  timeouts: TimeoutChain,
  budget: PerformanceBudget,
): Variable[] {
  const { poolSize, readReplicaTags } = database;
  return [
    fromSecret("MONGODB_URI", database.uriSecret),
    { name: "MONGODB_MAX_POOL_SIZE", value: String(poolSize) },
    // A quarter stays open: a burst does not begin with handshakes.
    { name: "MONGODB_MIN_POOL_SIZE", value: String(Math.ceil(poolSize / 4)) },
    { name: "MONGODB_MAX_CONNECTING", value: "2" },
    {
      name: "MONGODB_WAIT_QUEUE_TIMEOUT_MS",
      value: milliseconds(timeouts.request.database * WAIT_QUEUE_SHARE),
    },
    { name: "MONGODB_READ_REPLICA_TAGS", value: readReplicaTags },
    { name: "MONGODB_SLOW_QUERY_MS", value: milliseconds(budget.databaseQuerySeconds.critical) },
  ];
}

/** What the runtime's `urlSigner` reads. */
function signingVariables(signing: ServiceUrlSigning): Variable[] {
  return [
    { name: "CDN_PROVIDER", value: signing.provider },
    fromSecret("CDN_SIGNING_KEY", signing.keySecret),
    signing.provider === "cloudfront"
      ? { name: "CDN_SIGNING_KEY_ID", value: signing.keyId }
      : { name: "CDN_SIGNED_SECONDS", value: String(signing.lifetimeSeconds) },
  ];
}

/** Where the certificates are that the processes trust in addition. */
export const AUTHORITIES_FILE = "/etc/cache-authorities/ca.crt";

/**
 * Variables of the container: what the platform derives, and what the caller sets. Where both have one, such as `NODE_ENV`,
 * the caller's counts; `NODE_OPTIONS` are added to. What may not be set is refused before, see environment-issues.ts.
 */
export function serviceEnvironment(args: ResolvedServiceArgs): Variable[] {
  const { environment = {}, secretEnvironment = {} } = args;
  const { NODE_OPTIONS: options, ...others } = environment;
  const derived = derivedVariables(args).map((variable) =>
    variable.name === "NODE_OPTIONS" && options !== undefined
      ? { ...variable, value: pulumi.interpolate`${variable.value} ${options}` }
      : variable,
  );
  const given: Variable[] = [
    ...Object.entries(others).map(([name, value]) => ({ name, value })),
    ...Object.entries(secretEnvironment).map(([name, entry]) => fromSecret(name, entry)),
  ];
  const names = new Set(given.map(({ name }) => name));
  return [...derived.filter(({ name }) => !names.has(name)), ...given];
}

function derivedVariables(args: ResolvedServiceArgs): readonly Variable[] {
  const { port, resources, timeouts, caches = [], calls = [], database, budget, processesPerPod = 1 } = args;
  const { urlSigning, tracing } = args;
  return [
    { name: "NODE_ENV", value: "production" },
    { name: "PORT", value: String(port) },
    { name: "NODE_OPTIONS", value: nodeOptions(nodeHeap(resources.memoryMiB, processesPerPod)) },
    ...timeoutVariables(timeouts),
    { name: "HTTP_DURATION_BUCKETS_SECONDS", value: responseTimeBuckets(budget).join(",") },
    ...(args.authorities === undefined ? [] : [{ name: "NODE_EXTRA_CA_CERTS", value: AUTHORITIES_FILE }]),
    ...calls.map(({ name, url }) => ({ name: urlVariable(name), value: url })),
    ...caches.flatMap(cacheVariables),
    ...(database === undefined ? [] : databaseVariables(database, timeouts, budget)),
    ...(urlSigning === undefined ? [] : signingVariables(urlSigning)),
    ...(tracing === undefined
      ? []
      : Object.entries(tracingVariables(args.app, tracing, tracing.attributes ?? {})).map(
          ([name, value]) => ({
            name,
            value,
          }),
        )),
  ];
}
