import assert from "node:assert/strict";

import { rolloutSeconds } from "../../../../components/shared/workload-defaults";
import { createPlatform } from "../../../../stacks/platform";
import { inventedOutputs } from "../../../helpers/cdn";
import { onGcp } from "../../../helpers/stack-file";
import { record, type RecordedResource, type Recording } from "../../../helpers/pulumi";
import { shippedConfig } from "../../../helpers/preview";
import { accepted } from "../sound-stack";

const built = (cluster: object): Promise<Recording> =>
  record(() =>
    createPlatform(
      accepted((c) => {
        Object.assign(c["cluster"], cluster);
        c["caches"] = {
          fast: { purpose: "cache", workingSetMiB: 64 },
          kept: { purpose: "session", workingSetMiB: 64 },
        };
        c["loadBalancer"] = { service: "backend", clientConnections: 100 };
      }),
    ),
  );

interface Workload {
  readonly metadata: { readonly name: string; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: { readonly template: { readonly spec: Readonly<Record<string, unknown>> } };
}

function workloads({ resources }: Recording, ...kinds: readonly string[]): Workload[] {
  return resources
    .filter(({ type }: RecordedResource) => kinds.some((kind) => type.endsWith(`:${kind}`)))
    .map(({ inputs }) => inputs as unknown as Workload);
}

describe("namespace and pods of a stack", function () {
  this.timeout(60_000);

  it("makes the namespace, or takes one that is there before, of which nothing is changed", async () => {
    const made = (await built({})).only("kubernetes:core/v1:Namespace");
    assert.deepEqual(made.inputs["metadata"], {
      name: "retrofitlink",
      labels: { "pod-security.kubernetes.io/enforce": "restricted" },
    });
    const found = (await built({ createNamespace: false })).only("kubernetes:core/v1:Namespace");
    assert.equal(found.inputs["metadata"], undefined);
  });

  it("gives every pod the pull secrets, and those without data half a minute on a node that is gone", async () => {
    const recording = await built({ imagePullSecrets: ["registry"] });
    const all = workloads(recording, "Deployment", "StatefulSet");
    assert.deepEqual(all.map(({ metadata }) => metadata.name).sort(), [
      "backend",
      "fast",
      "kept",
      "nginx-load-balancer",
    ]);
    for (const { metadata, spec } of all) {
      const { imagePullSecrets, tolerations } = spec.template.spec;
      assert.deepEqual(imagePullSecrets, [{ name: "registry" }], metadata.name);
      const seconds = (tolerations as { key: string; tolerationSeconds: number }[] | undefined)?.map(
        ({ key, tolerationSeconds }) => [key, tolerationSeconds],
      );
      assert.deepEqual(
        seconds,
        metadata.name === "kept"
          ? undefined
          : [
              ["node.kubernetes.io/unreachable", 30],
              ["node.kubernetes.io/not-ready", 30],
            ],
        metadata.name,
      );
    }
    const [plain] = workloads(await built({}), "Deployment");
    assert.equal(plain?.spec.template.spec["imagePullSecrets"], undefined);
  });

  it("gives the database's pods and its Job the pull secrets as well", async () => {
    const config = shippedConfig("local", (file) => (file["cluster"].imagePullSecrets = ["registry"]));
    const recording = await record(() => createPlatform(config));
    const [job] = workloads(recording, "Job");
    assert.deepEqual(job?.spec.template.spec["imagePullSecrets"], [{ name: "registry" }]);
    const { inputs } = recording.only("kubernetes:psmdb.percona.com/v1:PerconaServerMongoDB");
    assert.deepEqual((inputs["spec"] as Record<string, unknown>)["imagePullSecrets"], [{ name: "registry" }]);
  });

  it("tells Pulumi to wait as long as a good rollout takes, of every workload of every cloud", async () => {
    for (const change of [undefined, onGcp]) {
      const config = shippedConfig("staging", ...(change === undefined ? [] : [change]), (file) => {
        delete file["cdn"].images;
        for (const service of Object.values<any>(file["services"])) service.profile.warmUpSeconds = 80;
      });
      const invokes = { "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d" } };
      const recording = await record(() => createPlatform(config), { invokes, outputs: inventedOutputs });
      for (const { metadata, spec } of workloads(recording, "Deployment", "StatefulSet")) {
        const seconds = Number(metadata.annotations["pulumi.com/timeoutSeconds"]);
        assert.ok(seconds >= 600, metadata.name);
        if (!(metadata.name in config.services)) continue;
        // Four waves of 25 %, each three warm-ups to start and one to be counted.
        assert.equal(
          seconds,
          300 + 4 * (30 + 240 + 80),
          `${metadata.name} ${JSON.stringify(spec).slice(0, 80)}`,
        );
      }
    }
  });

  it("starts what queries the database after it is there, with its indexes", async () => {
    const { resources } = await record(() => createPlatform(shippedConfig("local")));
    const at = (name: string): number => resources.findIndex((resource) => resource.name === name);
    assert.ok(at("mongodb-data-model-job") >= 0);
    assert.ok(at("mongodb-data-model-job") < at("backend-deployment"));
    // Nothing waits without need.
    assert.ok(at("redis-cache-deployment") < at("backend-deployment"));
  });

  it("derives the wait from surge, start, warm-up and, one pod after the other, from the drain", () => {
    const probe = { periodSeconds: 2, failureThreshold: 30 };
    const template = { spec: { containers: [{ startupProbe: probe }], terminationGracePeriodSeconds: 100 } };
    const surge = (maxSurge: number | string): object => ({ strategy: { rollingUpdate: { maxSurge } } });
    assert.equal(rolloutSeconds("Deployment", {}), 600);
    assert.equal(rolloutSeconds("Deployment", { template, minReadySeconds: 60 }), 300 + 4 * 150);
    assert.equal(
      rolloutSeconds("Deployment", { template, minReadySeconds: 60, ...surge("10%") }),
      300 + 10 * 150,
    );
    assert.equal(rolloutSeconds("StatefulSet", { template, replicas: 3 }), 300 + 3 * 190);
  });
});
