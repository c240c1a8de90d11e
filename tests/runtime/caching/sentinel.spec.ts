import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import type { SessionCacheManager } from "../../../runtime/caching";
import { eventually } from "../../helpers/eventually";
import { freePort } from "../../helpers/free-port";
import { Caches, settingsFor } from "./caches";

const PASSWORD = "password-of-the-sentinels-and-the-servers";

/** A primary, a replica and three sentinels that fail over after a second. */
class Replication {
  private readonly children = new Map<string, ChildProcess>();
  private folder = "";
  readonly sentinels: number[] = [];
  private primary = 0;
  private replica = 0;

  async start(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), "sentinel-"));
    const [primary, replica] = [await freePort(), await freePort()];
    this.primary = primary;
    this.replica = replica;
    const common = [
      "bind 127.0.0.1",
      'save ""',
      `dir ${this.folder}`,
      "repl-diskless-sync-delay 0",
      `requirepass ${PASSWORD}`,
      `masterauth ${PASSWORD}`,
    ];
    await this.run("primary", ["redis-server"], [...common, `port ${primary}`]);
    await this.run(
      "replica",
      ["redis-server"],
      [...common, `port ${replica}`, `replicaof 127.0.0.1 ${primary}`],
    );
    for (let number = 0; number < 3; number++) {
      const port = await freePort();
      this.sentinels.push(port);
      await this.run(
        `sentinel-${number}`,
        ["redis-server", "--sentinel"],
        [
          "bind 127.0.0.1",
          `port ${port}`,
          `dir ${this.folder}`,
          `requirepass ${PASSWORD}`,
          `sentinel monitor sessions 127.0.0.1 ${primary} 2`,
          `sentinel auth-pass sessions ${PASSWORD}`,
          "sentinel down-after-milliseconds sessions 1000",
          "sentinel failover-timeout sessions 10000",
        ],
      );
    }
  }

  /** Whether the replica has what the primary has, and every sentinel knows of it. */
  async hasFollowed(): Promise<boolean> {
    const ask = async (port: number, ...command: string[]): Promise<string> => {
      const env = { ...process.env, REDISCLI_AUTH: PASSWORD };
      return (await promisify(execFile)("redis-cli", ["-p", String(port), ...command], { env })).stdout;
    };
    if ((await ask(this.replica, "dbsize")) !== (await ask(this.primary, "dbsize"))) return false;
    const known = await Promise.all(
      this.sentinels.map((port) => ask(port, "sentinel", "replicas", "sessions")),
    );
    return known.every((reply) => reply.includes(String(this.replica)));
  }

  kill(name: string): void {
    this.children.get(name)?.kill("SIGKILL");
  }

  async stop(): Promise<void> {
    for (const child of this.children.values()) child.kill("SIGKILL");
    await rm(this.folder, { recursive: true, force: true });
  }

  private async run(
    name: string,
    [program = "", ...options]: string[],
    conf: readonly string[],
  ): Promise<void> {
    const file = join(this.folder, `${name}.conf`);
    await writeFile(file, `${conf.join("\n")}\n`);
    const child = spawn(program, [file, ...options], { stdio: "ignore" });
    this.children.set(name, child);
    process.once("exit", () => child.kill("SIGKILL"));
    await once(child, "spawn");
  }
}

describe("sessions behind three sentinels", function () {
  this.timeout(120_000);
  const replication = new Replication();
  const caches = new Caches();
  let sessions: SessionCacheManager;

  before(() => replication.start());
  after(async () => {
    await caches.close();
    await replication.stop();
  });

  /** Minutes at most: an election on a machine with much else to do takes its time. */
  async function long(what: string, holds: () => Promise<boolean>): Promise<void> {
    await eventually(what, () => holds().catch(() => false), Boolean, { withinMs: 80_000 });
  }

  it("are there again after the primary has gone, with no word from us", async () => {
    sessions = caches.session(1, {
      settings: settingsFor(1, {
        name: "redis-session",
        password: PASSWORD,
        sentinels: {
          addresses: replication.sentinels.map((port) => ({ host: "127.0.0.1", port })),
          master: "sessions",
        },
      }),
    });
    await long("a session", () =>
      sessions.create("probe").then(
        () => true,
        () => false,
      ),
    );
    const token = await sessions.create({ userId: "u1" });
    await long("the replica", () => replication.hasFollowed().catch(() => false));
    replication.kill("primary");
    await long("the session from the new primary", () =>
      sessions.get<{ userId: string }>(token).then(
        (session) => session?.userId === "u1",
        () => false,
      ),
    );
    assert.equal(await sessions.update(token, { userId: "u2" }), true);
    assert.deepEqual(await sessions.get(token), { userId: "u2" });
    assert.ok(!JSON.stringify(caches.logger.lines).includes(PASSWORD));
  });
});
