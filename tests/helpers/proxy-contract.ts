/** Both proxies behind one interface: what the contract says of one has to hold for the other. */
import type { ProxyKind } from "../../budget/proxy";
import { rateLimitPerPod, slidingWindow, type RateLimit } from "../../budget/proxy-limits";
import type { ProxyConfArgs } from "../../components/load-balancing/proxy-conf-args";
import { startHaProxy, type RenderedHaProxy } from "./haproxy-server";
import { rendered, started } from "./nginx-proxy";
import { startBackend, type Backend } from "./backend";
import { startNginx, type RenderedNginx } from "./nginx-server";
import type { RunningServer } from "./proxy-server";

/** What a test of the contract decides. */
export interface ProxyOptions extends Partial<
  Omit<ProxyConfArgs, "plan" | "upstream" | "listen" | "scratch">
> {
  readonly upstream: ProxyConfArgs["upstream"];
  /** @default much more than a test sends */
  readonly rateLimit?: RateLimit;
}

export type RunningProxy = Omit<RunningServer<ProxyOptions>, "directory">;

/** One of the two. */
export interface ProxyUnderTest {
  readonly proxy: ProxyKind;
  /** Name for sentences. */
  readonly name: string;
  readonly start: (options: ProxyOptions) => Promise<RunningProxy>;
}

const PLENTY: RateLimit = { requestsPerSecond: 100_000, burst: 10_000, connections: 10_000 };

/** Path that HAProxy asks, and that no test counts. */
export const READY = "/ready";

function shared(options: ProxyOptions): Omit<ProxyConfArgs, "listen" | "scratch"> {
  const { rateLimit, ...rest } = options;
  void rateLimit;
  const { plan, timeouts, trustedProxies, maxBodyMiB, headers, routes } = rendered;
  return { plan, timeouts, trustedProxies, maxBodyMiB, headers, routes, ...rest };
}

function nginxArgs(options: ProxyOptions): RenderedNginx {
  return { ...shared(options), rateLimit: rateLimitPerPod(options.rateLimit ?? PLENTY, 1) };
}

export function haProxyArgs(options: ProxyOptions): RenderedHaProxy {
  const limit = options.rateLimit ?? PLENTY;
  return {
    ...shared(options),
    healthPath: READY,
    rateLimit: { window: slidingWindow(limit, 1), connections: limit.connections },
    fleet: { maxReplicas: 1 },
  };
}

/** Starts a proxy that the hook of nginx-proxy.ts ends. */
async function running<Args>(
  start: (args: Args) => Promise<Omit<RunningProxy, "reload"> & { reload(args: Args): Promise<void> }>,
  toArgs: (options: ProxyOptions) => Args,
  options: ProxyOptions,
): Promise<RunningProxy> {
  const proxy = await start(toArgs(options));
  started.push(proxy);
  return {
    httpPort: proxy.httpPort,
    httpsPort: proxy.httpsPort,
    statusPort: proxy.statusPort,
    accessLog: (count) => proxy.accessLog(count),
    reload: (changed) => proxy.reload(toArgs(changed)),
    quit: () => proxy.quit(),
    stop: () => proxy.stop(),
  };
}

export const PROXIES: readonly ProxyUnderTest[] = [
  { proxy: "nginx", name: "nginx", start: (options) => running(startNginx, nginxArgs, options) },
  { proxy: "haproxy", name: "HAProxy", start: (options) => running(startHaProxy, haProxyArgs, options) },
];

/** A service that says it is ready, and does what the test says with every other request. */
export async function service(...[handler, at]: Parameters<typeof startBackend>): Promise<Backend> {
  const found = await startBackend((request, response) => {
    if (request.url === READY) response.end("ready");
    else handler(request, response);
  }, at);
  started.push(found);
  return found;
}
