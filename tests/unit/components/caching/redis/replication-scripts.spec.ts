import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

import {
  HAND_OVER_SECONDS,
  SCRIPTS,
  replicationScripts,
} from "../../../../../components/caching/redis/replication-scripts";
import { statefulMembers } from "../../../../../components/caching/redis/sentinel-conf";

// What they do is shown with real servers in tests/config/redis-replication.spec.ts.
describe("replicationScripts", () => {
  const members = statefulMembers("redis-session", "redis-session-pods", "retrofitlink");
  const scripts = replicationScripts({ masterName: "redis-session", members });

  it("are files that a POSIX shell can read", () => {
    assert.deepEqual(Object.keys(scripts).sort(), Object.values(SCRIPTS).sort());
    for (const text of Object.values(scripts)) {
      execFileSync("sh", ["-n"], { input: text });
    }
  });

  it("know the members and where things are in the pod", () => {
    const text = scripts[SCRIPTS.members] ?? "";
    assert.match(
      text,
      /^master='redis-session'\nquorum='2'\nconfig='\/etc\/redis\/redis.conf'\ndata='\/data'/m,
    );
    assert.match(text, /^settings='\/etc\/redis\/sentinel.conf'\nstate='\/data\/sentinel.conf'$/m);
    for (const { host } of members) assert.ok(text.includes(` ${host} 6379 26379`));
  });

  it("let a primary refuse writes no longer than it hands over", () => {
    const text = scripts[SCRIPTS.handOver] ?? "";
    assert.ok(text.includes(`cli client pause ${HAND_OVER_SECONDS}000 write`));
    assert.ok(text.endsWith("cli client unpause >/dev/null\nexit 0\n"));
  });

  it("put no password on a command line", () => {
    assert.ok(!/ -a |--pass|requirepass/.test(Object.values(scripts).join("\n")));
  });
});
