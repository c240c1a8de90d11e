import { parseStackConfig, type StackConfig } from "../../stacks/stack-file/config";

/**
 * A stack of `count` services that share one cache, none of them in front of the proxy but the first: the shape of a
 * stack that has grown.
 */
export function stackOf(count: number): StackConfig {
  const service = (index: number): object => ({
    image: `registry.example.com/retrofitlink/service-${index}:1.0.0`,
    demand: { baseRps: 50, peakRps: 200, growthPerMinute: 0.2 },
    profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 10 },
    resources: { cpuCores: 1, memoryMiB: 512 },
    caches: { "redis-cache": { callsPerRequest: 2, callSeconds: 0.001 } },
  });
  const { config, issues: problems } = parseStackConfig({
    environment: "bench",
    cluster: { cloud: "local", zones: 3 },
    services: Object.fromEntries(Array.from({ length: count }, (_, i) => [`service-${i}`, service(i)])),
    caches: { "redis-cache": { purpose: "cache", workingSetMiB: 512 } },
    loadBalancer: { service: "service-0", clientConnections: 1000 },
  });
  if (config === undefined) throw new Error(problems.map(({ path }) => path.join(".")).join(", "));
  return config;
}

/** Number of services, from the environment of the process that runs a side. */
export function serviceCount(): number {
  return Number(process.env["BENCH_SERVICES"]);
}
