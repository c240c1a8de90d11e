/** The proxy of the config specs: rendered with small limits, in front of services in this process. */
import { timeoutChain, type TimeoutChain } from "../../budget/timeouts/timeouts";
import type { NginxConfArgs } from "../../components/load-balancing/proxy/nginx/nginx-conf";
import { startBackend, type Backend } from "./backend";
import { startNginx, type RenderedNginx, type RunningNginx } from "./nginx-server";
import type { Answer } from "./send";

export type Rendered = RenderedNginx;

/** An address of this machine that the configuration below does not trust. */
export const UNTRUSTED = "127.0.0.2";

export const WORKERS = 2;

export const rendered: Omit<Rendered, "upstream"> = {
  plan: {
    workers: WORKERS,
    workerConnections: 1024,
    openFiles: 2048,
    clientsPerPod: 1024,
    upstreamKeepAlive: 4,
    addressZoneMiB: 10,
  },
  timeouts: timeoutChain({ maxRequestSeconds: 5, cloud: "gcp" }),
  rateLimit: { requestsPerMinute: 60_000, burst: 1000, connections: 100 },
  trustedProxies: ["127.0.0.1/32", "10.0.0.0/8"],
  maxBodyMiB: 1,
  headers: { owner: "proxy", hsts: false },
  routes: [{ path: "/socket.io/", kind: "websocket" }],
  // Apart from /ready, by which a few tests ask.
  privatePaths: ["/metrics", "/internal/ready"],
};

/** A proxy that waits half a second for its service. */
export const IMPATIENT: TimeoutChain = {
  ...rendered.timeouts,
  request: { edge: 3, loadBalancer: 2, proxy: 0.5, application: 0.3, database: 0.2 },
};

/** What a test started, ended in reverse order however the test went. */
export const started: { stop(): Promise<void> }[] = [];

export async function backend(...args: Parameters<typeof startBackend>): Promise<Backend> {
  const service = await startBackend(...args);
  started.push(service);
  return service;
}

export async function nginx(
  upstream: NginxConfArgs["upstream"],
  change: Partial<Rendered> = {},
): Promise<RunningNginx> {
  const proxy = await startNginx({ ...rendered, upstream, ...change });
  started.push(proxy);
  return proxy;
}

/** A service that answers with the headers it was sent. */
export const echo: Parameters<typeof startBackend>[0] = (request, response) => {
  response.setHeader("content-type", "application/json").end(JSON.stringify(request.headers));
};

export function json(answer: Answer): Record<string, unknown> {
  return JSON.parse(answer.body.toString()) as Record<string, unknown>;
}

export async function statuses(count: number, one: (index: number) => Promise<Answer>): Promise<number[]> {
  const found: number[] = [];
  for (let index = 0; index < count; index++) found.push((await one(index)).status);
  return found;
}

afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.stop();
});
