/** One cache: `maxmemory`, the memory limit and `maxclients` follow from what has to stay in it and from who connects. */
import { Redis } from "../../components/caching";

const cache = new Redis("cache", {
  purpose: "cache",
  workingSetMiB: 512,
  // Who connects, at its largest. Nobody else is let in.
  users: [{ service: "quotes", maxReplicas: 12, maxSurge: 0.25, processesPerPod: 1, poolSize: 2 }],
  // Any child can be changed; what a proof counts on is compared by the policy pack.
  transform: { service: { metadata: { annotations: { team: "pricing" } } } },
});

export const url = cache.url;
/** Where pods find the password: `secretKeyRef` of this Secret and key. */
export const passwordSecret = cache.passwordSecret;
export const maxClients = cache.plan.numbers.maxClients.value;
export const memoryLimitMiB = cache.plan.numbers.limit.value;
