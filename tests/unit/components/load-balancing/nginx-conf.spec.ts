import assert from "node:assert/strict";
import { timeoutLadder } from "../../../../budget/timeouts";
import { nginxConf, type NginxConfArgs } from "../../../../components/load-balancing/nginx-conf";

const args: NginxConfArgs = {
  plan: {
    workers: 2,
    workerConnections: 4096,
    openFiles: 8192,
    upstreamKeepAlive: 12,
    addressZoneMiB: 10,
  },
  upstream: [{ host: "backend-service.retrofitlink.svc.cluster.local", port: 3000 }],
  timeouts: timeoutLadder({ maxRequestSeconds: 10, cloud: "aws" }),
  rateLimit: { requestsPerMinute: 200, burst: 40, connections: 8 },
  trustedProxies: ["10.0.0.0/8"],
  maxBodyMiB: 10,
  tlsInFront: false,
  webSocketPaths: [],
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

  it("takes every timeout from the ladder", () => {
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
    assert.deepEqual(sts(lines({ tlsInFront: true })), [
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

  it("gives WebSockets locations of their own, whose silence the load balancer ends", () => {
    const found = lines({ webSocketPaths: ["/socket.io/", "/live"] });
    assert.deepEqual(values(found, "location").slice(0, 3), [
      "location /socket.io/ {",
      "location /live {",
      "location / {",
    ]);
    assert.deepEqual(values(found, "proxy_read_timeout"), [
      "proxy_read_timeout 12s;",
      "proxy_read_timeout 75s;",
      "proxy_read_timeout 75s;",
    ]);
  });

  it("keeps all headers in one block, for another add_header further in would hide them", () => {
    const text = nginxConf({ ...args, tlsInFront: true, webSocketPaths: ["/live"] });
    const indents = text
      .split("\n")
      .filter((line) => line.includes("add_header"))
      .map((line) => line.search(/\S/));
    assert.deepEqual(new Set(indents), new Set([8]));
  });
});
