import assert from "node:assert/strict";

import type { StackConfig } from "../../../stacks/stack-file/config";
import type { RecordedResource, Recording } from "../../helpers/pulumi";
import type { Change } from "../../helpers/stack-file";
import { clusterConfig, recordStack } from "../../helpers/recorded-stack";

const PASSWORD = "random:index/randomPassword:RandomPassword";

const signs: Change = (file) => (file["services"].backend.signsUrls = true);

/** Resources of which the inputs differ, as `Kind name`; a workload counts only if its pods do. */
function changes(before: Recording, after: Recording): string[] {
  const inputs = ({ inputs }: RecordedResource): string => JSON.stringify(inputs);
  const key = ({ type, name }: RecordedResource): string => `${type.split(":").pop() ?? ""} ${name}`;
  const others = new Map(after.resources.map((resource) => [key(resource), resource]));
  assert.deepEqual(after.typesAndNames(), before.typesAndNames());
  return before.resources
    .filter((resource) => {
      const other = others.get(key(resource));
      return other !== undefined && inputs(other) !== inputs(resource);
    })
    .map(key)
    .sort();
}

const isWorkload = (name: string): boolean => /^(Deployment|StatefulSet|Job) /.test(name);

/** What becomes different when these passwords do. */
async function changesWith(
  config: StackConfig,
  before: Recording,
  ...passwords: string[]
): Promise<string[]> {
  const after = await recordStack(config, (name, type) =>
    !passwords.includes(name) ? undefined : { [type === PASSWORD ? "result" : "authString"]: "z".repeat(40) },
  );
  return changes(before, after);
}

/** Passwords, and everything that changes with them: the pods that read them, and where they are kept. */
type Expected = readonly (readonly [passwords: readonly string[], changed: readonly string[]])[];

const CACHE = ["StatefulSet redis-cache-statefulset", "Secret redis-cache-credentials"];
const SESSION = ["Secret redis-session-credentials", "StatefulSet redis-session-statefulset"];

const CACHES_IN_CLUSTER: Expected = [
  [["redis-cache-password"], ["Deployment backend-deployment", "Deployment matching-deployment", ...CACHE]],
  [["redis-session-password"], ["Deployment backend-deployment", ...SESSION]],
  // Known to the servers before any service uses it, and what only they use.
  [["redis-cache-password-2", "redis-cache-internal-password", "redis-cache-internal-password-2"], CACHE],
  [
    ["redis-session-password-2", "redis-session-internal-password", "redis-session-internal-password-2"],
    SESSION,
  ],
];

const DATABASE_IN_CLUSTER: Expected = [
  [["mongodb-application-password"], ["Deployment backend-deployment", "Secret mongodb-application"]],
  [["mongodb-data-model-password"], ["Job mongodb-data-model-job", "Secret mongodb-application"]],
  // Read by the operator and by the pods that it makes.
  [
    ["databaseAdmin", "clusterAdmin", "clusterMonitor", "userAdmin", "backup"].map(
      (user) => `mongodb-${user}-password`,
    ),
    ["Secret mongodb-users"],
  ],
];

const ELASTICACHE: Expected = [
  [
    ["redis-cache-password"],
    [
      "Deployment backend-deployment",
      "Deployment matching-deployment",
      "ReplicationGroup redis-cache",
      "Secret redis-cache-credentials",
    ],
  ],
  [
    ["redis-session-password"],
    ["Deployment backend-deployment", "ReplicationGroup redis-session", "Secret redis-session-credentials"],
  ],
];

const ATLAS: Expected = [
  [
    ["mongodb-application-password"],
    ["DatabaseUser mongodb-application-user", "Deployment backend-deployment", "Secret mongodb-application"],
  ],
  [
    ["mongodb-data-model-password"],
    ["DatabaseUser mongodb-data-model-user", "Job mongodb-data-model-job", "Secret mongodb-application"],
  ],
];

/** Grafana's administrator. */
const MONITORING: Expected = [[["monitoring-grafana-password"], ["Secret monitoring-grafana-admin"]]];

const CASES: readonly (readonly [variant: string, ...expected: readonly Expected[]])[] = [
  ["aws behind CloudFront", CACHES_IN_CLUSTER, DATABASE_IN_CLUSTER, MONITORING],
  ["aws with ElastiCache", ELASTICACHE, DATABASE_IN_CLUSTER, MONITORING],
  ["gcp with Atlas", CACHES_IN_CLUSTER, ATLAS, MONITORING],
];

