/** The proxies that run against each other: ours, what each program ships, and what an ingress controller sets. */
import { readFileSync } from "node:fs";

import { proxyPlan } from "../../budget/proxy";
import { DEFAULT_BUDGET } from "../../budget/performance-budget";
import { timeoutLadder } from "../../budget/timeouts";
import { nginxConf } from "../../components/load-balancing/nginx-conf";

export type Program = "nginx" | "haproxy";

/** Where a contender listens, what it passes on to, and where it may write. */
export interface Place {
  readonly port: number;
  readonly statusPort: number;
  readonly upstreamPort: number;
  readonly directory: string;
}

/** One configuration of one program. */
export interface Contender {
  readonly name: string;
  readonly program: Program;
  /** The platform's own configuration. */
  readonly ours: boolean;
  /** What the configuration is, for the report. */
  readonly what: string;
  readonly config: (place: Place) => string;
}

const DEMAND = { baseRps: 300, peakRps: 1200, growthPerMinute: 0.25 } as const;

/** One core, as each contender has here. */
const PLAN = proxyPlan({
  demand: DEMAND,
  serviceTimeSeconds: 0.03,
  clientConnections: 20_000,
  cpuCores: 1,
  budget: DEFAULT_BUDGET,
  disruption: { zones: 3, maxUnavailable: 1 },
  maxBodyMiB: 10,
});

/** High enough to reject nothing of a load that comes from one address; it is checked for each request all the same. */
const NO_REJECTION = { requestsPerMinute: 60_000_000, burst: 1_000_000, connections: 10_000 } as const;

const ourNginx: Contender = {
  name: "nginx, this platform",
  program: "nginx",
  ours: true,
  what: "as the platform renders it: limits, retries, security headers, compression, JSON log with timings",
  config: ({ port, statusPort, upstreamPort, directory }) =>
    nginxConf({
      plan: PLAN,
      upstream: [{ host: "127.0.0.1", port: upstreamPort }],
      timeouts: timeoutLadder({ maxRequestSeconds: 10, cloud: "aws" }),
      rateLimit: NO_REJECTION,
      trustedProxies: ["127.0.0.1/32"],
      maxBodyMiB: 10,
      headers: { owner: "proxy", hsts: true },
      routes: [{ path: "/socket.io/", kind: "websocket" }],
      listen: { http: `127.0.0.1:${port}`, https: 0, status: `127.0.0.1:${statusPort}` },
      scratch: directory,
      accessLog: `${directory}/access.log`,
    }),
};

/** The file that the program's package installs. Only paths, the user and what is passed on are this bench's. */
function shippedNginx(upstream: string, { port, directory }: Place): string {
  return readFileSync("/etc/nginx/nginx.conf", "utf8")
    .replace(/^user .*;$/m, "")
    .replace(/^worker_processes .*;$/m, "worker_processes 1;")
    .replace(/^pid .*;$/m, `pid ${directory}/nginx.pid;`)
    .replace(/^error_log .*;$/m, `error_log ${directory}/error.log;`)
    .replace(/^(\s*)access_log .*;$/m, `$1access_log ${directory}/access.log;`)
    .replace(/^include .*modules-enabled.*$/m, "")
    .replace(/^\s*include .*conf\.d.*$/m, "")
    .replace(
      /^\s*include .*sites-enabled.*$/m,
      `${upstream}\nserver { listen 127.0.0.1:${port}; location / { proxy_pass http://backend; } }`,
    );
}

const shipped: Contender = {
  name: "nginx, as shipped",
  program: "nginx",
  ours: false,
  what: "the package's nginx.conf with one proxy_pass; a new connection to the service for each request",
  config: (place) =>
    shippedNginx(`upstream backend { server 127.0.0.1:${place.upstreamPort}; }`, place),
};

const shippedKeepAlive: Contender = {
  name: "nginx, as shipped since 1.30",
  program: "nginx",
  ours: false,
  what: "the same with what became the default in 1.30: HTTP/1.1 to the service, and connections that are kept",
  config: (place) =>
    shippedNginx(
      `proxy_http_version 1.1;\nproxy_set_header Connection "";\nupstream backend { server 127.0.0.1:${place.upstreamPort}; keepalive 32; }`,
      place,
    ),
};

