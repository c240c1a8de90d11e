/** Settings of a proxy and of a public load balancer, each declared once. */
import { z } from "zod";

import {
  NAMED_ONCE,
  NO_HOST,
  areDifferent,
  cidr,
  clientHosts,
  hostName,
  port,
  secretName,
  urlPath,
  workloadName,
} from "../core/leaves";
import { about, choice, flag, group, list, number, retold, ruled, text } from "../core/settings";
import { DEFAULT_RATE_LIMIT } from "./proxy-limits";

/** Kinds of paths that stay open: an upgraded connection, an answer that is never buffered, HTTP/2 to the service. */
export const ROUTE_KINDS = ["websocket", "sse", "grpc"] as const;

/** What one client address may do, over all pods of the proxy together. */
export const rateLimitSettings = group(
  {
    /** Sustained requests/s. */
    requestsPerSecond: number(
      { unit: "requests/s", above: 0, atMost: 1_000_000 },
      { fix: "Give what one client address may ask.", decides: "rate limits of proxy and CDN" },
    ),
    /** Requests that may come at once on top of it. */
    burst: number(
      { unit: "requests", atLeast: 0, atMost: 1_000_000, whole: true },
      { fix: "Give the requests that may come at once.", decides: "rate limits of proxy and CDN" },
    ),
    /** Requests in flight at the same time. */
    connections: number(
      { unit: "requests in flight", atLeast: 1, atMost: 100_000_000, whole: true },
      { fix: "Give the requests of one client that may be under way.", decides: "limit of connections" },
    ),
  },
  { fix: "Leave it out for the defaults." },
);

/** True for a name that DNS can hold, without a wildcard. */
export function isHostName(name: string): boolean {
  return hostName.safeParse(name).success;
}

/** A name that clients use. */
export const clientHost = about(
  z.string().refine((name) => isHostName(name.replace(/^\*\./, ""))),
  {
    allowed: "a host name in lower case, like app.example.org, or *.example.org for one label below",
    fix: "Write the name as DNS has it, without scheme, port or path.",
  },
);

/** Addresses whose word about a client is taken. */
const trustedRange = ruled(
  retold(cidr, {
    allowed: "a range in CIDR notation, like 10.0.0.0/8",
    fix: "Give the range that the load balancer or the CDN connects from.",
  }),
  (range) => !range.endsWith("/0"),
  {
    allowed: "a range that is not everybody",
    fix: "With everybody trusted, each client chooses the address that it is limited by.",
  },
);

/** A path that stays open. */
const routeSettings = group(
  {
    path: urlPath,
    kind: choice(ROUTE_KINDS, {
      fix: "Choose what the path speaks; other paths need no route.",
      decides: "timeouts, buffering, protocol",
    }),
    port: retold(port, {
      fix: "Give the port of the service's pods that answers the path, or leave it out.",
      otherwise: "the service's port",
    }).optional(),
  },
  { fix: "Describe the route; see docs/stack-file.md." },
);

/** What a proxy is planned from and told. */
export const proxySettings = {
  proxy: choice(["nginx", "haproxy"], { fix: "Choose the proxy.", decides: "program" }),
  /** Connections of clients at the same time over all pods at peak. */
  clientConnections: number(
    { unit: "connections", atLeast: 1, atMost: 10_000_000, whole: true },
    {
      fix: "Give the clients that are connected at the same time at peak.",
      decides: "minReplicas, memory of the proxy",
    },
  ),
  /** CPU request of one pod. The limit is the next whole number. */
  cpuCores: number(
    { unit: "cores", atLeast: 0.01, atMost: 256 },
    { fix: "One worker is started for each core; 500m is 0.5.", decides: "workers, pods of the proxy" },
  ),
  rateLimit: rateLimitSettings,
  trustedProxies: list(trustedRange, {
    allowed: "a list of ranges",
    fix: "Give the addresses of the load balancer in front.",
    decides: "whose word about a client's address is taken",
  }),
  /** Largest request body. */
  maxBodyMiB: number(
    { unit: "MiB", atLeast: 1, atMost: 1024, whole: true },
    { fix: "Give the largest request body.", decides: "limit of bodies, disk of the proxy" },
  ),
  routes: list(routeSettings, {
    allowed: "a list of routes",
    fix: "Give path and kind of each path that stays open.",
  }),
  hosts: ruled(
    retold(clientHosts(clientHost), { decides: "names that are answered; others get 421" }),
    areDifferent,
    NAMED_ONCE,
  ),
};