describe("a credential that changes", function () {
  this.timeout(240_000);

  it("is one of those below, whatever the stack", async () => {
    for (const [variant, ...expected] of CASES) {
      const passwords = (await recordStack(clusterConfig(variant))).ofType(PASSWORD).map(({ name }) => name);
      assert.deepEqual(
        // No pod knows the one between the CDN and the load balancer.
        passwords.filter((name) => name !== "origin-lock-value").sort(),
        expected.flatMap((part) => part.flatMap(([names]) => names)).sort(),
        variant,
      );
    }
  });

  const parts: readonly (readonly [what: string, variant: string, Expected])[] = [
    ["caches in the cluster", "aws behind CloudFront", CACHES_IN_CLUSTER],
    ["a database in the cluster", "aws behind CloudFront", DATABASE_IN_CLUSTER],
    ["ElastiCache", "aws with ElastiCache", ELASTICACHE],
    ["Atlas", "gcp with Atlas", ATLAS],
  ];
  for (const [what, variant, expected] of parts) {
    it(`replaces the pods that read it, and no others: ${what}`, async () => {
      const config = clusterConfig(variant);
      const before = await recordStack(config);
      for (const [passwords, changed] of expected) {
        assert.deepEqual(
          await changesWith(config, before, ...passwords),
          [...changed].sort(),
          passwords.join(),
        );
      }
    });
  }

  it("replaces the services of a Memorystore whose password Google changed, or that got another authority", async () => {
    const config = clusterConfig("gcp with Memorystore");
    const before = await recordStack(config);
    assert.deepEqual(await changesWith(config, before, "redis-cache"), [
      "Deployment backend-deployment",
      "Deployment matching-deployment",
      "Secret redis-cache-credentials",
    ]);
    const authority = await recordStack(config, (name) =>
      name === "redis-session" ? { serverCaCerts: [{ cert: "the next" }] } : undefined,
    );
    assert.deepEqual(changes(before, authority), [
      "Deployment backend-deployment",
      // One file for all caches.
      "Deployment matching-deployment",
      "Secret cache-authorities",
    ]);
  });

  it("replaces the services that sign URLs, when it is the one they sign with", async () => {
    const config = clusterConfig("aws behind Cloudflare", signs);
    const before = await recordStack(config);
    const [current = ""] = before
      .ofType(PASSWORD)
      .map(({ name }) => name)
      .filter((name) => name.startsWith("cdn-signing-secret"));
    const found = (await changesWith(config, before, current)).filter(
      (name) => isWorkload(name) || name.startsWith("Secret"),
    );
    assert.deepEqual(found, ["Deployment backend-deployment", "Secret cloudflare-signing-keys"]);
  });

  it("rolls its readers once when the stack file asks for new passwords, and makes no other resource anew", async () => {
    const of = async (generation: number): Promise<Recording> =>
      recordStack(
        clusterConfig(
          "aws behind CloudFront",
          (file) => (file["caches"]["redis-session"].passwordGeneration = generation),
        ),
      );
    const [before, after] = [await of(2), await of(3)];
    const workloads = ({ resources }: Recording): [string, string][] =>
      resources
        .map((resource): [string, string] => [
          `${resource.type.split(":").pop() ?? ""} ${resource.name}`,
          JSON.stringify(resource.inputs),
        ])
        .filter(([name]) => isWorkload(name));
    const old = new Map(workloads(before));
    assert.deepEqual(
      workloads(after)
        .filter(([name, inputs]) => old.get(name) !== inputs)
        .map(([name]) => name)
        .sort(),
      ["Deployment backend-deployment", "StatefulSet redis-session-statefulset"],
    );
  });
});

describe("a ConfigMap that changes", () => {
  it("replaces the pods that read it, and no others", async () => {
    const before = await recordStack(clusterConfig("aws behind CloudFront"));
    const after = await recordStack(
      clusterConfig("aws behind CloudFront", (file) => (file["loadBalancer"].maxBodyMiB = 11)),
    );
    assert.deepEqual(
      changes(before, after).filter((name) => isWorkload(name) || name.startsWith("ConfigMap")),
      ["ConfigMap nginx-load-balancer-config", "Deployment nginx-load-balancer-deployment"],
    );
  });
});
