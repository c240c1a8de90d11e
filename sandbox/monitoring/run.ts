/** The reference backend under a scripted load, watched by a real Prometheus. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "../../cli/free-port";
import { ROOT } from "../../cli/paths";
import { answers, startProgram, type RunningProgram } from "./child";
import { askFor } from "./load";
import { alertmanagerIn, prometheusIn } from "./servers";

export interface WatchedRun {
  /** Text of a rules file. */
  readonly rules: string;
  /** Configuration of Alertmanager with the address of a webhook in place of each receiver's. @default no Alertmanager */
  readonly alertmanager?: ((webhook: string) => object) | undefined;
  /** Length of the script, seconds, >= 60. */
  readonly seconds: number;
  /** Between two scrapes and between two evaluations of rules, seconds. */
  readonly everySeconds: number;
  /** Label of every series, as the platform's monitors set it. */
  readonly namespace: string;
  /** Variables of the backend besides those of the run itself. */
  readonly environment: Readonly<Record<string, string>>;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Something that the script does. */
export interface RunEvent {
  /** Seconds since 1970. */
  readonly at: number;
  readonly text: string;
}

/** What a receiver was told. */
export interface Notification {
  /** Seconds since 1970. */
  readonly at: number;
  readonly receiver: string;
  readonly status: string;
  readonly alerts: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly summary: string;
  }[];
}

export interface RecordedRun {
  /** Address of Prometheus, which is still there. */
  readonly prometheus: string;
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly events: readonly RunEvent[];
  readonly notifications: readonly Notification[];
}

const WATCHING_WITHIN_MS = 30_000;
/** Scrapes after which an alert of the start is over. */
const SETTLED_SCRAPES = 5;

/** Requests/s: a quiet start, a rush hour, and back. */
const QUIET = 40;
const RUSH = 140;

/** Parts of the script at which something happens. */
const RUSH_FROM = 0.1;
const RUSH_TO = 0.9;
const STILL_FROM = 0.2;
const STILL_TO = 0.34;

/**
 * Runs the script, and hands over while Prometheus still answers: quiet, a rush hour, and in the middle of it Redis stands
 * still, as on a node that is out of memory. Sessions fail then; what is cached is calculated.
 *
 * @throws UserError when a program cannot be started
 */
export async function watchedRun<Result>(
  run: WatchedRun,
  use: (recorded: RecordedRun) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "watched-run-"));
  const running: RunningProgram[] = [];
  const start = async (...program: Parameters<typeof startProgram>): Promise<RunningProgram> => {
    const one = await startProgram(...program);
    running.push(one);
    return one;
  };
  const notifications: Notification[] = [];
  let sink: Server | undefined;
  try {
    const [redisPort, exporterPort, backendPort, alertmanagerPort] = await ports();
    const password = randomBytes(24).toString("base64url");
    const redis = await start({
      name: "redis-server",
      command: "redis-server",
      args: ["-"],
      input: `port ${redisPort}\nbind 127.0.0.1\nrequirepass ${password}\nsave ""\nmaxmemory 64mb\nmaxmemory-policy allkeys-lfu\ndir ${folder}\n`,
      isReady: async () => await isListening(redisPort),
    });
    await start({
      name: "prometheus-redis-exporter",
      command: "prometheus-redis-exporter",
      args: [`-redis.addr=redis://127.0.0.1:${redisPort}`, `-web.listen-address=127.0.0.1:${exporterPort}`],
      environment: { REDIS_PASSWORD: password, REDIS_EXPORTER_CONNECTION_TIMEOUT: "500ms" },
      isReady: async () => await answers(`http://127.0.0.1:${exporterPort}/metrics`),
    });
    await start({
      name: "the reference backend",
      command: process.execPath,
      args: ["-r", "ts-node/register/transpile-only", join(ROOT, "runtime/reference-backend/main.ts")],
      environment: { ...run.environment, ...backendEnvironment(backendPort, redisPort, password) },
      isReady: async () => await answers(`http://127.0.0.1:${backendPort}/metrics`),
    });
    if (run.alertmanager !== undefined) {
      sink = await webhook(notifications);
      const configuration = run.alertmanager(`http://127.0.0.1:${portOf(sink)}`);
      writeFileSync(join(folder, "alertmanager.yaml"), JSON.stringify(configuration));
      await start(alertmanagerIn(folder, `127.0.0.1:${alertmanagerPort}`));
    }
    writePrometheus(folder, run, {
      backend: `127.0.0.1:${backendPort}`,
      "redis-cache": `127.0.0.1:${exporterPort}`,
      ...(run.alertmanager === undefined ? {} : { alertmanager: `127.0.0.1:${alertmanagerPort}` }),
    });
    const prometheus = `127.0.0.1:${await freePort()}`;
    await start(prometheusIn(folder, prometheus));
    await isWatching(prometheus);
    await sleep(SETTLED_SCRAPES * 1000 * run.everySeconds);
    const from = Date.now() / 1000;
    const events = await script(run, backendPort, redis);
    // The last requests are seen by the scrapes after them.
    await sleep(2000 * run.everySeconds);
    const to = Date.now() / 1000;
    return await use({ prometheus: `http://${prometheus}`, from, to, events, notifications });
  } finally {
    for (const one of running.reverse()) await one.stop();
    sink?.close();
    sink?.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Until every target has been scraped: before, what is not there yet looks like what is away. */
async function isWatching(prometheus: string): Promise<void> {
  const query = encodeURIComponent("count(up == 1) == count(up)");
  for (const deadline = Date.now() + WATCHING_WITHIN_MS; Date.now() < deadline; await sleep(200)) {
    const response = await fetch(`http://${prometheus}/api/v1/query?query=${query}`);
    const { data } = (await response.json()) as { readonly data?: { readonly result: readonly unknown[] } };
    if ((data?.result.length ?? 0) > 0) return;
  }
}

async function ports(): Promise<[number, number, number, number]> {
  return [await freePort(), await freePort(), await freePort(), await freePort()];
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } finally {
    socket.destroy();
  }
}

