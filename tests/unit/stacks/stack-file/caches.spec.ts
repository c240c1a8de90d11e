import assert from "node:assert/strict";

import { accepted, mistakes } from "../sound-stack";

type Config = Record<string, any>;

const cacheOf = (cache: object) => (config: Config) => void (config["caches"] = { fast: cache });
const alone = { purpose: "cache", workingSetMiB: 512 };
const session = { purpose: "session", workingSetMiB: 512 };

/** On a cluster of AWS. */
const onAws =
  (cache: object, name = "fast") =>
  (config: Config) => {
    config["cluster"] = {
      ...{ cloud: "aws", zones: 3, region: "eu-central-1", vpcId: "vpc-0a1b2c3d", clusterName: "main" },
      subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3e", "subnet-0a1b2c3f"],
    };
    config["caches"] = { [name]: { kind: "elasticache", securityGroupIds: ["sg-0a1b2c3d"], ...cache } };
  };

describe("caches of a stack file", () => {
  it("need a purpose and a working set, and have defaults for the rest", () => {
    const { caches } = accepted(cacheOf(session));
    assert.deepEqual(caches["fast"], { ...session, cpuCores: 1, passwordGeneration: 1, storage: {} });
  });

  const cases: readonly (readonly [string, (config: Config) => void, readonly string[]])[] = [
    [
      "what only a typing error can mean",
      cacheOf({ purpose: "cache", workingSetMiB: 1e12, cpuCores: 500 }),
      [
        "retrofitlink:caches.fast.workingSetMiB: got 1000000000000; allowed is a number above 0 and at most 1,048,576 (MiB). Give the size of what has to stay in memory for the hit rate.",
        "retrofitlink:caches.fast.cpuCores: got 500; allowed is a number from 0.01 to 96 (cores). Give what a load test measured; one core serves one event loop, and 500m is 0.5.",
      ],
    ],
    [
      "a purpose that nobody knows",
      cacheOf({ purpose: "queue", workingSetMiB: 512 }),
      [
        'retrofitlink:caches.fast.purpose: got "queue"; allowed is "cache" or "session". A cache may forget, a session store may not.',
      ],
    ],
    [
      "a memory limit and a volume below what the plan needs",
      cacheOf({ ...session, memoryLimitMiB: 1000, storage: { sizeGiB: 2 } }),
      [
        "retrofitlink:caches.fast.memoryLimitMiB: got 1000; allowed is at least 1592 = maxmemory 720 + fragmentation 72 + copy on write 360 + replica buffers 360 + client buffers 16 + process 64 (MiB). Raise it, or leave it out and it becomes 1592.",
        "retrofitlink:caches.fast.storage.sizeGiB: got 2; allowed is at least 3 (GiB), 3 times a maxmemory of 720 MiB. Raise it, or leave it out and it becomes 3.",
      ],
    ],
    [
      "more connections than a server admits, of which the service's plan knows",
      (config) => {
        config["services"].backend.processesPerPod = 16;
        config["services"].backend.resources.memoryMiB = 2048;
        config["services"].backend.demand = { baseRps: 10, peakRps: 2_000_000, growthPerMinute: 0.1 };
        config["services"].backend.profile.concurrencyPerPod = 512;
        config["services"].backend.caches = { fast: { callsPerRequest: 60, callSeconds: 0.0004 } };
        cacheOf(alone)(config);
      },
      [
        "retrofitlink:caches.fast: got 447316; allowed is services that open at most 65000 connections, with margin and reserve. Give fewer connections, or divide the services among several caches.",
      ],
    ],
    [
      "a node type that is not rented any more",
      onAws({ ...alone, nodeType: "cache.m1.small" }),
      [
        'retrofitlink:caches.fast.nodeType: got "cache.m1.small"; allowed is "cache.t4g.micro", "cache.t4g.small", "cache.t4g.medium", "cache.m7g.large", "cache.r7g.large", "cache.r7g.xlarge", "cache.r7g.2xlarge", "cache.r7g.4xlarge", "cache.r7g.8xlarge", "cache.r7g.12xlarge" or "cache.r7g.16xlarge". Leave it out and the smallest that will do is chosen.',
      ],
    ],
    [
      "a node that is too small",
      onAws({ ...alone, nodeType: "cache.t4g.micro" }),
      [
        'retrofitlink:caches.fast.nodeType: got "cache.t4g.micro"; allowed is a node with at least 656 MiB after what is reserved; this one has 512 less 50 % = 256. Choose a larger one, or leave it out and it becomes cache.m7g.large.',
      ],
    ],
    [
      "a working set that no node holds",
      onAws({ purpose: "cache", workingSetMiB: 400_000 }),
      [
        "retrofitlink:caches.fast.workingSetMiB: got 400000; allowed is a working set that needs at most 321865 MiB and 64 cores; this one needs 500016 MiB and 1. Divide the data among several caches.",
      ],
    ],
    [
      "a name that ElastiCache does not take, beside what else is wrong",
      onAws({ ...alone, passwordGeneration: 0 }, "a--b"),
      [
        "retrofitlink:caches.a--b.passwordGeneration: got 0; allowed is a whole number from 1 to 1,000,000. Raise it by one for new passwords.",
        'retrofitlink:caches.a--b: got "a--b"; allowed is a DNS label of at most 32 characters, without two hyphens in a row. Rename the cache; the provider allows no more.',
      ],
    ],
  ];
  for (const [what, change, expected] of cases) {
    it(`refuses ${what}`, () => assert.deepEqual(mistakes(change), expected));
  }
});
