import assert from "node:assert/strict";

import type { CacheUser } from "../../../budget/caching/connections";
import { planRedis } from "../../../budget/caching/plan-redis";
import { paceOf, servicePoolSize } from "../../../budget/service/connections";
import { timeoutChain } from "../../../budget/timeouts/timeouts";
import { plannedConf } from "../../../components/caching/redis/redis-conf";
import { eventually } from "../../helpers/eventually";
import { REDIS_PASSWORD, type RunningRedis, startRedis } from "../../helpers/redis-server";
import { BACKEND_ENVIRONMENT, type BackendProcess, startBackend } from "./process";

/** As the production stack has it, with fewer pods. */
const PROFILE = { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 12 };
const POOL = servicePoolSize(PROFILE, 1, { callsPerRequest: 2, callSeconds: 0.001 });
const { drain } = timeoutChain({ maxRequestSeconds: 10, cloud: "aws" });
const USER: CacheUser = {
  service: "backend",
  maxReplicas: 4,
  maxSurge: 0.25,
  processesPerPod: 1,
  poolSize: POOL,
  pace: paceOf(drain.terminationGrace, PROFILE),
};

/**
 * A pod that was told to stop sleeps (`preStop`) for {@link drain.preStop} seconds before its process is told: longer than
 * four pods take that are each warm after twelve. So no old process ends before the last new one is there.
 */
describe("a rollout of the reference backend", function () {
  this.timeout(180_000);
  const { numbers, ...plan } = planRedis({
    cache: "redis-cache",
    purpose: "cache",
    workingSetMiB: 16,
    users: [USER],
  });
  let redis: RunningRedis;
  const processes: BackendProcess[] = [];

  before(async () => {
    redis = await startRedis(plannedConf("cache", { numbers, ...plan }));
  });
  after(async () => {
    await Promise.all(processes.map((process) => process.stop()));
    await redis?.stop();
  });

  const start = async (): Promise<BackendProcess> => {
    const process = await startBackend({
      ...BACKEND_ENVIRONMENT,
      REDIS_CACHE_HOST: "127.0.0.1",
      REDIS_CACHE_PORT: String(redis.port),
      REDIS_CACHE_PASSWORD: REDIS_PASSWORD,
      REDIS_CACHE_POOL_SIZE: String(POOL),
    });
    processes.push(process);
    return process;
  };
  const opened = async (): Promise<number> =>
    (await redis.cli("client", "list"))
      .split("\n")
      .filter((line) => line.includes("retrofitlink-redis-cache")).length;

  it("opens what the plan counts on, and no connection more", async () => {
    const seen: number[] = [];
    const settled = async (count: number): Promise<void> => {
      await eventually(`${count} connections`, opened, (found) => {
        seen.push(found);
        return found === count;
      });
    };
    const old: BackendProcess[] = [];
    for (let pod = 1; pod <= USER.maxReplicas; pod++) {
      old.push(await start());
      await settled(pod * POOL);
    }
    // One after the other is there; the old ones sleep and keep their connections.
    for (let pod = 1; pod <= USER.maxReplicas; pod++) {
      await start();
      await settled((USER.maxReplicas + pod) * POOL);
    }
    assert.equal(Math.max(...seen), numbers.clients.value);
    assert.equal(numbers.clients.value, 2 * USER.maxReplicas * POOL);
    assert.equal(await redis.cli("config", "get", "maxclients"), `maxclients\n${numbers.maxClients.value}`);
    for (const process of old) process.signal("SIGTERM");
    assert.deepEqual(await Promise.all(old.map((process) => process.ended())), [0, 0, 0, 0]);
    await settled(USER.maxReplicas * POOL);
    assert.match(await redis.cli("info", "stats"), /^rejected_connections:0\r?$/m);
  });
});