function backendEnvironment(port: number, redis: number, password: string): Record<string, string> {
  const cache = (name: string): Record<string, string> => ({
    [`${name}_HOST`]: "127.0.0.1",
    [`${name}_PORT`]: String(redis),
    [`${name}_PASSWORD`]: password,
    [`${name}_POOL_SIZE`]: "4",
    [`${name}_TIMEOUT_MS`]: "400",
  });
  return {
    PORT: String(port),
    REQUEST_TIMEOUT_MS: "2000",
    KEEP_ALIVE_TIMEOUT_MS: "75000",
    SHUTDOWN_TIMEOUT_MS: "8000",
    ...cache("REDIS_CACHE"),
    ...cache("REDIS_SESSION"),
  };
}

async function script(
  { seconds, progress, signal }: WatchedRun,
  port: number,
  redis: RunningProgram,
): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const tell = (text: string): void => {
    events.push({ at: Date.now() / 1000, text });
    progress(text);
  };
  const rate = (second: number): number => {
    const part = second / seconds;
    const rising = Math.min(1, Math.max(0, (part - RUSH_FROM) * 10));
    const falling = Math.min(1, Math.max(0, (RUSH_TO - part) * 10));
    const wave = 1 + 0.08 * Math.sin(second / 7) + 0.05 * Math.sin(second / 2.3);
    return (QUIET + (RUSH - QUIET) * Math.min(rising, falling)) * wave;
  };
  const at = async (part: number, act: () => void): Promise<void> => {
    await sleep(1000 * seconds * part, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) act();
  };
  progress(`load for ${seconds} s: ${QUIET} requests/s, then ${RUSH}`);
  await Promise.all([
    askFor(seconds, port, rate, signal),
    at(RUSH_FROM, () => tell("rush hour begins")),
    at(STILL_FROM, () => {
      redis.signal("SIGSTOP");
      tell("Redis stands still");
    }),
    at(STILL_TO, () => {
      redis.signal("SIGCONT");
      tell("Redis goes on");
    }),
  ]);
  return events;
}

function writePrometheus(
  folder: string,
  { rules, everySeconds, namespace }: WatchedRun,
  { alertmanager: receiver, ...jobs }: Readonly<Record<string, string>>,
): void {
  writeFileSync(join(folder, "rules.yaml"), rules);
  const interval = `${everySeconds}s`;
  const configuration = {
    global: { scrape_interval: interval, scrape_timeout: "1s", evaluation_interval: interval },
    rule_files: [join(folder, "rules.yaml")],
    scrape_configs: Object.entries(jobs).map(([job, address]) => ({
      job_name: job,
      static_configs: [{ targets: [address], labels: { namespace, pod: `${job}-0` } }],
    })),
    ...(receiver === undefined
      ? {}
      : { alerting: { alertmanagers: [{ static_configs: [{ targets: [receiver] }] }] } }),
  };
  writeFileSync(join(folder, "prometheus.yaml"), JSON.stringify(configuration));
}

/** A receiver that keeps what it is told. */
async function webhook(notifications: Notification[]): Promise<Server> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const told = JSON.parse(body) as {
        readonly receiver: string;
        readonly status: string;
        readonly alerts: readonly {
          readonly labels: Readonly<Record<string, string>>;
          readonly annotations: Readonly<Record<string, string>>;
        }[];
      };
      notifications.push({
        at: Date.now() / 1000,
        receiver: told.receiver,
        status: told.status,
        alerts: told.alerts.map(({ labels, annotations }) => ({
          labels,
          summary: annotations["summary"] ?? "",
        })),
      });
      response.end();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the webhook does not listen");
  return address.port;
}
