import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { redisConf, type RedisConfArgs } from "../../components/caching/redis/redis-conf";
import {
  OPERATORS_CLI,
  type RedisCredentials,
  passwordOf,
  serverUsersConf,
} from "../../components/caching/redis/redis-users";
import { freePort } from "../../cli/free-port";
import { program, programPath } from "./programs";

/** How a command ended, whatever its exit code. */
export interface CommandResult {
  /** Exit code, or undefined when it could not be started or was ended by its time limit. */
  readonly code: number | undefined;
  readonly stdout: string;
}

/** A real server that runs from rendered files on a free port of 127.0.0.1. */
export interface RunningRedis {
  readonly port: number;
  /** Runs one of redis-cli's command lines with the password, and answers its output without the last line break. */
  cli(...command: string[]): Promise<string>;
  /** Runs redis-cli over commands from its input, one a line, and answers one line for each. */
  pipe(commands: readonly string[]): Promise<string[]>;
  /** Runs any command line as a probe in the pod would: with REDISCLI_AUTH, and `redis-cli` meaning this server. */
  probe(command: readonly string[], timeoutMs?: number): Promise<CommandResult>;
  signal(signal: NodeJS.Signals): void;
  /** Ends the process in the middle of whatever it does, and waits until it is gone. */
  killHard(): Promise<void>;
  /** Starts the server again with the same files, if it has ended. */
  restart(...extraArguments: string[]): Promise<void>;
  /** Ends the process and removes its files. Safe to repeat. */
  stop(): Promise<void>;
}

/** The password of a service. */
export const REDIS_PASSWORD = "kZ3vQ8bT5nW1xR7mL2cJ9fH4gD6sP0aYkZ3vQ8bT";

const SECRETS = { application: REDIS_PASSWORD, internal: "xW1nT5bQ8vZ3kJ9c" };

export const REDIS_CREDENTIALS: RedisCredentials = { current: SECRETS, accepted: [SECRETS] };

export const OPERATOR_PASSWORD = passwordOf("operator", SECRETS);

const START_TIMEOUT_MS = 10_000;
const COMMAND_TIMEOUT_MS = 10_000;

/**
 * Starts redis-server with the text that a component renders. Only what has to differ on a test machine differs, and
 * by argument: address, port, directory, and active defragmentation, which Debian's build refuses.
 *
 * @throws Error that says to run `make system-packages` when redis-server is not installed
 */
export async function startRedis(
  args: Omit<RedisConfArgs, "bind" | "port" | "directory" | "usersFile" | "activeDefrag">,
): Promise<RunningRedis> {
  const directory = await mkdtemp(join(tmpdir(), "redis-"));
  const server = new Server(directory, await freePort());
  try {
    await server.write(args);
    await server.restart();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

class Server implements RunningRedis {
  private process: ChildProcess | undefined;
  private readonly programs: string;

  constructor(
    private readonly directory: string,
    readonly port: number,
  ) {
    this.programs = join(directory, "bin");
  }

  /** redis.conf, the users, and a `redis-cli` that finds this server as one in a pod finds the pod's. */
  async write(args: Parameters<typeof startRedis>[0]): Promise<void> {
    const { directory, port } = this;
    const usersFile = join(directory, "users.conf");
    const conf = redisConf({
      ...args,
      bind: "127.0.0.1",
      port,
      directory,
      usersFile,
      activeDefrag: false,
    });
    await writeFile(usersFile, serverUsersConf(args.purpose === "session", REDIS_CREDENTIALS), {
      mode: 0o600,
    });
    await writeFile(join(directory, "redis.conf"), conf);
    const wrapper = OPERATORS_CLI.replace('"$@"', `-h 127.0.0.1 -p ${port} "$@"`);
    await mkdir(this.programs);
    await writeFile(join(this.programs, "redis-cli"), wrapper, { mode: 0o755 });
  }

  async restart(...extraArguments: string[]): Promise<void> {
    const child = spawn(program("redis").path, [join(this.directory, "redis.conf"), ...extraArguments]);
    this.process = child;
    const killWithTests = (): boolean => child.kill("SIGKILL");
    process.once("exit", killWithTests);
    child.once("exit", () => process.off("exit", killWithTests));
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    }
    await started(child);
    const deadline = Date.now() + START_TIMEOUT_MS;
    // Without -e also "LOADING" is an answer: it listens.
    while ((await this.probe(["redis-cli", "ping"])).code !== 0) {
      if (child.exitCode !== null) throw new Error(`redis-server did not start:\n${output}`);
      if (Date.now() > deadline) throw new Error(`redis-server does not answer:\n${output}`);
      await sleep(25);
    }
  }

  async cli(...command: string[]): Promise<string> {
    const { code, stdout } = await this.probe(["redis-cli", ...command]);
    if (code !== 0) throw new Error(`redis-cli ${command.join(" ")} ended with ${code}: ${stdout}`);
    return stdout.trimEnd();
  }

  async pipe(commands: readonly string[]): Promise<string[]> {
    const { stdout } = await this.run(["redis-cli"], COMMAND_TIMEOUT_MS, `${commands.join("\n")}\n`);
    // An error reply is followed by an empty line.
    return stdout.split("\n").filter((reply) => reply !== "");
  }

  probe(command: readonly string[], timeoutMs = COMMAND_TIMEOUT_MS): Promise<CommandResult> {
    return this.run(command, timeoutMs);
  }

  signal(signal: NodeJS.Signals): void {
    this.process?.kill(signal);
  }

  async killHard(): Promise<void> {
    const child = this.process;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  async stop(): Promise<void> {
    await this.killHard();
    await rm(this.directory, { recursive: true, force: true });
  }

  private run(command: readonly string[], timeout: number, input = ""): Promise<CommandResult> {
    const [program = "", ...rest] = command;
    const path = `${this.programs}${delimiter}${programPath("redis")}`;
    const env = { ...process.env, PATH: path, REDISCLI_AUTH: OPERATOR_PASSWORD };
    return new Promise((resolve) => {
      const options = { timeout, killSignal: "SIGKILL", env } as const;
      const child = execFile(program, rest, options, (error, stdout) => {
        const code = error === null ? 0 : error.code;
        resolve({ code: typeof code === "number" ? code : undefined, stdout });
      });
      // A server that refuses the connection ends redis-cli before it has read its input.
      child.stdin?.on("error", () => undefined);
      child.stdin?.end(input);
    });
  }
}

/** Waits until the program runs. */
async function started(child: ChildProcess): Promise<void> {
  try {
    await once(child, "spawn");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error("redis-server is not installed; run `make system-packages`", { cause: error });
  }
}
