import assert from "node:assert/strict";

import { timeoutLadder } from "../../../budget/timeouts/timeouts";
import { cacheDerivations, redisDerivations } from "../../../delivery/preview-report/cache-derivations";
import type { Derivation } from "../../../report/derivation";
import { duration, isShare, number, plural, podRange } from "../../../budget/core/format";
import { timeoutBars } from "../../../delivery/preview-report/timeouts";
import { recordedModel, shippedConfig } from "../../helpers/preview";
import { managedCacheSummary, redisSummary, serviceSummary, sessionSummary } from "./fixtures/stack-run";

const lines = (found: readonly Derivation[]): string[] =>
  found.map(({ name, value, formula }) => `${name} | ${value} | ${formula}`);
const broken = (found: readonly Derivation[]): string[] =>
  found.filter(({ holds }) => !holds).map(({ name }) => name);

describe("derivations of a cache", () => {
  const services = [
    serviceSummary("backend"),
    serviceSummary("matching"),
    serviceSummary("other", { cachePools: {} }),
  ];

  it("write each formula with the numbers of its users", () => {
    assert.deepEqual(lines(redisDerivations(redisSummary("redis-cache", services), services)), [
      "Connections | 72 | backend 36 + matching 36 = 72, all at their most pods during a rollout",
      "maxclients | 119 | ⌈72 · 1.2⌉ + 32 in reserve = 119",
      "maxmemory | 656 MiB | ⌈512 working set ÷ 0.8⌉ + 16 client buffers = 656 MiB",
      "Memory limit | 802 MiB | 802 ≥ 802 = maxmemory 656 + fragmentation 66 + client buffers 16 + process 64",
      "When it is full | allkeys-lfu | a cache: empty after a restart",
    ]);
  });

  it("stay readable with a hundred users", () => {
    const many = Array.from({ length: 100 }, (_, i) => serviceSummary(`s${i}`));
    assert.equal(
      redisDerivations(redisSummary("redis-cache", many), many)[0]?.formula,
      "s0 36 + s1 36 + s2 36 + s3 36 + s4 36 + s5 36 + 94 more = 3,600, all at their most pods during a rollout",
    );
  });

  it("show what is too small", () => {
    const sound = redisSummary("redis-cache", services);
    const small = { ...sound, maxClients: 80, memoryLimitMiB: 512 };
    assert.deepEqual(broken(redisDerivations(small, services)), ["maxclients", "Memory limit"]);
  });
});

describe("derivations of a replicated session store", () => {
  const services = [serviceSummary("backend", { cachePools: { "redis-session": 2 } })];

  it("write each formula with replicas and Sentinels", () => {
    assert.deepEqual(lines(cacheDerivations(sessionSummary("redis-session", services), services)), [
      "Members | primary + 2 | 3 Sentinels − 1 lost = 2 ≥ a majority of 2",
      "Connections | 36 | backend 36 = 36, all at their most pods during a rollout",
      "maxclients | 84 | ⌈36 · 1.2⌉ + 32 in reserve + 8 replicas and Sentinels = 84",
      "maxmemory | 720 MiB | ⌈512 working set ÷ 0.8⌉ + 16 client buffers + 64 replication backlog = 720 MiB",
      "Memory limit | 1,592 MiB | 1,592 ≥ 1,592 = maxmemory 720 + fragmentation 72 + copy on write 360 + replica buffers 360 + client buffers 16 + process 64",
      "When it is full | noeviction | a session: kept over a restart",
    ]);
  });

  it("show a pair of members, of which one cannot decide, and a server without room for the Sentinels", () => {
    const sound = sessionSummary("redis-session", services);
    assert.deepEqual(broken(cacheDerivations({ ...sound, replicas: 1, maxClients: 76 }, services)), [
      "Members",
      "maxclients",
    ]);
  });
});

