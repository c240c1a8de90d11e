import assert from "node:assert/strict";

import { PRIORITIES } from "../../../components/shared/priorities";
import { cidr } from "../../../budget/core/leaves";
import { clusterConfig, recordStack, STACKS, workloadsOf } from "../../helpers/recorded-stack";
import { accepted, mistakes, service } from "./sound-stack";

const PRIORITY_CLASS = "kubernetes:scheduling.k8s.io/v1:PriorityClass";

type Change = (config: Record<string, any>) => void;

describe("keys of a stack file for the objects of the cluster", () => {
  const refused: readonly (readonly [what: string, change: Change, message: string])[] = [
    [
      "a call of a service that there is not",
      (c) => {
        c["services"].matching = service();
        c["services"].backend.calls = { matchin: { callsPerRequest: 1 } };
      },
      'retrofitlink:services.backend.calls.matchin: got "matchin"; allowed is another service of this stack: matching. Name a service of this stack; what is elsewhere belongs to egress.',
    ],
    [
      "a call of the service itself",
      (c) => (c["services"].backend.calls = { backend: { callsPerRequest: 1 } }),
      'retrofitlink:services.backend.calls.backend: got "backend"; allowed is another service of this stack, of which there is none. Name a service of this stack; what is elsewhere belongs to egress.',
    ],
    [
      "a range that is none",
      (c) => (c["services"].backend.egress = [{ port: 5432, cidr: "10.0.0.0/40" }]),
      'retrofitlink:services.backend.egress[0].cidr: got "10.0.0.0/40"; allowed is a range of addresses in CIDR notation, like 203.0.113.0/24. Leave it out for every address outside the cluster.',
    ],
    [
      "no port",
      (c) => (c["services"].backend.egress = [{ port: 0 }]),
      "retrofitlink:services.backend.egress[0].port: got 0; allowed is a whole number from 1 to 65,535. Give the port that the service connects to.",
    ],
    [
      "a namespace that is no name",
      (c) => (c["services"].backend.callerNamespaces = ["Ingress_Nginx"]),
      'retrofitlink:services.backend.callerNamespaces[0]: got "Ingress_Nginx"; allowed is a DNS label of at most 63 characters. Use lower-case letters, digits and hyphens, a letter first.',
    ],
    [
      "a disk of no size",
      (c) => (c["services"].backend.resources.scratchMiB = 0),
      "retrofitlink:services.backend.resources.scratchMiB: got 0; allowed is a whole number from 1 to 65,536 (MiB). Give what a pod writes to /tmp at most.",
    ],
    [
      "a priority instead of a yes",
      (c) => (c["cluster"].priorityClasses = "high"),
      'retrofitlink:cluster.priorityClasses: got "high"; allowed is true or false. False where the program may not make PriorityClasses, which are the cluster\'s.',
    ],
    [
      "a generation before the first",
      (c) => {
        c["database"] = {
          kind: "percona",
          shards: 1,
          dataGiB: 10,
          workingSetGiB: 1,
          cpuCores: 1,
          passwordGeneration: 0,
        };
      },
      "retrofitlink:database.passwordGeneration: got 0; allowed is a whole number from 1 to 1,000,000. Raise it by one for new passwords.",
    ],
  ];
  for (const [what, change, message] of refused) {
    it(`are refused: ${what}`, () => assert.deepEqual(mistakes(change), [message]));
  }

  it("have defaults: port 443 out, no callers, the namespace monitoring", () => {
    const { services, cluster } = accepted(() => undefined);
    const { calls, callerNamespaces, egress, resources } = services["backend"] ?? assert.fail();
    assert.deepEqual([calls, callerNamespaces, egress, resources.scratchMiB], [{}, [], [{ port: 443 }], 256]);
    assert.deepEqual([cluster.monitoringNamespace, cluster.priorityClasses], ["monitoring", true]);
  });

  it("know a range from what looks like one", () => {
    for (const good of ["10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0", "198.51.100.7/32"]) {
      assert.ok(cidr.safeParse(good).success, good);
    }
    for (const bad of [
      "",
      "10.0.0.0",
      "10.0.0.0/33",
      "999.0.0.0/8",
      "::/129",
      "10.0.0.0/8/8",
      "10.0.0.0/-1",
      "a/8",
    ]) {
      assert.ok(!cidr.safeParse(bad).success, bad);
    }
  });

  it("give volumes the cluster's storage class where they name none of their own", async () => {
    const classes = async (change: Change): Promise<string[]> => {
      const { resources } = await recordStack(clusterConfig("aws behind CloudFront", change));
      const all = resources.map(({ inputs }) => JSON.stringify(inputs)).join();
      return [
        ...new Set([...all.matchAll(/"storageClassName":"([^"]*)"/g)].map(([, name = ""]) => name)),
      ].sort();
    };
    assert.deepEqual(
      await classes((c) => {
        c["cluster"].storageClassName = "fast";
        delete c["database"].storageClassName;
      }),
      ["fast"],
    );
    assert.deepEqual(await classes((c) => (c["cluster"].storageClassName = "fast")), ["fast", "gp3"]);
  }).timeout(60_000);
});

describe("priorities", function () {
  this.timeout(60_000);

  it("rank what is missed most before what comes back soonest", () => {
    const order = [
      "session",
      "database",
      "cache",
      "load-balancer",
      "service",
      "monitoring",
      "data-model",
    ] as const;
    const values = order.map((tier) => PRIORITIES[tier]);
    assert.deepEqual(
      values,
      [...values].sort((one, other) => other - one),
    );
    assert.equal(new Set(values).size, order.length);
    // Above a billion are those of the system.
    assert.ok(Math.max(...values) < 1_000_000_000);
  });

  for (const [name, config] of Object.entries(STACKS)) {
    it(`are given to every pod of ${name}, by a class that is there and is the environment's`, async () => {
      const recording = await recordStack(config);
      const made = recording
        .ofType(PRIORITY_CLASS)
        .map(({ inputs }) => (inputs["metadata"] as { name: string }).name);
      for (const one of made) assert.match(one, new RegExp(`^retrofitlink-${config.environment}-`));
      const used = workloadsOf(recording).map(({ template }) => {
        const { labels } = template.metadata;
        const wanted = `retrofitlink-${config.environment}-${labels["app.kubernetes.io/component"] ?? ""}`;
        assert.equal(template.spec.priorityClassName, wanted);
        return wanted;
      });
      if (config.database?.kind === "percona") {
        const [cluster] = recording.ofType("kubernetes:psmdb.percona.com/v1:PerconaServerMongoDB");
        const { replsets, sharding } = cluster?.inputs["spec"] as Record<string, any>;
        const sets = [
          ...replsets,
          ...replsets.map((one: any) => one.nonvoting),
          sharding.configsvrReplSet,
          sharding.mongos,
        ];
        for (const set of sets)
          assert.equal(set.priorityClassName, `retrofitlink-${config.environment}-database`);
        used.push(`retrofitlink-${config.environment}-database`);
      }
      // And none that nobody has.
      assert.deepEqual(made.sort(), [...new Set(used)].sort());
    });
  }

  it("are left out where the program may not make classes", async () => {
    const recording = await recordStack(
      clusterConfig("aws behind CloudFront", (file) => (file["cluster"].priorityClasses = false)),
    );
    assert.deepEqual(recording.ofType(PRIORITY_CLASS), []);
    for (const { template, name } of workloadsOf(recording)) {
      assert.equal(template.spec.priorityClassName, undefined, name);
    }
  });
});