/** First segments of paths, without a wildcard and without a dot segment. */
const pathPrefix = text(/^(\/(?!\.\.?(\/|$))[A-Za-z0-9._~-]+)+\/?$/, {
  allowed: "the first segments of paths, like /api or /api/v2, without * and without a query",
  fix: "Give what the paths of the service begin with; all that is below it belongs to it.",
});

/** Where a service is reached through the proxy, and what it is let there. */
export const publicServiceSettings = {
  hosts: list(hostName, {
    allowed: "a list of host names",
    fix: "Name the hosts that are the service's, without wildcards.",
    decides: "which service a request is for",
  }),
  paths: list(pathPrefix, {
    allowed: "a list of paths",
    fix: "Give what the paths of the service begin with.",
    decides: "which service a request is for",
  }),
  routes: proxySettings.routes,
  maxBodyMiB: proxySettings.maxBodyMiB,
  rateLimit: rateLimitSettings,
};

/** Who keeps the certificate of a proxy that ends TLS. */
export const tlsSettings = {
  issuer: {
    kind: choice(["Issuer", "ClusterIssuer"], { fix: "Choose its kind." }),
    name: retold(workloadName, { fix: "Name the issuer, which then keeps the certificate." }),
  },
  secretName: retold(secretName, {
    fix: "Name a Secret of type kubernetes.io/tls, or an issuer instead.",
    decides: "certificate",
  }),
  hosts: ruled(
    list(clientHost, {
      allowed: "a list of host names",
      fix: "Name the hosts of the certificate; an issuer needs them.",
      decides: "certificate",
    }),
    areDifferent,
    NAMED_ONCE,
  ),
  plainPort: choice(["redirect", "off"], { fix: "Choose what port 80 does.", decides: "port 80" }),
  tlsInFront: flag({
    fix: "True if clients reach the load balancer in front over TLS only; not together with tls.",
    decides: "HSTS",
  }),
};

/** The web application firewall of a public load balancer. */
export const firewallSettings = {
  mode: choice(["block", "count"], {
    fix: "Count first, and block when no honest client is counted.",
    decides: "web application firewall",
  }),
  /** What one client address may ask in five minutes. */
  requestsPerFiveMinutes: number(
    { unit: "requests in five minutes", atLeast: 10, atMost: 2_000_000_000, whole: true },
    {
      fix: "Give what the busiest honest client asks, several times over; at most 10,000 on gcp. Behind CloudFront its own firewall counts.",
      decides: "limit of a client",
    },
  ),
};

/** Names of one certificate: of ACM once its quota is raised from 10, and of Certificate Manager. Source: quotas of both. */
const MOST_HOSTS = 100;

/** What a public load balancer is told. */
export const publicSettings = {
  hosts: ruled(
    ruled(
      ruled(
        retold(clientHosts(hostName), {
          fix: "Name the hosts that clients, or the CDN, connect to; the certificate covers them.",
          decides: "certificate, DNS records",
        }),
        ({ length }) => length > 0,
        NO_HOST,
      ),
      ({ length }) => length <= MOST_HOSTS,
      {
        allowed: `at most ${MOST_HOSTS} names, which one certificate holds`,
        fix: "Use a wildcard, or a second stack.",
      },
    ),
    areDifferent,
    NAMED_ONCE,
  ),
  /** How long access logs are kept. */
  accessLogDays: number(
    { unit: "days", atLeast: 1, atMost: 3653, whole: true },
    { fix: "Say how long access logs are kept.", decides: "retention of the access log" },
  ),
};

/** What is taken where the keys are left out. */
export const PROXY_DEFAULTS = {
  proxy: "nginx" as const,
  cpuCores: 1,
  rateLimit: DEFAULT_RATE_LIMIT,
  maxBodyMiB: 10,
};
export const PUBLIC_DEFAULTS = {
  accessLogDays: 30,
  firewall: { mode: "block" as const, requestsPerFiveMinutes: 6000 },
};
