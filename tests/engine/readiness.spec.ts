import assert from "node:assert/strict";

import { ENGINE_TIMEOUT_MS, Project, operations, theLiveCluster } from "../helpers/engine";
import { KubernetesClient, connectionFromKubeconfig } from "../../sandbox/cluster/kubernetes-client";
import type { StackRun } from "../../engine/stack";

const SLOW = `"pod-ready.stage.kwok.x-k8s.io/delay": "1h"`;

interface Sketch {
  readonly image?: string;
  /** Annotations of the Deployment. */
  readonly annotations?: string;
  /** Annotations of its pods. */
  readonly pods?: string;
}

const deployment = (name: string, { image = "app:1", annotations = "", pods = "" }: Sketch = {}): string => `
  new k8s.apps.v1.Deployment("${name}", {
    metadata: { name: "${name}", namespace: ns.metadata.name, annotations: { ${annotations} } },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: "${name}" } },
      template: {
        metadata: { labels: { app: "${name}" }, annotations: { ${pods} } },
        spec: { containers: [{ name: "main", image: "registry.example/${image}" }] },
      },
    },
  });`;

describe("stand-in of the Kubernetes provider where pods run", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  const program = (name: string, body: string): string =>
    `const ns = new k8s.core.v1.Namespace("ns", { metadata: { name: "${name}" } });\n${body}`;

  async function run(project: Project, operation: "up" | "destroy" = "up"): Promise<StackRun> {
    const { kubeconfig } = await theLiveCluster();
    return await project.run(operation, { kubeconfig });
  }

  async function read(kind: string, name: string, namespace: string): Promise<Record<string, unknown>> {
    const { kubeconfig } = await theLiveCluster();
    const client = new KubernetesClient(connectionFromKubeconfig(kubeconfig));
    try {
      const apiVersion = kind === "Job" ? "batch/v1" : "apps/v1";
      const live = await client.read({ apiVersion, kind, metadata: { name, namespace } });
      return (live?.["status"] ?? {}) as Record<string, unknown>;
    } finally {
      client.close();
    }
  }

  it("waits until a Deployment is rolled out, and again when it changes", async () => {
    const project = new Project("rollout").program(program("rollout", deployment("app")));
    assert.equal((await run(project)).succeeded, true);
    assert.equal((await read("Deployment", "app", "rollout"))["availableReplicas"], 3);

    project.program(program("rollout", deployment("app", { image: "app:2" })));
    const again = await run(project);
    assert.deepEqual([again.succeeded, operations(again)], [true, ["same ns", "update app"]]);
    const status = await read("Deployment", "app", "rollout");
    assert.deepEqual([status["updatedReplicas"], status["unavailableReplicas"] ?? 0], [3, 0]);

    const destroyed = await run(project, "destroy");
    assert.deepEqual([destroyed.succeeded, destroyed.errors], [true, []]);
    assert.deepEqual(await read("Deployment", "app", "rollout"), {});
  });

  it("waits for StatefulSets with their volumes, for Jobs, and for Services to have pods", async () => {
    const body = `
      const metadata = (name: string) => ({ name, namespace: ns.metadata.name });
      const containers = [{ name: "main", image: "registry.example/app:1" }];
      new k8s.apps.v1.StatefulSet("db", { metadata: metadata("db"), spec: {
        serviceName: "db", replicas: 2, selector: { matchLabels: { app: "db" } },
        template: { metadata: { labels: { app: "db" } }, spec: { containers } },
        volumeClaimTemplates: [{ metadata: { name: "data" }, spec: {
          accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "3Gi" } } } }],
      } });
      new k8s.core.v1.Service("service", { metadata: metadata("db"),
        spec: { type: "LoadBalancer", selector: { app: "db" }, ports: [{ port: 80 }] } });
      new k8s.batch.v1.Job("once", { metadata: metadata("once"),
        spec: { template: { spec: { restartPolicy: "Never", containers } } } });`;
    const project = new Project("waits").program(program("waits", body));
    const made = await run(project);
    assert.deepEqual([made.succeeded, made.errors], [true, []]);
    assert.equal((await read("StatefulSet", "db", "waits"))["readyReplicas"], 2);
    assert.equal((await read("Job", "once", "waits"))["succeeded"], 1);
    await run(project, "destroy");
  });

  it("says what is missing when the time is over, keeps the object, and goes on with it", async () => {
    const slow = deployment("app", { annotations: `"pulumi.com/timeoutSeconds": "4"`, pods: SLOW });
    const project = new Project("late").program(program("late", slow));
    const failed = await run(project);
    assert.equal(failed.succeeded, false);
    const said = failed.errors.join("\n");
    assert.match(said, /the Deployment "late\/app" was made and did not become ready/);
    assert.match(said, /it was not ready within 4 s/);
    assert.match(said, /pod app-\S+ is Running: its containers are not ready/);
    assert.match(project.state(), /"initErrors"/);

    project.program(program("late", deployment("app")));
    const mended = await run(project);
    assert.deepEqual([mended.succeeded, operations(mended)], [true, ["same ns", "update app"]]);
    assert.doesNotMatch(project.state(), /"initErrors"/);
  });

  it("does not wait when it is told so", async () => {
    const slow = deployment("app", { annotations: `"pulumi.com/skipAwait": "true"`, pods: SLOW });
    const project = new Project("skip").program(program("skip", slow));
    assert.equal((await run(project)).succeeded, true);
    assert.equal((await read("Deployment", "app", "skip"))["readyReplicas"], undefined);
  });

  it("gives up on a Job that has failed", async () => {
    const job = `new k8s.batch.v1.Job("once", {
      metadata: { name: "once", namespace: ns.metadata.name },
      spec: { backoffLimit: 0, template: {
        metadata: { annotations: { "retrofitlink.local/exit-code": "3" } },
        spec: { restartPolicy: "Never", containers: [{ name: "main", image: "registry.example/app:1" }] },
      } },
    });`;
    const project = new Project("fails").program(program("fails", job));
    const failed = await run(project);
    assert.equal(failed.succeeded, false);
    assert.match(failed.errors.join("\n"), /\[BackoffLimitExceeded\]/);
  });
});
