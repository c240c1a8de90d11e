import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { maxClients } from "../../budget/service/connections";
import { redisMemory } from "../../budget/caching/memory";
import type { RedisPurpose } from "../../budget/caching/purpose";
import { PROBE_COMMANDS } from "../../components/caching/redis/redis-conf";
import { OPERATOR_PASSWORD, REDIS_PASSWORD, startRedis, type RunningRedis } from "../helpers/redis-server";

const users = [{ maxReplicas: 2, maxSurge: 0.5, processesPerPod: 1, poolSize: 2 }];
// 3 pods * 2 connections; 1.2 times that, and 32
const clients = maxClients(users);
const MIB = 1024 * 1024;

/** The text that a component renders for a working set of 4 MiB. */
function sized(purpose: RedisPurpose): Parameters<typeof startRedis>[0] {
  const memory = redisMemory({ workingSetMiB: 4, maxClients: clients, forks: purpose === "session" });
  const { maxMemoryMiB, clientBuffersMiB } = memory;
  return { purpose, maxMemoryMiB, clientBuffersMiB, maxClients: clients, ioThreads: 1 };
}

/** Writes `count` values of 64 KiB, and answers the replies. */
function fill(redis: RunningRedis, count: number): Promise<string[]> {
  const commands = Array.from({ length: count }, (_, i) => `SETRANGE key:${i} 65535 x`);
  return redis.pipe(commands);
}

async function info(redis: RunningRedis, field: string): Promise<number> {
  const line = (await redis.cli("info")).split(/\r?\n/).find((one) => one.startsWith(`${field}:`));
  return Number(line?.slice(field.length + 1));
}

for (const purpose of ["cache", "session"] as const) {
  describe(`a real server with the redis.conf of a ${purpose}`, () => {
    let redis: RunningRedis;
    before(async () => {
      redis = await startRedis(sized(purpose));
    });
    after(async () => {
      await redis?.stop();
    });

    it("has exactly the values that the budget arrived at", async () => {
      const names = [
        "maxmemory",
        "maxmemory-clients",
        "maxmemory-policy",
        "maxclients",
        "io-threads",
        "appendonly",
        "appendfsync",
        "no-appendfsync-on-rewrite",
        "save",
        "timeout",
        "tcp-keepalive",
        "lazyfree-lazy-eviction",
        "active-defrag-threshold-lower",
        "active-defrag-ignore-bytes",
      ];
      const values: Record<string, string> = {};
      for (const name of names) {
        values[name] = (await redis.cli("config", "get", name)).split("\n")[1] ?? "";
      }
      const isSession = purpose === "session";
      assert.deepEqual(values, {
        // 4 / 0.8 + 16 MiB
        maxmemory: `${21 * MIB}`,
        "maxmemory-clients": `${16 * MIB}`,
        "maxmemory-policy": isSession ? "noeviction" : "allkeys-lfu",
        maxclients: "40",
        "io-threads": "1",
        appendonly: isSession ? "yes" : "no",
        appendfsync: "everysec",
        "no-appendfsync-on-rewrite": isSession ? "yes" : "no",
        save: "",
        timeout: "0",
        "tcp-keepalive": "60",
        "lazyfree-lazy-eviction": "yes",
        "active-defrag-threshold-lower": "10",
        "active-defrag-ignore-bytes": `${16 * MIB}`,
      });
    });

    it("answers nobody who does not know the password", async () => {
      const command = (auth: string): string[] => ["env", `REDISCLI_AUTH=${auth}`, "redis-cli", "ping"];
      assert.match((await redis.probe(command(""))).stdout, /^NOAUTH Authentication required/);
      assert.match((await redis.probe(command("wrong"))).stdout, /^NOAUTH Authentication required/);
      assert.equal((await redis.probe(command(OPERATOR_PASSWORD))).stdout, "PONG\n");
    });

    it("shows the password to nobody who lists processes", async () => {
      const { stdout } = await redis.probe(["ps", "-eo", "args"]);
      assert.ok(stdout.includes("redis-server 127.0.0.1"));
      for (const password of [REDIS_PASSWORD, OPERATOR_PASSWORD]) assert.ok(!stdout.includes(password));
    });
  });
}

describe("a full cache", () => {
  let redis: RunningRedis;
  before(async () => {
    redis = await startRedis(sized("cache"));
  });
  after(async () => {
    await redis?.stop();
  });

  it("evicts and goes on, and stays within maxmemory", async () => {
    const replies = await fill(redis, 600);
    assert.deepEqual(replies, Array<string>(600).fill("65536"));
    assert.equal(await redis.cli("exists", "key:599"), "1");
    assert.ok((await info(redis, "evicted_keys")) >= 250);
    const used = await info(redis, "used_memory");
    // What is held for the one who asks comes on top.
    assert.ok(used <= 21 * MIB + 16 * 1024, `${used / MIB} MiB are used`);
  });

  it("keeps what is used often", async () => {
    await redis.pipe(["SET hot 1", ...Array<string>(300).fill("GET hot")]);
    await fill(redis, 600);
    assert.equal(await redis.cli("get", "hot"), "1");
  });
});

