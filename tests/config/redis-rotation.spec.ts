import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import type { RedisCredentials, RedisSecrets } from "../../components/caching/redis/redis-users";
import type { SessionCacheManager } from "../../runtime/caching";
import { eventually } from "../helpers/eventually";
import { MASTER_NAME, Replication, type ReplicationMember } from "../helpers/redis-replication";
import { REDIS_CREDENTIALS } from "../helpers/redis-server";
import { Caches, settingsFor } from "../runtime/caching/caches";

const FIRST = REDIS_CREDENTIALS.current;
const SECOND: RedisSecrets = { application: "second-of-services", internal: "second-of-the-others" };
const THIRD: RedisSecrets = { application: "third-of-services", internal: "third-of-the-others" };
const FOURTH: RedisSecrets = { application: "fourth-of-services", internal: "fourth-of-the-others" };

/** `passwordGeneration` 1, 2 and 3, as the component makes them. */
const GENERATIONS: readonly RedisCredentials[] = [
  { current: FIRST, accepted: [FIRST, SECOND] },
  { current: SECOND, accepted: [FIRST, SECOND, THIRD] },
  { current: THIRD, accepted: [SECOND, THIRD, FOURTH] },
];

describe("new passwords for a session store", function () {
  this.timeout(300_000);
  let store: Replication;
  const caches = new Caches();

  before(async () => {
    store = await Replication.start({
      purpose: "session",
      ...{ maxMemoryMiB: 32, clientBuffersMiB: 16, maxClients: 100, ioThreads: 1 },
      replication: { backlogMiB: 16, replicaBufferMiB: 16 },
    });
  });
  after(async () => {
    await caches.close();
    await store?.stop();
  });

  /** A pod of a service with the password of a generation. */
  function pod(password: string): SessionCacheManager {
    const addresses = store.members.map(({ address }) => ({
      host: address.host,
      port: address.sentinelPort,
    }));
    return caches.session(0, {
      settings: settingsFor(0, {
        name: "redis-session",
        password,
        sentinels: { addresses, master: MASTER_NAME },
      }),
    });
  }

  /** Uses sessions until told to stop. @returns tokens of those that were confirmed */
  function visitor(service: SessionCacheManager): { stop(): Promise<readonly string[]> } {
    const tokens: string[] = [];
    let stopped = false;
    const going = (async () => {
      while (!stopped) {
        // Who is refused in a hand-over asks again, as with every CacheUnavailable.
        const token = await service.create({ user: "u" }).catch(() => undefined);
        if (token !== undefined) tokens.push(token);
        await sleep(10);
      }
    })();
    return {
      stop: async () => {
        stopped = true;
        await going;
        return tokens;
      },
    };
  }

  async function refusedLogins(member: ReplicationMember): Promise<string[]> {
    const lists = [await member.cli("acl", "log"), await member.sentinel("acl", "log")];
    return lists.filter((list) => list !== "");
  }

  it("lock nobody out, whoever is replaced first: members, Sentinels and services", async () => {
    const [, second, third] = GENERATIONS as [RedisCredentials, RedisCredentials, RedisCredentials];
    await store.give(GENERATIONS[0] as RedisCredentials);
    await store.rollout(() => Promise.resolve());

    const refused: string[] = [];
    const collect = async (member: ReplicationMember): Promise<void> =>
      void refused.push(...(await refusedLogins(member)));
    for (const next of [second, third]) {
      // Services of both generations, for the whole time.
      const before = next === second ? FIRST : SECOND;
      const visitors = [pod(before.application), pod(next.current.application)].map(visitor);
      await store.give(next);
      await store.rollout(collect);
      for (const member of store.members) await collect(member);
      const tokens = (await Promise.all(visitors.map((one) => one.stop()))).flat();
      assert.ok(tokens.length > 50, `${tokens.length} sessions`);
      const service = pod(next.current.application);
      await service.connected(10_000);
      for (const token of tokens) assert.deepEqual(await service.get(token), { user: "u" });
      assert.deepEqual(refused, []);
      assert.equal(await caches.count("redis_cache_errors_total", 'reason="credentials-refused"'), 0);
      // The pods with the former password are gone before the next change.
      await caches.close();
    }
  });

  it("end the first one with the second change after it", async () => {
    const former = pod(FIRST.application);
    await eventually("the refusal", async () =>
      (
        await former.create({}).then(
          () => "",
          () => JSON.stringify(caches.logger.lines),
        )
      ).includes("credentials-refused"),
    );
  });
});
