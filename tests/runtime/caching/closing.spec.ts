import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { CacheSettings } from "../../../runtime/caching";
import { eventually } from "../../helpers/eventually";
import { freePort } from "../../../cli/free-port";
import type { RunningRedis } from "../../helpers/redis-server";
import { SENTINEL_MASTER, SmallReplication } from "../../helpers/redis-sentinels";
import { settingsFor, startTestRedis } from "./caches";
import type { ProcessReport } from "./closing-process";
import { type FakeServer, startFakeServer } from "./fake-redis";

const PASSWORD = "password-of-the-sentinels-and-the-servers";

/** How long a process may live that has closed everything, milliseconds. Loading of code and the machine count as well. */
const TO_END_MS = 1500;

interface Child {
  /** What it wrote until it said that it had closed everything. */
  readonly output: string;
  /** From then on. */
  readonly endedAfterMs: number;
}

/** Runs the process until it ends by itself. @throws Error when it does not */
async function run(
  how: string,
  all: readonly CacheSettings[],
  node: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): Promise<Child> {
  const program = join(__dirname, "closing-process.ts");
  const args = [...node, "-r", "ts-node/register/transpile-only", program, how, JSON.stringify(all)];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  let output = "";
  let closedAt = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (output.endsWith("closed\n")) closedAt = performance.now();
  });
  const ended = once(child, "exit");
  try {
    await eventually("the end of the caches", () => closedAt > 0 || child.exitCode !== null, Boolean, {
      withinMs: 60_000,
    });
    await eventually("the end of the process", () => child.exitCode !== null, Boolean, { withinMs: 10_000 });
    await ended;
  } finally {
    child.kill("SIGKILL");
  }
  assert.equal(child.exitCode, 0);
  return { output, endedAfterMs: performance.now() - closedAt };
}

describe("a process that has closed its caches", function () {
  this.timeout(120_000);
  const replication = new SmallReplication(PASSWORD);
  let redis: RunningRedis;
  let silent: FakeServer;
  let nobody: number;

  before(async () => {
    await replication.start();
    redis = await startTestRedis();
    silent = await startFakeServer(() => undefined);
    nobody = await freePort();
  });
  after(async () => {
    await replication.stop();
    await redis?.stop();
    await silent?.stop();
  });

  function behind(...sentinels: number[]): CacheSettings {
    const addresses = sentinels.map((port) => ({ host: "127.0.0.1", port }));
    return settingsFor(nobody, {
      password: PASSWORD,
      sentinels: { addresses, master: SENTINEL_MASTER },
      timeoutMs: 100,
    });
  }

  it("ends by itself at whatever moment, with Redis and Sentinels that come and go meanwhile", async () => {
    const quick = { timeoutMs: 100 };
    const running = run("open-and-close", [
      settingsFor(redis.port, quick),
      settingsFor(nobody, quick),
      settingsFor(silent.port, quick),
      // One that drops everything without a word: RFC 5737.
      settingsFor(6379, { ...quick, address: { host: "192.0.2.1", port: 6379 } }),
      behind(...replication.sentinels),
      behind(nobody, silent.port),
      behind(silent.port, ...replication.sentinels),
    ]);
    let stopped = false;
    const breaking = (async () => {
      const names = ["primary", "replica", "sentinel-0", "sentinel-1", "sentinel-2"];
      while (!stopped) {
        const name = names[Math.floor(Math.random() * names.length)] ?? "";
        const frozen = Math.random() < 0.5;
        replication.signal(name, frozen ? "SIGSTOP" : "SIGKILL");
        const killed = Math.random() < 0.3;
        if (killed) await redis.killHard();
        await sleep(Math.random() * 2000);
        if (frozen) replication.signal(name, "SIGCONT");
        else await replication.restart(name);
        if (killed) await redis.restart();
      }
    })();
    try {
      const { endedAfterMs } = await running;
      assert.ok(endedAfterMs < TO_END_MS, `it ended ${endedAfterMs} ms after the last cache was closed`);
    } finally {
      stopped = true;
      await breaking;
    }
  });

  it("has not piled up anything in an hour without Redis, without Sentinels and with silent ones", async () => {
    const { output, endedAfterMs } = await run(
      "outage",
      [
        settingsFor(nobody),
        settingsFor(silent.port),
        behind(nobody),
        behind(nobody, silent.port, nobody),
        // Sentinels that name a primary that is not there.
        behind(...replication.sentinels),
      ],
      ["--expose-gc", "-r", join(__dirname, "accelerated.cjs")],
      // 12 s in all.
      { ACCELERATION: "300" },
    );
    const reports = JSON.parse(output.split("\n", 1)[0] ?? "") as ProcessReport[];
    const [first, ...later] = reports;
    assert.ok(first !== undefined && later.length === 3);
    for (const { resources, heapMiB } of later) {
      const { TCPSocketWrap = 0, TCPConnectWrap = 0, Timeout = 0 } = resources;
      // Each of five caches has two connections, and one question to a Sentinel.
      assert.ok(TCPSocketWrap + TCPConnectWrap <= 20, JSON.stringify(resources));
      assert.ok(Timeout <= 30, JSON.stringify(resources));
      assert.ok(heapMiB < first.heapMiB + 3, `${first.heapMiB} MiB became ${heapMiB}`);
    }
    assert.ok(endedAfterMs < TO_END_MS, `${endedAfterMs} ms`);
  });
});