describe("derivations of a managed cache", () => {
  const services = [serviceSummary("backend")];

  it("write how large a node has to be, and which one is", () => {
    const summary = managedCacheSummary("redis-cache", services);
    assert.deepEqual(lines(cacheDerivations(summary, services)), [
      "Connections | 36 | backend 36 = 36, all at their most pods during a rollout",
      "maxclients | 65,000 | of the provider: 65,000 ≥ 76 with margin and reserve",
      "Memory needed | 656 MiB | ⌈512 working set ÷ 0.8⌉ + 16 client buffers = 656 MiB",
      "Node | cache.m7g.large, 2 nodes | 6,537 MiB · (1 − 25 % in reserve) = 4,902 MiB ≥ 656 MiB",
      "When it is full | allkeys-lfu | a cache: no snapshots",
    ]);
    assert.deepEqual(broken(cacheDerivations(summary, services)), []);
  });

  it("show a node that is too small, or that claims more than it has", () => {
    const sound = managedCacheSummary("redis-cache", services);
    const brokenBy = (change: object): string[] =>
      broken(cacheDerivations({ ...sound, ...change }, services));
    assert.deepEqual(brokenBy({ maxMemoryMiB: 600 }), ["Node"]);
    assert.deepEqual(brokenBy({ maxMemoryMiB: 6536 }), ["Node"]);
    assert.deepEqual(brokenBy({ neededMemoryMiB: 512 }), ["Memory needed"]);
    assert.deepEqual(brokenBy({ maxClients: 50 }), ["maxclients"]);
  });
});

describe("derivations of the shipped stacks", () => {
  for (const stack of ["production", "staging", "local"]) {
    it(`all hold for ${stack}`, async () => {
      const { services, caches, proxies, publicLoadBalancers, cdns, images } = await recordedModel(
        shippedConfig(stack),
      );
      const found = caches.flatMap((cache) => cacheDerivations(cache, services));
      const proofs = [...services, ...proxies, ...publicLoadBalancers, ...cdns, ...images].flatMap(
        (planned) => planned.proofs,
      );
      assert.ok(proofs.length > 10);
      assert.deepEqual(
        proofs.filter(({ holds }) => !holds),
        [],
      );
      assert.ok(found.length > 4);
      assert.deepEqual(broken(found), []);
    });
  }
});

describe("timeouts of a service", () => {
  const { timeouts } = serviceSummary("backend");

  it("are drawn in proportion, with the law that they keep", () => {
    const { text } = timeoutBars(timeouts);
    assert.deepEqual(
      [...text.matchAll(/width:([\d.]+)%/g)].map(([, width]) => Number(width)),
      [
        ...[100, 90.9, 18.2, 15.2, 12.1],
        ...[73.3, 80, 80, 100, 80, 100],
        ...[100, 10, 12.5, 5],
        ...[44.8, 74.6, 100],
      ],
    );
    assert.match(text, /66 &gt; 60 &gt; 12 &gt; 10 &gt; 8 s: each hop outlasts the one inside it\./);
    assert.match(text, /55 &lt; 60 s, 60 &lt; 75 s and 60 &lt; 75 s: only the caller closes\./);
    assert.match(text, /30 &lt; 60 s: no silence outlasts a hop\./);
    assert.match(text, /600 ≥ 67 s: before the node goes\./);
    assert.ok(!text.includes("problems"));
  });

  it("say why an ALB waits longer than Cloudflare", () => {
    const { text } = timeoutBars(timeoutLadder({ maxRequestSeconds: 10, cloud: "aws", cdn: "cloudflare" }));
    assert.match(text, /120 &gt; 12 &gt; 10 &gt; 8 s: .* one setting for waiting and for idle connections/);
    assert.ok(!text.includes("problems"));
  });

  it("come with what is wrong with them", () => {
    const { text } = timeoutBars({ ...timeouts, request: { ...timeouts.request, proxy: 70 } });
    assert.match(text, /request\.proxy is 70 s; it has to be below request\.loadBalancer, 60 s/);
  });
});

describe("numbers", () => {
  it("read the same everywhere", () => {
    assert.deepEqual(
      [
        number(1440),
        number(43.204),
        duration(0.03),
        duration(1.5),
        plural(1, "process"),
        plural(2, "process"),
      ],
      ["1,440", "43.2", "30 ms", "1.5 s", "1 process", "2 processes"],
    );
    assert.deepEqual([podRange(3, 3), podRange(3, 14)], ["3 pods", "3 to 14 pods"]);
    assert.deepEqual([isShare(0), isShare(0.0001), isShare(0.05)], ["= 0 %", "< 0.1 %", "= 5 %"]);
  });
});