describe("a full session store", () => {
  let redis: RunningRedis;
  before(async () => {
    redis = await startRedis(sized("session"));
  });
  after(async () => {
    await redis?.stop();
  });

  it("refuses what does not fit, and has kept everything that it accepted", async () => {
    const replies = await fill(redis, 600);
    const refused = "OOM command not allowed when used memory > 'maxmemory'.";
    const accepted = replies.filter((reply) => reply === "65536").length;
    assert.deepEqual(replies.slice(accepted), Array<string>(600 - accepted).fill(refused));
    // The working set of 4 MiB is 64 values; there is room for more, but not for all.
    assert.ok(accepted >= 64 && accepted < 600, `${accepted} accepted`);
    assert.equal(await redis.cli("dbsize"), `${accepted}`);
    assert.equal(await info(redis, "evicted_keys"), 0);
  });
});

describe("a session store that is killed", () => {
  let redis: RunningRedis;
  before(async () => {
    redis = await startRedis(sized("session"));
  });
  after(async () => {
    await redis?.stop();
  });

  it("has everything again that was accepted a second before", async () => {
    const sessions = Array.from({ length: 2000 }, (_, i) => `SET session:${i} user-${i} EX 3600`);
    assert.deepEqual(await redis.pipe(sessions), Array<string>(2000).fill("OK"));
    await sleep(1000);
    await redis.killHard();
    await redis.restart();
    assert.equal(await redis.cli("dbsize"), "2000");
    assert.equal(await redis.cli("get", "session:1999"), "user-1999");
    const ttl = Number(await redis.cli("ttl", "session:0"));
    assert.ok(ttl > 3500 && ttl <= 3600);
  });
});

describe("the probes, run against a real server", () => {
  let redis: RunningRedis;
  const sockets: Socket[] = [];
  const codes = async (): Promise<unknown> => {
    const [ready, live] = await Promise.all(
      [PROBE_COMMANDS.ready, PROBE_COMMANDS.live].map((command) => redis.probe(command, 6000)),
    );
    return { ready: ready?.code === 0, live: live?.code === 0 };
  };
  const answered = async (answers: readonly string[], count: number): Promise<void> => {
    for (const end = Date.now() + 5000; answers.length < count && Date.now() < end;) await sleep(10);
  };
  before(async () => {
    redis = await startRedis(sized("session"));
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await redis?.stop();
  });

  it("find a server that works ready and alive", async () => {
    assert.deepEqual(await codes(), { ready: true, live: true });
  });

  it("do not restart a server that has no connection left, and its clients all with it", async () => {
    const answers: string[] = [];
    for (let i = 0; i < clients + 5; i++) {
      const socket = connect(redis.port, "127.0.0.1");
      sockets.push(socket);
      socket.on("error", () => undefined);
      socket.on("data", (answer) => answers.push(answer.toString()));
      await once(socket, "connect");
    }
    await answered(answers, 5);
    assert.deepEqual(answers, Array<string>(5).fill("-ERR max number of clients reached\r\n"));
    assert.deepEqual(await codes(), { ready: false, live: true });
    for (const socket of sockets.splice(0)) socket.destroy();
    await sleep(200);
    assert.deepEqual(await codes(), { ready: true, live: true });
  });

  it("do not restart a server that is busy with a script", async () => {
    await redis.cli("config", "set", "busy-reply-threshold", "50");
    const script = redis.probe(["redis-cli", "eval", "while true do end", "0"]);
    await sleep(300);
    assert.deepEqual(await codes(), { ready: false, live: true });
    assert.equal(await redis.cli("script", "kill"), "OK");
    assert.match((await script).stdout, /Script killed by user/);
    assert.deepEqual(await codes(), { ready: true, live: true });
  });

  it("do not restart a server that is loading its data", async () => {
    await redis.cli("eval", "for i = 1, 30000 do redis.call('SET', 'session:' .. i, i) end", "0");
    await sleep(1000);
    await redis.killHard();
    // The server looks at its connections every 1024 keys; 0.2 ms a key make it a loading of many seconds.
    await redis.restart("--key-load-delay", "200");
    assert.match(await redis.cli("ping"), /^LOADING /);
    assert.deepEqual(await codes(), { ready: false, live: true });
  });

  it("find a server dead that reacts to nothing", async () => {
    redis.signal("SIGSTOP");
    assert.deepEqual(await codes(), { ready: false, live: false });
    redis.signal("SIGCONT");
  });
});
