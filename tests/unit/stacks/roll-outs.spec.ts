import assert from "node:assert/strict";

import type { StackConfig } from "../../../stacks/config";
import type { RecordedResource, Recording } from "../../helpers/pulumi";
import type { Change } from "../../helpers/stack-file";
import { recordVariant, variantConfig } from "../../helpers/variants";

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

/** What becomes different when one password does. */
async function changesWith(config: StackConfig, before: Recording, password: string): Promise<string[]> {
  const after = await recordVariant(config, (name, type) =>
    name !== password
      ? undefined
      : type === PASSWORD
        ? { result: "z".repeat(40) }
        : { authString: "z".repeat(40) },
  );
  return changes(before, after);
}

/** Workloads that have to be replaced when the password of a resource has changed, and all that changes besides. */
type Expected = Readonly<Record<string, readonly string[]>>;

const DATABASE_IN_CLUSTER: Expected = {
  "mongodb-application-password": ["Deployment backend-deployment", "Secret mongodb-application"],
  "mongodb-data-model-password": ["Job mongodb-data-model-job", "Secret mongodb-application"],
  // Read by the operator and by the pods that it makes.
  ...Object.fromEntries(
    ["databaseAdmin", "clusterAdmin", "clusterMonitor", "userAdmin", "backup"].map((user) => [
      `mongodb-${user}-password`,
      ["Secret mongodb-users"],
    ]),
  ),
};

const CACHE = ["Deployment redis-cache-deployment", "Secret redis-cache-credentials"];
const SESSION = ["Secret redis-session-credentials", "StatefulSet redis-session-statefulset"];

const CACHES_IN_CLUSTER: Expected = {
  "redis-cache-password": ["Deployment backend-deployment", "Deployment matching-deployment", ...CACHE],
  "redis-session-password": ["Deployment backend-deployment", ...SESSION],
  // Known to the servers before any service uses it, and what only they use.
  "redis-cache-password-2": CACHE,
  "redis-session-password-2": SESSION,
  "redis-cache-internal-password": CACHE,
  "redis-cache-internal-password-2": CACHE,
  "redis-session-internal-password": SESSION,
  "redis-session-internal-password-2": SESSION,
};

const ELASTICACHE: Expected = {
  "redis-cache-password": [
    "Deployment backend-deployment",
    "Deployment matching-deployment",
    "ReplicationGroup redis-cache-replication-group",
    "Secret redis-cache-credentials",
  ],
  "redis-session-password": [
    "Deployment backend-deployment",
    "ReplicationGroup redis-session-replication-group",
    "Secret redis-session-credentials",
  ],
};

const ATLAS: Expected = {
  "mongodb-application-password": [
    "DatabaseUser mongodb-application-user",
    "Deployment backend-deployment",
    "Secret mongodb-application",
  ],
  "mongodb-data-model-password": [
    "DatabaseUser mongodb-data-model-user",
    "Job mongodb-data-model-job",
    "Secret mongodb-application",
  ],
};

const CASES: readonly (readonly [variant: string, expected: Expected, ...changes: readonly Change[]])[] = [
  ["production on aws", { ...CACHES_IN_CLUSTER, ...DATABASE_IN_CLUSTER }],
  ["production with ElastiCache and Atlas", { ...ELASTICACHE, ...ATLAS }],
  ["production with Memorystore and Atlas", ATLAS],
];

describe("a credential that changes", function () {
  this.timeout(120_000);

  for (const [variant, expected] of CASES) {
    it(`replaces the pods that read it, and no others: ${variant}`, async () => {
      const config = variantConfig(variant);
      const before = await recordVariant(config);
      const passwords = before.ofType(PASSWORD).map(({ name }) => name);
      assert.deepEqual(
        passwords.filter((name) => name !== "origin-lock-value").sort(),
        Object.keys(expected).sort(),
      );
      const found = await inTurn(Object.keys(expected), (name) => changesWith(config, before, name));
      assert.deepEqual(
        found,
        Object.fromEntries(Object.entries(expected).map(([name, all]) => [name, [...all].sort()])),
      );
    });
  }

  it("replaces the services of a Memorystore whose password Google changed, or that got another authority", async () => {
    const config = variantConfig("production with Memorystore and Atlas");
    const before = await recordVariant(config);
    assert.deepEqual(await changesWith(config, before, "redis-cache-instance"), [
      "Deployment backend-deployment",
      "Deployment matching-deployment",
      "Secret redis-cache-credentials",
    ]);
    const authority = await recordVariant(config, (name) =>
      name === "redis-session-instance" ? { serverCaCerts: [{ cert: "the next" }] } : undefined,
    );
    assert.deepEqual(changes(before, authority), [
      "Deployment backend-deployment",
      // One file for all caches.
      "Deployment matching-deployment",
      "Secret cache-authorities",
    ]);
  });

  it("replaces the services that sign URLs, when it is the one they sign with", async () => {
    const config = variantConfig("production with HAProxy behind Cloudflare", signs);
    const before = await recordVariant(config);
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
      recordVariant(
        variantConfig(
          "production on aws",
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
    const before = await recordVariant(variantConfig("production on aws"));
    const after = await recordVariant(
      variantConfig("production on aws", (file) => (file["loadBalancer"].maxBodyMiB = 11)),
    );
    assert.deepEqual(
      changes(before, after).filter((name) => isWorkload(name) || name.startsWith("ConfigMap")),
      ["ConfigMap nginx-load-balancer-config", "Deployment nginx-load-balancer-deployment"],
    );
  });
});

/** One after the other: mocks are the process's. */
async function inTurn<Value>(
  names: readonly string[],
  find: (name: string) => Promise<Value>,
): Promise<Record<string, Value>> {
  const found: Record<string, Value> = {};
  for (const name of names) found[name] = await find(name);
  return found;
}
