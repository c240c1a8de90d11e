import assert from "node:assert/strict";
import { timeoutChain } from "../../../../../../budget/timeouts/timeouts";
import {
  nginxConf,
  type NginxConfArgs,
} from "../../../../../../components/load-balancing/proxy/nginx/nginx-conf";

const args: NginxConfArgs = {
  plan: {
    workers: 2,
    workerConnections: 4096,
    openFiles: 8192,
    clientsPerPod: 4096,
    upstreamKeepAlive: 12,
    addressZoneMiB: 10,
  },
  upstream: [{ host: "backend-service.retrofitlink.svc.cluster.local", port: 3000 }],
  timeouts: timeoutChain({ maxRequestSeconds: 10, cloud: "aws" }),
  rateLimit: { requestsPerMinute: 200, burst: 40, connections: 8 },
  trustedProxies: ["10.0.0.0/8"],
  maxBodyMiB: 10,
  headers: { owner: "proxy", hsts: false },
  routes: [],
  privatePaths: ["/metrics", "/ready"],
};

function lines(change: Partial<NginxConfArgs> = {}): string[] {
  return nginxConf({ ...args, ...change })
    .split("\n")
    .map((line) => line.trim());
}

/** Lines that begin with one of the names. */
function values(found: readonly string[], ...names: string[]): string[] {
  return found.filter((line) => names.some((name) => line.startsWith(`${name} `)));
}

