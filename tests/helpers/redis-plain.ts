/** Servers with a conf of the test's own: what people have who did not take ours. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "./eventually";
import { freePort } from "../../cli/free-port";

export interface PlainRedis {
  readonly port: number;
  readonly directory: string;
  /** redis-cli with these arguments before the command. */
  cli(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** @param conf lines; `port` is added, or `tls-port` in its place when there is a `tls-cert-file` */
export async function startPlainRedis(
  conf: readonly string[],
  access: readonly string[] = [],
): Promise<PlainRedis> {
  const directory = await mkdtemp(join(tmpdir(), "redis-plain-"));
  const port = await freePort();
  const tls = conf.some((line) => line.startsWith("tls-cert-file"));
  const ports = tls ? ["port 0", `tls-port ${port}`] : [`port ${port}`];
  const file = join(directory, "redis.conf");
  const text = ["bind 127.0.0.1", 'save ""', `dir ${directory}`, ...ports, ...conf].join("\n");
  await writeFile(file, `${text}\n`);
  const child: ChildProcess = spawn("redis-server", [file], { stdio: "ignore" });
  const killWithTests = (): boolean => child.kill("SIGKILL");
  process.once("exit", killWithTests);
  const cli = async (...args: string[]): Promise<string> => {
    const all = ["-h", "127.0.0.1", "-p", String(port), "--no-auth-warning", ...access, ...args];
    return (await promisify(execFile)("redis-cli", all)).stdout.trimEnd();
  };
  const server: PlainRedis = {
    port,
    directory,
    cli,
    stop: async () => {
      process.off("exit", killWithTests);
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, "exit");
        child.kill("SIGKILL");
        await gone;
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await eventually("an answer of redis-server", async () => (await cli("ping").catch(() => "")) === "PONG");
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** Three servers as one Redis Cluster, each with a third of the slots. */
export async function startRedisCluster(): Promise<readonly PlainRedis[]> {
  const conf = ["cluster-enabled yes", "cluster-node-timeout 2000"];
  // The usual port of the bus, 10,000 above, may be none.
  const start = async () => startPlainRedis([...conf, `cluster-port ${await freePort()}`]);
  const nodes = await Promise.all([start(), start(), start()]);
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  await promisify(execFile)("redis-cli", ["--cluster", "create", ...addresses, "--cluster-yes"]);
  await eventually(
    "a cluster of one mind",
    async () => (await Promise.all(nodes.map((node) => node.cli("cluster", "info")))).join(),
    (all) => all.match(/cluster_state:ok/g)?.length === nodes.length,
  );
  return nodes;
}
