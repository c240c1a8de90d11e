import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request as httpRequest, type RequestListener, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nginxConf, type NginxConfArgs } from "../../components/load-balancing/nginx-conf";

/** A real nginx that runs from a rendered file on free ports of 127.0.0.1. */
export interface RunningNginx {
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly statusPort: number;
  /** Where its configuration is. */
  readonly directory: string;
  /** Lines of the access log, as soon as there are `count` of them. @throws when there are fewer after four seconds */
  accessLog(count: number): Promise<string[]>;
  /** Another configuration on the same ports, and SIGHUP. Resolves when the new workers have it. */
  reload(args: RenderedNginx): Promise<void>;
  /** SIGQUIT, as the kubelet sends it. Resolves with the exit code when the last request is answered. */
  quit(): Promise<number | null>;
  /** Ends it at once and removes its files. Safe to repeat. */
  stop(): Promise<void>;
}

/** A real service for nginx to call. */
export interface Backend {
  readonly host: string;
  readonly port: number;
  readonly server: Server;
  /** TCP connections it has accepted. */
  connections(): number;
  /** Closes the port and cuts every connection. Safe to repeat. */
  stop(): Promise<void>;
}

/** An answer, with its headers as they came over the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names of all headers in lower case, repeated where a header is. */
  readonly headerNames: readonly string[];
  readonly body: Buffer;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** Address to call from, any of 127.0.0.0/8. @default 127.0.0.1 */
  readonly from?: string;
}

const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 8_000;
const LOG_TIMEOUT_MS = 4_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What a test decides; only addresses and paths are this machine's, and Debian's nginx writes HTTP/2 the old way. */
export type RenderedNginx = Omit<NginxConfArgs, "listen" | "scratch" | "accessLog" | "http2">;

/** Starts nginx with the text that the component renders. */
export async function startNginx(args: RenderedNginx): Promise<RunningNginx> {
  const directory = await mkdtemp(join(tmpdir(), "nginx-"));
  const server = new NginxProcess(directory, await freePort(), await freePort(), await freePort());
  try {
    await server.write(args);
    await server.start();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** `nginx -t` over a text: its exit code, and what it says. */
export async function checkNginxConf(text: string): Promise<{ code: number | null; output: string }> {
  const directory = await mkdtemp(join(tmpdir(), "nginx-"));
  try {
    await writeFile(join(directory, "nginx.conf"), text.replaceAll("$SCRATCH", directory));
    const child = spawnNginx(directory, ["-t"]);
    let output = "";
    child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const timer = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
    try {
      const [code] = (await once(child, "close")) as [number | null];
      return { code, output };
    } finally {
      clearTimeout(timer);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

class NginxProcess implements RunningNginx {
  private process: ChildProcess | undefined;

  constructor(
    readonly directory: string,
    readonly httpPort: number,
    readonly httpsPort: number,
    readonly statusPort: number,
  ) {}

  async write(args: RenderedNginx): Promise<void> {
    const listen = {
      http: `127.0.0.1:${this.httpPort}`,
      https: `127.0.0.1:${this.httpsPort}`,
      status: `127.0.0.1:${this.statusPort}`,
    };
    const accessLog = join(this.directory, "access.log");
    const conf = nginxConf({ ...args, listen, scratch: this.directory, accessLog, http2: "listen" });
    await writeFile(join(this.directory, "nginx.conf"), conf);
  }

  async reload(args: RenderedNginx): Promise<void> {
    const child = this.process;
    if (child?.pid === undefined) throw new Error("nginx does not run");
    await this.write(args);
    const before = await childrenOf(child.pid);
    child.kill("SIGHUP");
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      const added = (await childrenOf(child.pid)).filter((pid) => !before.includes(pid));
      if (added.length >= args.plan.workers) return;
      if (Date.now() > deadline) throw new Error("nginx has not reloaded");
      await pause(20);
    }
  }

  async start(): Promise<void> {
    const child = spawnNginx(this.directory, ["-g", foreground()]);
    this.process = child;
    let output = "";
    let failure: Error | undefined;
    child.once("error", (error) => (failure = error));
    child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await this.answers())) {
      if (failure !== undefined) throw failure;
      if (child.exitCode !== null) throw new Error(`nginx did not start:\n${output}`);
      if (Date.now() > deadline) throw new Error(`nginx does not answer:\n${output}`);
      await pause(20);
    }
  }

  async accessLog(count: number): Promise<string[]> {
    const deadline = Date.now() + LOG_TIMEOUT_MS;
    for (;;) {
      const lines = (await readFile(join(this.directory, "access.log"), "utf8")).split("\n").slice(0, -1);
      if (lines.length >= count) return lines;
      if (Date.now() > deadline) throw new Error(`${lines.length} of ${count} lines:\n${lines.join("\n")}`);
      await pause(50);
    }
  }

  async quit(): Promise<number | null> {
    const child = this.process;
    if (child === undefined) throw new Error("nginx does not run");
    const gone = once(child, "exit") as Promise<[number | null]>;
    child.kill("SIGQUIT");
    const [code] = await gone;
    return code;
  }

  async stop(): Promise<void> {
    const child = this.process;
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      // Its workers are in its process group, and would outlive a master that is killed alone.
      const { pid } = child;
      const timer = setTimeout(() => process.kill(-pid, "SIGKILL"), STOP_TIMEOUT_MS);
      await gone;
      clearTimeout(timer);
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  private async answers(): Promise<boolean> {
    try {
      return (await send(this.statusPort, "/healthz")).status === 200;
    } catch {
      return false;
    }
  }
}

async function childrenOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter((child) => child !== "");
}

/** Debian keeps it where only root's PATH leads. */
function spawnNginx(directory: string, args: readonly string[]): ChildProcess {
  const program = "/usr/sbin/nginx";
  if (!existsSync(program)) {
    throw new Error("nginx is not installed; next: make system-packages, and run the same command again");
  }
  return spawn(program, ["-p", directory, "-c", join(directory, "nginx.conf"), ...args], { detached: true });
}

/** Started by root its workers would change to a user who cannot read this directory. */
function foreground(): string {
  return process.getuid?.() === 0 ? "daemon off; user root;" : "daemon off;";
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Starts a service. Its connections stay open for as long as their caller keeps them.
 *
 * @param at any address of 127.0.0.0/8, and a port. @default a free port of 127.0.0.1
 */
export async function startBackend(
  handler: RequestListener,
  at: { readonly host: string; readonly port: number } = { host: "127.0.0.1", port: 0 },
): Promise<Backend> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer({ keepAliveTimeout: 60_000 }, handler);
  server.on("connection", (socket: Socket) => {
    accepted++;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(at.port, at.host);
  await once(server, "listening");
  return {
    host: at.host,
    port: (server.address() as AddressInfo).port,
    server,
    connections: () => accepted,
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Sends one request over a connection of its own, and reads the whole answer. */
export function send(port: number, path: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      host: "127.0.0.1",
      port,
      path,
      method: options.method ?? "GET",
      headers: { connection: "close", ...options.headers },
      localAddress: options.from ?? "127.0.0.1",
      agent: false,
      timeout: REQUEST_TIMEOUT_MS,
    });
    outgoing.once("timeout", () => outgoing.destroy(new Error(`no answer to ${path}`)));
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", reject);
      incoming.once("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          headerNames: incoming.rawHeaders.filter((_, index) => index % 2 === 0).map((n) => n.toLowerCase()),
          body: Buffer.concat(chunks),
        }),
      );
    });
    outgoing.end(options.body);
  });
}