/** Defaults of the retired community controller's ConfigMap, as its documentation lists them. Its Lua is left out. */
const ingress: Contender = {
  name: "nginx, ingress controller",
  program: "nginx",
  ours: false,
  what: "the settings of the widely used ingress controller, without its Lua, which would only make it slower",
  config: ({ port, upstreamPort, directory }) => `
worker_processes 1;
worker_rlimit_nofile 65536;
worker_shutdown_timeout 240s;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log notice;
events { multi_accept on; worker_connections 16384; use epoll; }
http {
  aio threads;
  aio_write on;
  tcp_nopush on;
  tcp_nodelay on;
  log_subrequest on;
  reset_timedout_connection on;
  keepalive_timeout 75s;
  keepalive_requests 1000;
  client_body_temp_path ${directory}/client-body;
  proxy_temp_path ${directory}/proxy-temp;
  client_header_buffer_size 1k;
  client_header_timeout 60s;
  large_client_header_buffers 4 8k;
  client_body_buffer_size 8k;
  client_body_timeout 60s;
  types_hash_max_size 2048;
  server_names_hash_max_size 1024;
  proxy_headers_hash_max_size 512;
  proxy_headers_hash_bucket_size 64;
  variables_hash_max_size 2048;
  underscores_in_headers off;
  ignore_invalid_headers on;
  include /etc/nginx/mime.types;
  default_type text/html;
  server_tokens off;
  log_format upstreaminfo '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$upstream_name] [] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $request_id';
  map "" $upstream_name { default default-backend-service-3000; }
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  map $http_x_request_id $req_id { default $http_x_request_id; "" $request_id; }
  map $http_x_forwarded_for $full_x_forwarded_for { default "$http_x_forwarded_for, $remote_addr"; "" "$remote_addr"; }
  access_log ${directory}/access.log upstreaminfo;
  upstream upstream_balancer {
    server 127.0.0.1:${upstreamPort};
    keepalive 320;
    keepalive_time 1h;
    keepalive_timeout 60s;
    keepalive_requests 10000;
  }
  server {
    listen 127.0.0.1:${port} default_server reuseport backlog=4096;
    server_name _;
    location / {
      client_max_body_size 1m;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Request-ID $req_id;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Scheme $scheme;
      proxy_set_header X-Scheme $scheme;
      proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
      proxy_set_header Proxy "";
      proxy_connect_timeout 5s;
      proxy_send_timeout 60s;
      proxy_read_timeout 60s;
      proxy_buffering off;
      proxy_buffer_size 4k;
      proxy_buffers 4 4k;
      proxy_max_temp_file_size 1024m;
      proxy_request_buffering on;
      proxy_http_version 1.1;
      proxy_cookie_domain off;
      proxy_cookie_path off;
      proxy_next_upstream error timeout;
      proxy_next_upstream_timeout 0;
      proxy_next_upstream_tries 3;
      proxy_pass http://upstream_balancer;
      proxy_redirect off;
    }
  }
}
`,
};

const shippedHaProxy: Contender = {
  name: "HAProxy, as shipped",
  program: "haproxy",
  ours: false,
  what: "the package's haproxy.cfg with one frontend and one backend",
  config: ({ port, upstreamPort, directory }) =>
    readFileSync("/etc/haproxy/haproxy.cfg", "utf8")
      .replace(/^\s*(chroot|user|group|daemon|stats|errorfile)\b.*$/gm, "")
      .replace(/^\s*log\s+\/dev\/log\s+local0$/m, `\tlog ${directory}/log.sock local0`)
      .replace(/^\s*log\s+\/dev\/log\s+local1.*$/m, "")
      .replace(/^global$/m, "global\n\tnbthread 1")
      .concat(
        `\nfrontend http\n\tbind 127.0.0.1:${port}\n\tdefault_backend service\n` +
          `backend service\n\tserver one 127.0.0.1:${upstreamPort}\n`,
      ),
};

export const CONTENDERS: readonly Contender[] = [ourNginx, shipped, shippedKeepAlive, ingress, shippedHaProxy];
