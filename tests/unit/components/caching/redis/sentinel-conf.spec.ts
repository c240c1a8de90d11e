import assert from "node:assert/strict";

import { MEMBERS, QUORUM } from "../../../../../budget/caching/plan-redis";
import {
  sentinelConf,
  sentinelList,
  statefulMembers,
} from "../../../../../components/caching/redis/sentinel-conf";

describe("sentinelConf", () => {
  it("renders what is the same for every Sentinel", () => {
    assert.equal(
      sentinelConf({ masterName: "redis-session" }),
      `bind * -::*
port 26379
protected-mode yes
dir /data

sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel deny-scripts-reconfig yes
sentinel down-after-milliseconds redis-session 5000
sentinel failover-timeout redis-session 60000
sentinel parallel-syncs redis-session 1

include /etc/redis-credentials/sentinel-users.conf
`,
    );
  });

  it("takes address, port and files from its arguments", () => {
    const text = sentinelConf({
      masterName: "m",
      bind: "127.0.0.1",
      port: 7001,
      directory: "/srv",
      usersFile: "/run/users.conf",
    });
    for (const line of ["bind 127.0.0.1", "port 7001", "dir /srv", "include /run/users.conf"]) {
      assert.ok(text.split("\n").includes(line), line);
    }
  });

  it("asks for a majority that is also the quorum", () => {
    assert.equal(QUORUM, Math.floor(MEMBERS / 2) + 1);
  });
});

describe("statefulMembers", () => {
  it("are pods by the names that stay", () => {
    const members = statefulMembers("redis-session", "redis-session-pods", "retrofitlink");
    assert.deepEqual(members[2], {
      host: "redis-session-2.redis-session-pods.retrofitlink.svc",
      port: 6379,
      sentinelPort: 26379,
    });
    assert.equal(
      sentinelList(members.slice(0, 2)),
      "redis-session-0.redis-session-pods.retrofitlink.svc:26379,redis-session-1.redis-session-pods.retrofitlink.svc:26379",
    );
  });
});
