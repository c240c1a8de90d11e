/** Both proxies behind one interface: what the contract says of one has to hold for the other. */
import type { ProxyKind } from "../../budget/load-balancing/proxy";
import { rateLimitPerPod, slidingWindow, type RateLimit } from "../../budget/load-balancing/proxy-limits";
import type { ProxyConfArgs, ServiceConf } from "../../components/load-balancing/proxy/proxy-conf-args";
import type { HaProxyLimit } from "../../components/load-balancing/proxy/haproxy/haproxy-conf-args";
import { startHaProxy, type RenderedHaProxy } from "./haproxy-server";
import { rendered, started } from "./nginx-proxy";
import { makeCertificate, type TestCertificate } from "./certificates";
import { send, type Answer, type RequestOptions } from "./send";
import { sendHttp2 } from "./send-http2";
import { startBackend, type Backend } from "./backend";
import { testedVersions } from "./programs";
import { startNginx, type RenderedNginx } from "./nginx-server";
import type { RunningServer } from "./proxy-server";

/** What a test of the contract decides. */
export interface ProxyOptions extends Partial<
  Omit<ProxyConfArgs, "plan" | "upstream" | "listen" | "scratch">
> {
  readonly upstream: ProxyConfArgs["upstream"];
  /** @default much more than a test sends */
  readonly rateLimit?: RateLimit;
  /** Services besides. @default none */
  readonly services?: readonly BesideService[];
}

/** A service beside the proxy's own, with a limit that both programs understand. */
export interface BesideService extends Omit<ServiceConf<never>, "rateLimit"> {
  readonly limit?: RateLimit;
}

export type RunningProxy = Omit<RunningServer<ProxyOptions>, "directory">;

/** One version of one of the two. */
export interface ProxyUnderTest {
  readonly proxy: ProxyKind;
  /** Name for sentences. */
  readonly name: string;
  /** It is of the line that is deployed. */
  readonly deployed: boolean;
  readonly start: (options: ProxyOptions) => Promise<RunningProxy>;
}

/** How a client speaks to it: HTTP/1.1 on the plain port, HTTP/2 on the encrypted one. */
export interface Protocol {
  readonly name: "HTTP/1.1" | "HTTP/2";
  readonly scheme: "http" | "https";
  /** What has to be rendered for it. */
  readonly tls: Pick<ProxyOptions, "tls">;
  readonly send: (proxy: RunningProxy, path: string, options?: RequestOptions) => Promise<Answer>;
}

/** Both, each with every version that is tested. */
export function onEveryProtocol(specs: (proxy: ProxyUnderTest, protocol: Protocol) => void): void {
  let certificate: TestCertificate;
  before(async () => void (certificate = await makeCertificate("app.example.org")));
  after(() => certificate.stop());
  const plain: Protocol = {
    name: "HTTP/1.1",
    scheme: "http",
    tls: {},
    send: (proxy, path, options) => send(proxy.httpPort, path, options),
  };
  const encrypted: Protocol = {
    name: "HTTP/2",
    scheme: "https",
    // Made before the first spec starts a proxy.
    get tls() {
      return {
        tls: { certificate: certificate.certificate, key: certificate.key, plainPort: "off" as const },
      };
    },
    send: (proxy, path, options) => sendHttp2(proxy.httpsPort, path, options),
  };
  for (const proxy of PROXIES) {
    for (const protocol of [plain, encrypted]) {
      const start = (options: ProxyOptions): Promise<RunningProxy> =>
        proxy.start({ ...protocol.tls, ...options });
      describe(`${proxy.name} over ${protocol.name}`, () => specs({ ...proxy, start }, protocol));
    }
  }
}

const PLENTY: RateLimit = { requestsPerSecond: 100_000, burst: 10_000, connections: 10_000 };

/** Path that HAProxy asks, and that no test counts. */
export const READY = "/ready";

function shared(options: ProxyOptions): Omit<ProxyConfArgs, "listen" | "scratch"> {
  const { rateLimit, services, ...rest } = options;
  void [rateLimit, services];
  const { plan, timeouts, trustedProxies, maxBodyMiB, headers, routes, privatePaths } = rendered;
  return { plan, timeouts, trustedProxies, maxBodyMiB, headers, routes, privatePaths, ...rest };
}

export function nginxArgs(options: ProxyOptions): RenderedNginx {
  const { rateLimit = PLENTY, services = [] } = options;
  return {
    ...shared(options),
    rateLimit: rateLimitPerPod(rateLimit, 1),
    services: services.map(({ limit, ...service }) => ({
      ...service,
      ...(limit === undefined ? {} : { rateLimit: rateLimitPerPod(limit, 1) }),
    })),
  };
}

export function haProxyArgs(options: ProxyOptions): RenderedHaProxy {
  const { rateLimit = PLENTY, services = [] } = options;
  const limited = (limit: RateLimit): HaProxyLimit => ({
    window: slidingWindow(limit, 1),
    connections: limit.connections,
  });
  return {
    ...shared(options),
    healthPath: READY,
    rateLimit: limited(rateLimit),
    services: services.map(({ limit, ...service }) => ({
      ...service,
      healthPath: READY,
      ...(limit === undefined ? {} : { rateLimit: limited(limit) }),
    })),
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

/** Each version of each program that is tested. */
export const PROXIES: readonly ProxyUnderTest[] = [
  ...testedVersions("nginx").map((version): ProxyUnderTest => ({
    proxy: "nginx",
    name: version.name,
    deployed: version.deployed,
    start: (options) => running((args) => startNginx(args, version), nginxArgs, options),
  })),
  ...testedVersions("haproxy").map((version): ProxyUnderTest => ({
    proxy: "haproxy",
    name: version.name,
    deployed: version.deployed,
    start: (options) => running((args) => startHaProxy(args, version), haProxyArgs, options),
  })),
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
