/** The configurations that are compared: ours with every protection on, and what people run otherwise. */
import type { ProxyKind } from "../../budget/proxy";
import { DEFAULT_BUDGET } from "../../budget/performance-budget";
import { proxyPlan } from "../../budget/proxy";
import { admission, rateLimitPerPod, slidingWindow, type RateLimit } from "../../budget/proxy-limits";
import { timeoutLadder } from "../../budget/timeouts";
import { haProxyConf } from "../../components/load-balancing/haproxy-conf";
import { nginxConf } from "../../components/load-balancing/nginx-conf";
import type { Place } from "./proxy-process";

export interface Contender {
  readonly name: string;
  /** What it is, in half a sentence. */
  readonly note: string;
  readonly proxy: ProxyKind;
  /** One of ours. */
  readonly ours: boolean;
  readonly configuration: (place: Place, backendPort: number) => string;
}

/** Counted for every request, and never reached by the one address that the load comes from. */
const UNREACHED: RateLimit = { requestsPerSecond: 1_000_000, burst: 100_000, connections: 50_000 };

const demand = { baseRps: 1000, peakRps: 2000, growthPerMinute: 0.2 };
const profile = { serviceTimeSeconds: 0.002, concurrencyPerPod: 64 };

const plan = proxyPlan({
  demand,
  serviceTimeSeconds: profile.serviceTimeSeconds,
  clientConnections: 1000,
  cpuCores: 1,
  budget: DEFAULT_BUDGET,
  disruption: { zones: 1, maxUnavailable: 1 },
  maxBodyMiB: 10,
});

function shared(backendPort: number): Omit<Parameters<typeof nginxConf>[0], "rateLimit" | "listen"> {
  return {
    plan,
    upstream: [{ host: "127.0.0.1", port: backendPort }],
    timeouts: timeoutLadder({ maxRequestSeconds: 10, cloud: "aws" }),
    admission: admission({ profile, budget: DEFAULT_BUDGET, addresses: 1, proxyPods: 1 }),
    trustedProxies: ["10.0.0.0/8"],
    maxBodyMiB: 10,
    routes: [
      { path: "/socket.io/", kind: "websocket" },
      { path: "/events", kind: "sse" },
    ],
    headers: { owner: "proxy", hsts: true },
  };
}

const temporary = ({ directory }: Place): string =>
  ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((use) => `${use}_temp_path ${directory}/${use};`)
    .join(" ");

export const CONTENDERS: readonly Contender[] = [
  {
    name: "nginx, ours",
    note: "limits, retries, admission, security headers, compression, JSON log with timings",
    proxy: "nginx",
    ours: true,
    configuration: (place, backendPort) =>
      nginxConf({
        ...shared(backendPort),
        rateLimit: rateLimitPerPod(UNREACHED, 1),
        http2: "listen",
        listen: { http: `127.0.0.1:${place.port}`, https: 0, status: `127.0.0.1:${place.statusPort}` },
        scratch: place.directory,
        accessLog: `${place.directory}/access.log`,
      }),
  },
  {
    // Debian's nginx.conf, with the one line that its documentation gives for a proxy.
    name: "nginx, as shipped",
    note: "Debian's file with one proxy_pass: a new connection to the service for each request",
    proxy: "nginx",
    ours: false,
    configuration: (place, backendPort) => `
worker_processes 1; pid ${place.directory}/nginx.pid; error_log ${place.directory}/error.log;
events { worker_connections 768; }
http {
  ${temporary(place)}
  sendfile on; tcp_nopush on; types_hash_max_size 2048; default_type application/octet-stream;
  access_log ${place.directory}/access.log; gzip on;
  server { listen 127.0.0.1:${place.port}; location / { proxy_pass http://127.0.0.1:${backendPort}; } }
}`,
  },
  {
    // The same with what became nginx's default in 1.30, which is newer than the nginx that runs here.
    name: "nginx, as shipped since 1.30",
    note: "the same with HTTP/1.1 to the service and connections that are kept",
    proxy: "nginx",
    ours: false,
    configuration: (place, backendPort) => `
worker_processes 1; pid ${place.directory}/nginx.pid; error_log ${place.directory}/error.log;
events { worker_connections 768; }
http {
  ${temporary(place)}
  sendfile on; tcp_nopush on; types_hash_max_size 2048; default_type application/octet-stream;
  access_log ${place.directory}/access.log; gzip on;
  upstream backend { server 127.0.0.1:${backendPort}; keepalive 32; }
  server {
    listen 127.0.0.1:${place.port};
    location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}`,
  },
  {
    // What ingress-nginx renders for one host by default, without its Lua balancer.
    name: "nginx, with ingress-nginx's settings",
    note: "what it renders by default, without its Lua, which would only add to it",
    proxy: "nginx",
    ours: false,
    configuration: (place, backendPort) => `
worker_processes 1; worker_rlimit_nofile 65536; pid ${place.directory}/nginx.pid; error_log ${place.directory}/error.log notice;
events { multi_accept on; worker_connections 16384; use epoll; }
http {
  ${temporary(place)}
  aio threads; tcp_nopush on; tcp_nodelay on; log_subrequest on; reset_timedout_connection on;
  keepalive_timeout 75s; keepalive_requests 1000; client_body_buffer_size 8k; client_header_timeout 60s;
  log_format upstreaminfo '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$upstream_addr] $upstream_response_length $upstream_response_time $upstream_status $request_id';
  access_log ${place.directory}/access.log upstreaminfo;
  upstream upstream_balancer { server 127.0.0.1:${backendPort}; keepalive 320; keepalive_time 1h; keepalive_timeout 60s; keepalive_requests 10000; }
  server {
    listen 127.0.0.1:${place.port} default_server reuseport backlog=4096;
    location / {
      client_max_body_size 1m; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Request-ID $request_id; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_connect_timeout 5s; proxy_send_timeout 60s; proxy_read_timeout 60s; proxy_buffering off; proxy_buffer_size 4k;
      proxy_buffers 4 4k; proxy_next_upstream error timeout; proxy_next_upstream_tries 3; proxy_pass http://upstream_balancer;
    }
  }
}`,
  },
  {
    name: "HAProxy, ours",
    note: "the same protections",
    proxy: "haproxy",
    ours: true,
    configuration: (place, backendPort) =>
      haProxyConf({
        ...shared(backendPort),
        healthPath: "/",
        rateLimit: { window: slidingWindow(UNREACHED, 1), connections: UNREACHED.connections },
        fleet: { maxReplicas: 1 },
        listen: {
          http: `127.0.0.1:${place.port}`,
          https: "127.0.0.1:1",
          status: `127.0.0.1:${place.statusPort}`,
        },
        scratch: place.directory,
      }),
  },
  {
    // Debian's haproxy.cfg, with a frontend and a backend as its documentation begins with.
    name: "HAProxy, as shipped",
    note: "Debian's file with a frontend and a backend",
    proxy: "haproxy",
    ours: false,
    configuration: (place, backendPort) => `
global
  log stdout format raw local0
  nbthread 1
defaults
  log global
  mode http
  option httplog
  option dontlognull
  timeout connect 5000
  timeout client 50000
  timeout server 50000
frontend front
  bind 127.0.0.1:${place.port}
  default_backend back
backend back
  balance roundrobin
  server one 127.0.0.1:${backendPort} check
`,
  },
];
