/** A primary, a replica and three Sentinels that fail over after a second, with conf files of the plainest kind. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../cli/free-port";

export const SENTINEL_MASTER = "sessions";

export interface SmallServer {
  /** As `signal` and `restart` take it; what it was at first. */
  readonly name: string;
  readonly port: number;
}

export interface SmallRoles {
  readonly primary: SmallServer;
  readonly replica: SmallServer;
}

export class SmallReplication {
  private readonly children = new Map<string, ChildProcess>();
  private readonly commands = new Map<string, string[]>();
  private folder = "";
  readonly sentinels: number[] = [];
  readonly servers: number[] = [];

  /** @param password of servers and Sentinels @param conf further lines for the servers */
  constructor(
    readonly password: string,
    private readonly conf: readonly string[] = [],
  ) {}

  async start(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), "sentinel-"));
    const [primary, replica] = [await freePort(), await freePort()];
    this.servers.push(primary, replica);
    const common = [
      "bind 127.0.0.1",
      'save ""',
      `dir ${this.folder}`,
      "repl-diskless-sync-delay 0",
      `requirepass ${this.password}`,
      `masterauth ${this.password}`,
      ...this.conf,
    ];
    await this.add("primary", ["redis-server"], [...common, `port ${primary}`]);
    await this.add(
      "replica",
      ["redis-server"],
      [...common, `port ${replica}`, `replicaof 127.0.0.1 ${primary}`],
    );
    for (let number = 0; number < 3; number++) {
      const port = await freePort();
      this.sentinels.push(port);
      await this.add(
        `sentinel-${number}`,
        ["redis-server", "--sentinel"],
        [
          "bind 127.0.0.1",
          `port ${port}`,
          `dir ${this.folder}`,
          `requirepass ${this.password}`,
          `sentinel monitor ${SENTINEL_MASTER} 127.0.0.1 ${primary} 2`,
          `sentinel auth-pass ${SENTINEL_MASTER} ${this.password}`,
          `sentinel down-after-milliseconds ${SENTINEL_MASTER} 1000`,
          `sentinel failover-timeout ${SENTINEL_MASTER} 10000`,
        ],
      );
    }
  }

  /** Whether the replica has what the primary has, and every Sentinel knows of it. */
  async hasFollowed(): Promise<boolean> {
    const [primary = 0, replica = 0] = this.servers;
    if ((await this.ask(replica, "dbsize")) !== (await this.ask(primary, "dbsize"))) return false;
    const known = await Promise.all(
      this.sentinels.map((port) => this.ask(port, "sentinel", "replicas", SENTINEL_MASTER)),
    );
    return known.every((reply) => reply.includes(String(replica)));
  }

  /** redis-cli with the password. */
  async ask(port: number, ...command: string[]): Promise<string> {
    const env = { ...process.env, REDISCLI_AUTH: this.password };
    return (await promisify(execFile)("redis-cli", ["-p", String(port), ...command], { env })).stdout;
  }

  /** @param name what it was at first: `primary`, `replica` or `sentinel-0` to `sentinel-2` */
  signal(name: string, signal: NodeJS.Signals): void {
    this.children.get(name)?.kill(signal);
  }

  /** Names and ports of the server that is the primary now, and of the other one. */
  async roles(): Promise<SmallRoles> {
    const [first, second] = ["primary", "replica"].map((name, i) => ({ name, port: this.servers[i] ?? 0 }));
    if (first === undefined || second === undefined) throw new Error("not started");
    const masters = await Promise.all(
      [first, second].map(async ({ port }) => (await this.ask(port, "role")).startsWith("master")),
    );
    if (masters[0] === masters[1]) throw new Error(`primaries: ${masters.join(", ")}`);
    return masters[0] === true ? { primary: first, replica: second } : { primary: second, replica: first };
  }

  /**
   * Starts one again that was killed, with the files it left.
   *
   * @param options for its command line, beside the file
   */
  async restart(name: string, ...options: string[]): Promise<void> {
    const [program = "", ...args] = this.commands.get(name) ?? [];
    const child = spawn(program, [...args, ...options], { stdio: "ignore" });
    this.children.set(name, child);
    const killWithTests = (): boolean => child.kill("SIGKILL");
    process.once("exit", killWithTests);
    child.once("exit", () => process.off("exit", killWithTests));
    await once(child, "spawn");
  }

  async stop(): Promise<void> {
    for (const child of this.children.values()) child.kill("SIGKILL");
    await rm(this.folder, { recursive: true, force: true });
  }

  private async add(
    name: string,
    [program = "", ...options]: string[],
    conf: readonly string[],
  ): Promise<void> {
    const file = join(this.folder, `${name}.conf`);
    await writeFile(file, `${conf.join("\n")}\n`);
    this.commands.set(name, [program, file, ...options]);
    await this.restart(name);
  }
}
