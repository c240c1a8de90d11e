import assert from "node:assert/strict";
import { redisConf, type RedisConfArgs } from "../../../../../components/caching/redis/redis-conf";

const args: RedisConfArgs = {
  purpose: "cache",
  maxMemoryMiB: 656,
  clientBuffersMiB: 16,
  maxClients: 157,
  ioThreads: 1,
};

/** Lines of one text that the other does not have. */
function linesOnlyIn(text: string, other: string): string[] {
  const others = new Set(other.split("\n"));
  return text.split("\n").filter((line) => !others.has(line));
}

describe("redisConf", () => {
  it("renders a cache", () => {
    assert.equal(
      redisConf(args),
      `bind * -::*
port 6379
protected-mode yes
tcp-backlog 511
timeout 0
tcp-keepalive 60
maxclients 157
io-threads 1

maxmemory 656mb
maxmemory-policy allkeys-lfu
maxmemory-clients 16mb
lazyfree-lazy-eviction yes
lazyfree-lazy-expire yes
lazyfree-lazy-server-del yes
lazyfree-lazy-user-del yes
lazyfree-lazy-user-flush yes
activedefrag yes
active-defrag-threshold-lower 10
active-defrag-ignore-bytes 16mb

dir /data
save ""
appendonly no

slowlog-log-slower-than 10000
slowlog-max-len 512
latency-monitor-threshold 100

include /etc/redis-credentials/users.conf
`,
    );
  });

  it("renders a session store that evicts nothing and appends every write to a file", () => {
    const session = redisConf({ ...args, purpose: "session" });
    assert.deepEqual(linesOnlyIn(session, redisConf(args)), [
      "maxmemory-policy noeviction",
      "appendonly yes",
      "appendfsync everysec",
      "no-appendfsync-on-rewrite yes",
      "auto-aof-rewrite-percentage 100",
      "auto-aof-rewrite-min-size 64mb",
      "aof-load-truncated yes",
    ]);
    assert.deepEqual(linesOnlyIn(redisConf(args), session), [
      "maxmemory-policy allkeys-lfu",
      "appendonly no",
    ]);
  });

  it("renders what one of several servers has in addition, but not whom it follows", () => {
    const alone: RedisConfArgs = { ...args, purpose: "session" };
    const member = redisConf({ ...alone, replication: { backlogMiB: 64, replicaBufferMiB: 425 } });
    assert.deepEqual(linesOnlyIn(member, redisConf(alone)), [
      "min-replicas-to-write 1",
      "min-replicas-max-lag 10",
      "repl-backlog-size 64mb",
      "client-output-buffer-limit replica 425mb 213mb 60",
      "repl-diskless-sync yes",
      "repl-diskless-sync-delay 1",
    ]);
    assert.ok(!/^(replicaof|slaveof)/m.test(member));
  });

  it("switches active defragmentation off for a server that refuses it", () => {
    assert.deepEqual(linesOnlyIn(redisConf({ ...args, activeDefrag: false }), redisConf(args)), [
      "activedefrag no",
    ]);
  });

  it("takes address, port and files from its arguments, the users' file last", () => {
    const moved = redisConf({
      ...args,
      bind: "127.0.0.1",
      port: 7000,
      directory: "/srv",
      usersFile: "/run/users.conf",
    });
    assert.deepEqual(linesOnlyIn(moved, redisConf(args)), [
      "bind 127.0.0.1",
      "port 7000",
      "dir /srv",
      "include /run/users.conf",
    ]);
    assert.ok(moved.endsWith("\n\ninclude /run/users.conf\n"));
  });
});