describe("nginxConf", () => {
  it("takes its sizes from the plan", () => {
    assert.deepEqual(
      values(lines(), "worker_processes", "worker_rlimit_nofile", "worker_connections", "keepalive"),
      ["worker_processes 2;", "worker_rlimit_nofile 8192;", "worker_connections 4096;", "keepalive 12;"],
    );
  });

  it("takes every timeout from the timeout chain", () => {
    assert.deepEqual(
      values(
        lines(),
        "worker_shutdown_timeout",
        "keepalive_timeout",
        "proxy_connect_timeout",
        "proxy_send_timeout",
        "proxy_read_timeout",
        "proxy_next_upstream_timeout",
      ),
      [
        "worker_shutdown_timeout 16s;",
        "keepalive_timeout 75s;",
        "keepalive_timeout 60s;",
        "proxy_connect_timeout 1s;",
        "proxy_send_timeout 12s;",
        "proxy_read_timeout 12s;",
        "proxy_next_upstream_timeout 6s;",
      ],
    );
  });

  it("never waits for ever for its connections to end, however short the drain", () => {
    const drain = { ...args.timeouts.drain, deregistration: 0, preStop: 20, terminationGrace: 21 };
    const found = values(lines({ timeouts: { ...args.timeouts, drain } }), "worker_shutdown_timeout");
    assert.deepEqual(found, ["worker_shutdown_timeout 1s;"]);
  });

  it("asks DNS again while it runs when it is given a resolver", () => {
    const name = "backend-service.retrofitlink.svc.cluster.local:3000";
    assert.deepEqual(values(lines(), "resolver", "resolver_timeout", "server"), [
      `server ${name} max_fails=3 fail_timeout=10s;`,
      "server {",
      "server {",
    ]);
    assert.deepEqual(values(lines({ resolver: "10.96.0.10" }), "resolver", "resolver_timeout", "server"), [
      "resolver 10.96.0.10 valid=5s;",
      "resolver_timeout 2s;",
      `server ${name} max_fails=3 fail_timeout=10s resolve;`,
      "server {",
      "server {",
    ]);
  });

  it("speaks brotli as well where the modules are", () => {
    assert.deepEqual(values(lines(), "load_module", "brotli"), []);
    const found = lines({ brotliModules: "/usr/lib/nginx/modules" });
    assert.deepEqual(values(found, "load_module", "brotli", "brotli_comp_level", "brotli_min_length"), [
      "load_module /usr/lib/nginx/modules/ngx_http_brotli_filter_module.so;",
      "load_module /usr/lib/nginx/modules/ngx_http_brotli_static_module.so;",
      "brotli on;",
      "brotli_comp_level 4;",
      "brotli_min_length 1024;",
    ]);
    assert.deepEqual(
      values(found, "brotli_types").map((line) => line.replace("brotli", "gzip")),
      values(found, "gzip_types"),
    );
  });

  it("promises TLS only when it is stated", () => {
    const sts = (found: string[]): string[] => found.filter((line) => /^add_header Strict/.test(line));
    assert.deepEqual(sts(lines()), []);
    assert.deepEqual(sts(lines({ headers: { owner: "proxy", hsts: true } })), [
      'add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;',
    ]);
  });

  it("trusts nobody when no range is given", () => {
    const found = lines({ trustedProxies: [] });
    assert.deepEqual(values(found, "set_real_ip_from", "real_ip_header", "real_ip_recursive"), []);
    assert.deepEqual(values(lines(), "set_real_ip_from", "real_ip_header", "real_ip_recursive"), [
      "set_real_ip_from 10.0.0.0/8;",
      "real_ip_header X-Forwarded-For;",
      "real_ip_recursive on;",
    ]);
  });

  it("gives what stays open locations and servers of its own, whose silence the load balancer ends", () => {
    const found = lines({
      admission: { maxConnections: 7, serverMaxConnections: 2, queue: 9, queueSeconds: 1 },
      routes: [
        { path: "/socket.io/", kind: "websocket" },
        { path: "/events", kind: "sse" },
        { path: "/quotes.Quotes", kind: "grpc", port: 50051 },
      ],
    });
    assert.deepEqual(
      values(found, "location")
        .filter((line) => !/error|healthz/.test(line))
        .slice(0, 7),
      [
        "location = /socket.io {",
        "location /socket.io/ {",
        "location = /events {",
        "location /events/ {",
        "location = /quotes.Quotes {",
        "location /quotes.Quotes/ {",
        "location / {",
      ],
    );
    assert.deepEqual(values(found, "proxy_pass", "grpc_pass"), [
      ...Array<string>(4).fill("proxy_pass http://application_streams;"),
      ...Array<string>(2).fill("grpc_pass grpc://application_grpc_50051;"),
      "proxy_pass http://application;",
    ]);
    assert.deepEqual(values(found, "proxy_read_timeout", "grpc_read_timeout", "proxy_buffering"), [
      "proxy_read_timeout 12s;",
      "proxy_read_timeout 75s;",
      "proxy_read_timeout 75s;",
      "proxy_read_timeout 75s;",
      "proxy_buffering off;",
      "proxy_read_timeout 75s;",
      "proxy_buffering off;",
      "grpc_read_timeout 75s;",
      "grpc_read_timeout 75s;",
    ]);
    const name = "backend-service.retrofitlink.svc.cluster.local";
    assert.deepEqual(values(found, "server").slice(0, 3), [
      `server ${name}:3000 max_fails=3 fail_timeout=10s max_conns=7;`,
      `server ${name}:3000 max_fails=3 fail_timeout=10s max_conns=4096;`,
      `server ${name}:50051 max_fails=3 fail_timeout=10s max_conns=4096;`,
    ]);
  });

  it("ends TLS where it is told to, and sends the plain port's clients there", () => {
    const tls = { certificate: "/tls/tls.crt", key: "/tls/tls.key", plainPort: "redirect" } as const;
    assert.deepEqual(values(lines({ tls }), "listen", "http2", "return").slice(0, 2), [
      "listen 8443 ssl default_server reuseport backlog=4096;",
      "http2 on;",
    ]);
    assert.deepEqual(values(lines({ tls }), "listen").slice(1), [
      "listen 8080 default_server reuseport backlog=4096;",
      "listen 8081;",
    ]);
    assert.ok(lines({ tls }).includes("return 308 https://$host$request_uri;"));
    assert.deepEqual(values(lines({ tls: { ...tls, plainPort: "off" } }), "listen").slice(1), [
      "listen 8081;",
    ]);
    assert.deepEqual(values(lines({ tls, http2: "listen" }), "listen", "http2").slice(0, 1), [
      "listen 8443 ssl http2 default_server reuseport backlog=4096;",
    ]);
  });

  it("speaks HTTP/2 on the plain port where gRPC comes through a load balancer that ended TLS", () => {
    assert.deepEqual(values(lines(), "http2"), []);
    assert.deepEqual(values(lines({ routes: [{ path: "/quotes", kind: "grpc" }] }), "http2"), ["http2 on;"]);
  });

  it("leaves security headers to the edge, and passes none of the service's on", () => {
    const found = lines({ headers: { owner: "edge", hsts: true } });
    assert.deepEqual(values(found, "add_header"), [
      "add_header X-Request-ID $trace_id always;",
      "add_header Retry-After $retry_after always;",
    ]);
    assert.ok(found.includes("proxy_hide_header Strict-Transport-Security;"));
  });

  it("keeps all headers in one block, for another add_header further in would hide them", () => {
    const text = nginxConf({
      ...args,
      headers: { owner: "proxy", hsts: true },
      routes: [{ path: "/live", kind: "websocket" }],
    });
    const indents = text
      .split("\n")
      .filter((line) => line.includes("add_header"))
      .map((line) => line.search(/\S/));
    assert.deepEqual(new Set(indents), new Set([8]));
  });
});
