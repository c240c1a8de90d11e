import type * as k8s from "@pulumi/kubernetes";

import type { TimeoutLadder } from "../../budget/timeouts";
import type { ElasticServiceArgs, SecretEntry, ServiceCache } from "./elastic-service-args";

type Variable = k8s.types.input.core.v1.EnvVar;

/** Share of a process's memory that V8 may use for its old generation; buffers, code and stacks take the rest. */
const HEAP_SHARE = 0.75;

/**
 * Largest old generation of one Node.js process, MiB: floor(0.75 * limit / processes). Without it V8 sizes its heap by
 * the machine and is killed at the limit before it collects.
 */
export function heapMiB(memoryMiB: number, processes: number): number {
  return Math.floor((HEAP_SHARE * memoryMiB) / processes);
}

/** `redis-cache` becomes `REDIS_CACHE`. */
export function variablePrefix(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

function milliseconds(seconds: number): string {
  return String(Math.round(seconds * 1000));
}

function timeoutVariables({ request, idle, drain }: TimeoutLadder): Variable[] {
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

function cacheVariables(cache: ServiceCache): Variable[] {
  const prefix = variablePrefix(cache.name);
  return [
    { name: `${prefix}_HOST`, value: cache.host },
    { name: `${prefix}_PORT`, value: String(cache.port) },
    { name: `${prefix}_POOL_SIZE`, value: String(cache.poolSize) },
    fromSecret(`${prefix}_PASSWORD`, cache.passwordSecret),
  ];
}

/** Variables of the container: what the platform derives, then what the caller sets, which wins. */
export function serviceEnvironment(args: ElasticServiceArgs): Variable[] {
  const { port, resources, timeouts, caches = [], processesPerPod = 1 } = args;
  const { environment = {}, secretEnvironment = {} } = args;
  const derived: Variable[] = [
    { name: "NODE_ENV", value: "production" },
    { name: "PORT", value: String(port) },
    { name: "NODE_OPTIONS", value: `--max-old-space-size=${heapMiB(resources.memoryMiB, processesPerPod)}` },
    ...timeoutVariables(timeouts),
    ...caches.flatMap(cacheVariables),
  ];
  const given: Variable[] = [
    ...Object.entries(environment).map(([name, value]) => ({ name, value })),
    ...Object.entries(secretEnvironment).map(([name, entry]) => fromSecret(name, entry)),
  ];
  const names = new Set(given.map(({ name }) => name));
  return [...derived.filter(({ name }) => !names.has(name)), ...given];
}
