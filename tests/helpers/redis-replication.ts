/** The members of a replicated Redis as real processes on 127.0.0.1, from what a component renders for its pods. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { MEMBERS } from "../../budget/caching/plan-redis";
import { redisConf, type RedisConfArgs } from "../../components/caching/redis/redis-conf";
import {
  OPERATORS_CLI,
  type RedisCredentials,
  passwordOf,
  sentinelUsersConf,
  serverUsersConf,
} from "../../components/caching/redis/redis-users";
import { replicationScripts, SCRIPTS } from "../../components/caching/redis/replication-scripts";
import { FAILOVER_TIMEOUT_MS, sentinelConf, type Member } from "../../components/caching/redis/sentinel-conf";
import { eventually, type Patience } from "./eventually";
import { freePort } from "../../cli/free-port";
import { programPath } from "./programs";
import { REDIS_CREDENTIALS, type CommandResult } from "./redis-server";

/** Name that Sentinels know the primary by. */
export const MASTER_NAME = "redis-session";

/** Generous, for a machine that does other things as well. */
const PATIENCE_MS = 60_000;
export const PATIENCE: Patience = { withinMs: PATIENCE_MS, everyMs: 100 };

/** A replica that was away in a fail-over and follows another one is left alone by the Sentinels for this time. */
const SETTLING: Patience = { withinMs: FAILOVER_TIMEOUT_MS + 30_000, everyMs: 100 };

/** One pod: a server and a Sentinel with the same volume. */
export class ReplicationMember {
  private readonly processes = new Map<"server" | "sentinel", ChildProcess>();
  private output = "";
  /** What its containers find when they are started the next time. */
  private pod = { files: {} as Readonly<Record<string, string>>, operatorPassword: "" };
  /** In the environment of the containers, as they were started. */
  private operatorPassword = "";

  constructor(
    readonly number: number,
    readonly address: Member,
    private readonly directory: string,
  ) {}

  /** What the ConfigMap and the Secret of the component hold. */
  async write(members: readonly Member[], args: RedisConfArgs, credentials: RedisCredentials): Promise<void> {
    const { directory, address } = this;
    const usersFile = join(directory, "users.conf");
    const sentinelUsersFile = join(directory, "sentinel-users.conf");
    const bind = "127.0.0.1";
    const files: Record<string, string> = {
      "redis-cli": OPERATORS_CLI,
      "users.conf": serverUsersConf(true, credentials),
      "sentinel-users.conf": sentinelUsersConf(MASTER_NAME, credentials),
      "redis.conf": redisConf({
        ...args,
        bind,
        port: address.port,
        directory: this.data,
        usersFile,
        activeDefrag: false,
      }),
      "sentinel.conf": sentinelConf({
        masterName: MASTER_NAME,
        bind,
        port: address.sentinelPort,
        directory: this.data,
        usersFile: sentinelUsersFile,
      }),
      ...replicationScripts({
        masterName: MASTER_NAME,
        members,
        config: join(directory, "redis.conf"),
        directory: this.data,
        sentinelConfig: join(directory, "sentinel.conf"),
        sentinelState: join(this.data, "sentinel.conf"),
      }),
    };
    this.pod = { files, operatorPassword: passwordOf("operator", credentials.current) };
    await mkdir(this.data, { recursive: true });
  }

  /** The volume. */
  get data(): string {
    return join(this.directory, "data");
  }

  /** Everything that its processes have said. */
  get log(): string {
    return this.output;
  }

  /** Starts both containers. Their files are as the component renders them: nothing is kept but the volume. */
  start(): void {
    this.operatorPassword = this.pod.operatorPassword;
    // Sentinels try to write down in redis.conf what they changed, which in a pod cannot be written.
    for (const [name, text] of Object.entries(this.pod.files)) {
      writeFileSync(join(this.directory, name), text, { mode: 0o755 });
    }
    this.run("server", SCRIPTS.startServer);
    this.run("sentinel", SCRIPTS.startSentinel);
  }

