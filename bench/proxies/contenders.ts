/** The configurations that are compared: ours with every protection on, and what people run otherwise. */
import type { ServiceProfile } from "../../budget/service/demand";
import type { ProxyKind } from "../../budget/load-balancing/proxy";
import { privatePaths } from "../../budget/load-balancing/private-paths";
import { DEFAULT_BUDGET } from "../../budget/core/performance-budget";
import { proxySizes } from "../../budget/load-balancing/proxy";
import {
  admission,
  rateLimitPerPod,
  slidingWindow,
  type RateLimit,
} from "../../budget/load-balancing/proxy-limits";
import { timeoutChain } from "../../budget/timeouts/timeouts";
import { haProxyConf } from "../../components/load-balancing/proxy/haproxy/haproxy-conf";
import { nginxConf } from "../../components/load-balancing/proxy/nginx/nginx-conf";
import type { Place } from "./proxy-process";

export interface Contender {
  readonly name: string;
  /** What it is, in half a sentence. */
  readonly note: string;
  readonly proxy: ProxyKind;
  /** One of ours. */
  readonly ours: boolean;
  readonly configuration: (place: Place, service: Service) => string;
}

/** What the proxy passes requests on to. */
export interface Service {
  readonly port: number;
  readonly profile: Pick<ServiceProfile, "serviceTimeSeconds" | "concurrencyPerPod">;
}

/** Counted for every request, and never reached by the one address that the load comes from. */
const UNREACHED: RateLimit = { requestsPerSecond: 1_000_000, burst: 100_000, connections: 50_000 };

const demand = { baseRps: 1000, peakRps: 2000, growthPerMinute: 0.2 };

/** Of a service that answers faster than any proxy passes it on. */
export const FAST_PROFILE: Service["profile"] = { serviceTimeSeconds: 0.002, concurrencyPerPod: 64 };

const plan = proxySizes({
  demand,
  serviceTimeSeconds: FAST_PROFILE.serviceTimeSeconds,
  clientConnections: 1000,
  cpuCores: 1,
  budget: DEFAULT_BUDGET,
  disruption: { zones: 1, maxUnavailable: 1 },
  maxBodyMiB: 10,
});

function shared({ port, profile }: Service): Omit<Parameters<typeof nginxConf>[0], "rateLimit" | "listen"> {
  return {
    plan,
    upstream: [{ host: "127.0.0.1", port }],
    timeouts: timeoutChain({ maxRequestSeconds: 10, cloud: "aws" }),
    admission: admission({ profile, budget: DEFAULT_BUDGET, addresses: 1, proxyPods: 1 }),
    trustedProxies: ["10.0.0.0/8"],
    maxBodyMiB: 10,
    routes: [
      { path: "/socket.io/", kind: "websocket" },
      { path: "/events", kind: "sse" },
    ],
    privatePaths: privatePaths(),
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
    configuration: (place, service) =>
      nginxConf({
        ...shared(service),
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
    configuration: (place, service) => `
worker_processes 1; pid ${place.directory}/nginx.pid; error_log ${place.directory}/error.log;
events { worker_connections 768; }
http {
  ${temporary(place)}
  sendfile on; tcp_nopush on; types_hash_max_size 2048; default_type application/octet-stream;
  access_log ${place.directory}/access.log; gzip on;
  server { listen 127.0.0.1:${place.port}; location / { proxy_pass http://127.0.0.1:${service.port}; } }
}`,
  },
  {
    // The same with what became nginx's default in 1.30, which is newer than the nginx that runs here.
    name: "nginx, as shipped since 1.30",
    note: "the same with HTTP/1.1 to the service and connections that are kept",
    proxy: "nginx",
    ours: false,
    configuration: (place, service) => `
worker_processes 1; pid ${place.directory}/nginx.pid; error_log ${place.directory}/error.log;
events { worker_connections 768; }
http {
  ${temporary(place)}
  sendfile on; tcp_nopush on; types_hash_max_size 2048; default_type application/octet-stream;
  access_log ${place.directory}/access.log; gzip on;
  upstream backend { server 127.0.0.1:${service.port}; keepalive 32; }
  server {
    listen 127.0.0.1:${place.port};
    location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}`,
  },
  {
    // What ingress-nginx renders for one host by default, without its Lua: for every request that would also choose the
    // server, rewrite, and keep statistics.
    name: "nginx, with ingress-nginx's settings",
    note: "what it renders by default, without its Lua, which would only add to it",
    proxy: "nginx",
    ours: false,
    configuration: (place, service) => `
worker_processes 1; worker_rlimit_nofile 65536; pid ${place.directory}/nginx.pid; error_log ${place.directory}/error.log notice;
events { multi_accept on; worker_connections 16384; use epoll; }
http {
  ${temporary(place)}
  aio threads; aio_write on; tcp_nopush on; tcp_nodelay on; log_subrequest on; reset_timedout_connection on;
  keepalive_timeout 75s; keepalive_requests 1000; client_body_buffer_size 8k; client_header_timeout 60s; client_body_timeout 60s;
  client_header_buffer_size 1k; large_client_header_buffers 4 8k; default_type text/html; server_tokens off; uninitialized_variable_warn off;
  variables_hash_max_size 2048; variables_hash_bucket_size 256; map_hash_bucket_size 64; proxy_headers_hash_bucket_size 64;
  log_format upstreaminfo '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id';
  map $request_uri $loggable { default 1; }
  access_log ${place.directory}/access.log upstreaminfo if=$loggable;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  map $http_x_request_id $req_id { default $http_x_request_id; '' $request_id; }
  upstream upstream_balancer { server 127.0.0.1:${service.port}; keepalive 320; keepalive_time 1h; keepalive_timeout 60s; keepalive_requests 10000; }
  server {
    listen 127.0.0.1:${place.port} default_server reuseport backlog=4096;
    set $proxy_upstream_name "-";
    location / {
      set $namespace "default"; set $ingress_name "backend"; set $service_name "backend"; set $service_port "3000"; set $location_path "/";
      set $balancer_ewma_score -1; set $proxy_upstream_name "default-backend-3000"; set $proxy_host $proxy_upstream_name;
      set $pass_access_scheme $scheme; set $pass_server_port $server_port; set $best_http_host $http_host; set $pass_port $pass_server_port;
      set $proxy_alternative_upstream_name "";
      client_max_body_size 1m; proxy_http_version 1.1; proxy_request_buffering on; proxy_cookie_domain off; proxy_cookie_path off;
      proxy_set_header Host $best_http_host; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Request-ID $req_id; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $best_http_host; proxy_set_header X-Forwarded-Port $pass_port;
      proxy_set_header X-Forwarded-Proto $pass_access_scheme; proxy_set_header X-Forwarded-Scheme $pass_access_scheme;
      proxy_set_header X-Scheme $pass_access_scheme; proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for; proxy_set_header Proxy "";
      proxy_connect_timeout 5s; proxy_send_timeout 60s; proxy_read_timeout 60s; proxy_buffering off; proxy_buffer_size 4k;
      proxy_buffers 4 4k; proxy_max_temp_file_size 1024m; proxy_next_upstream error timeout; proxy_next_upstream_tries 3; proxy_redirect off;
      proxy_pass http://upstream_balancer;
    }
  }
}`,
  },
  {
    name: "HAProxy, ours",
    note: "the same protections",
    proxy: "haproxy",
    ours: true,
    configuration: (place, service) =>
      haProxyConf({
        ...shared(service),
        services: [],
        healthPath: "/health",
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
    configuration: (place, service) => `
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
  server one 127.0.0.1:${service.port} check
`,
  },
];