  /** Resolves when both answer, as the kubelet would find them ready. */
  async ready(): Promise<void> {
    await eventually(
      `member ${this.number} is ready`,
      async () => [await this.cli("-e", "ping"), await this.sentinel("-e", "ping")],
      (answers) => answers.every((answer) => answer === "PONG"),
      PATIENCE,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output}`);
    });
  }

  /** Ends both processes in the middle of whatever they do. */
  async killHard(): Promise<void> {
    await this.end("SIGKILL");
  }

  /** What the kubelet does with a pod: the hand-over first, while the Sentinel already goes, and then the end. */
  async stopAsPod(): Promise<void> {
    const sentinel = this.processes.get("sentinel");
    sentinel?.kill("SIGTERM");
    const { code } = await this.script(SCRIPTS.handOver);
    if (code !== 0) throw new Error(`the hand-over ended with ${code}`);
    await this.end("SIGTERM");
  }

  /** "epoch host port" of the primary as each Sentinel of the others has it, and as a member that starts believes it. */
  async told(): Promise<string[]> {
    const program = `. '${join(this.directory, SCRIPTS.members)}'; told`;
    return (await execute("sh", ["-c", program], this.environment())).stdout.trimEnd().split("\n");
  }

  /** Takes the volume away. */
  async loseVolume(): Promise<void> {
    await rm(this.data, { recursive: true, force: true });
    await mkdir(this.data);
  }

  /** redis-cli against the server; what it printed, whatever it was. */
  async cli(...command: string[]): Promise<string> {
    return (await this.command(this.address.port, command)).stdout.trimEnd();
  }

  /** redis-cli over commands from its input, all on one connection; one line for each. */
  async pipe(commands: readonly string[]): Promise<string[]> {
    const input = `${commands.join("\n")}\n`;
    const { stdout } = await this.command(this.address.port, [], undefined, input);
    return stdout.split("\n").filter((reply) => reply !== "");
  }

  /** redis-cli against the Sentinel. */
  async sentinel(...command: string[]): Promise<string> {
    return (await this.command(this.address.sentinelPort, command)).stdout.trimEnd();
  }

  /** redis-cli as the pod has it, or with another password, or none. */
  command(
    port: number,
    command: readonly string[],
    password = this.operatorPassword,
    input = "",
  ): Promise<CommandResult> {
    const env = { ...this.environment(), REDISCLI_AUTH: password };
    const program = join(this.directory, "redis-cli");
    return execute(program, ["-h", "127.0.0.1", "-p", `${port}`, ...command], env, input);
  }

  async role(): Promise<string> {
    return (await this.cli("role")).split("\n")[0] ?? "";
  }

  async info(field: string): Promise<string> {
    const line = (await this.cli("info")).split(/\r?\n/).find((one) => one.startsWith(`${field}:`));
    return line?.slice(field.length + 1) ?? "";
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    for (const child of this.processes.values()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    }
    this.processes.clear();
  }

  private run(what: "server" | "sentinel", script: string): void {
    const child = spawn("sh", [join(this.directory, script)], { env: this.environment() });
    this.processes.set(what, child);
    const killWithTests = (): boolean => child.kill("SIGKILL");
    process.once("exit", killWithTests);
    child.once("exit", () => process.off("exit", killWithTests));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    }
  }

  private script(name: string): Promise<CommandResult> {
    return execute("sh", [join(this.directory, name)], this.environment());
  }

  private environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PATH: `${this.directory}:${programPath("redis")}`,
      REDISCLI_AUTH: this.operatorPassword,
      POD_NAME: `${MASTER_NAME}-${this.number}`,
    };
  }
}

/** The three members. */
export class Replication {
  private constructor(
    readonly members: readonly ReplicationMember[],
    private readonly directory: string,
    private readonly args: RedisConfArgs,
  ) {}

  /** Writes the files of all, and starts one after the other, as a StatefulSet does. */
  static async start(args: RedisConfArgs): Promise<Replication> {
    const directory = await mkdtemp(join(tmpdir(), "redis-replication-"));
    const addresses: Member[] = [];
    for (let i = 0; i < MEMBERS; i++) {
      addresses.push({ host: "127.0.0.1", port: await freePort(), sentinelPort: await freePort() });
    }
    const members = addresses.map((address, i) => new ReplicationMember(i, address, join(directory, `${i}`)));
    const replication = new Replication(members, directory, args);
    await replication.give(REDIS_CREDENTIALS);
    await replication.startInOrder();
    return replication;
  }

  /** What the Secret holds from now on. Who runs has not read it. */
  async give(credentials: RedisCredentials): Promise<void> {
    const addresses = this.members.map(({ address }) => address);
    for (const member of this.members) await member.write(addresses, this.args, credentials);
  }

  /** Replaces the pods as a StatefulSet does: the last one first, and the next when it is ready. */
  async rollout(before: (member: ReplicationMember) => Promise<void>): Promise<void> {
    for (const member of [...this.members].reverse()) {
      await before(member);
      await member.stopAsPod();
      member.start();
      await member.ready();
    }
    await this.settled();
  }

  async startInOrder(): Promise<void> {
    for (const member of this.members) {
      member.start();
      await member.ready();
    }
    await this.settled();
  }

  /** One primary, with all others as replicas that have caught up, and all Sentinels of one mind. @returns the primary */
  async settled(): Promise<ReplicationMember> {
    await eventually(
      "there is one primary that everybody follows",
      async () => {
        const roles = await Promise.all(this.members.map((member) => member.role()));
        const primary = this.members[roles.indexOf("master")];
        const links = await Promise.all(this.members.map((member) => member.info("master_link_status")));
        const told = await Promise.all(
          this.members.map((member) => member.sentinel("sentinel", "get-master-addr-by-name", MASTER_NAME)),
        );
        const sentinels = await Promise.all(
          this.members.map((member) => member.sentinel("sentinel", "ckquorum", MASTER_NAME)),
        );
        const others = await primary?.info("connected_slaves");
        const denied = await Promise.all(this.members.map((member) => member.cli("acl", "log", "1")));
        return { denied, roles, links, told, sentinels, others, port: primary?.address.port };
      },
      ({ roles, links, told, sentinels, others, port }) =>
        roles.filter((role) => role === "master").length === 1 &&
        links.filter((link) => link === "up").length === MEMBERS - 1 &&
        others === `${MEMBERS - 1}` &&
        told.every((address) => address === `127.0.0.1\n${port}`) &&
        sentinels.every((answer) => answer.startsWith(`OK ${MEMBERS} usable Sentinels`)),
      SETTLING,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.members.map(({ log }) => log).join("\n----\n")}`);
    });
    return await this.primary();
  }

  async primary(): Promise<ReplicationMember> {
    const roles = await Promise.all(this.members.map((member) => member.role()));
    const found = this.members.filter((_, i) => roles[i] === "master");
    const [primary] = found;
    if (primary === undefined || found.length > 1) throw new Error(`roles are ${roles.join(", ")}`);
    return primary;
  }

  others(primary: ReplicationMember): ReplicationMember[] {
    return this.members.filter((member) => member !== primary);
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.killHard()));
    await rm(this.directory, { recursive: true, force: true });
  }
}

function execute(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input = "",
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const options = { timeout: PATIENCE_MS, killSignal: "SIGKILL", env: { ...process.env, ...env } } as const;
    const child = execFile(program, [...args], options, (error, stdout) => {
      const code = error === null ? 0 : error.code;
      resolve({ code: typeof code === "number" ? code : undefined, stdout });
    });
    // A server that refuses the connection ends redis-cli before it has read its input.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}
