/** The rest of what the official provider does is in tests/nightly. */
import assert from "node:assert/strict";

import { ENGINE_TIMEOUT_MS, Project, kubectl, operations, theClient } from "../helpers/engine";
import { deployment, inNamespace } from "../helpers/kubernetes-programs";

describe("stand-in of the Kubernetes provider", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  it("creates, leaves alone, updates, replaces and deletes", async () => {
    const project = new Project("lifecycle").program(inNamespace("lifecycle", deployment()));
    assert.deepEqual(operations(await project.run("up")), ["create app", "create ns"]);
    assert.deepEqual(operations(await project.run("up")), ["same app", "same ns"]);

    project.program(inNamespace("lifecycle", deployment({ image: "registry.example/app:2" })));
    assert.deepEqual(operations(await project.run("up")), ["same ns", "update app"]);
    const image = await kubectl("get", "deployment/app", "-n", "lifecycle", "-o", "jsonpath={..image}");
    assert.equal(image, "registry.example/app:2");

    project.program(inNamespace("lifecycle", deployment({ app: "other" })));
    assert.deepEqual(operations(await project.run("up")), ["replace app", "same ns"]);
    const label = await kubectl(
      "get",
      "deployment/app",
      "-n",
      "lifecycle",
      "-o",
      "jsonpath={.spec.selector.matchLabels.app}",
    );
    assert.equal(label, "other");

    const destroyed = await project.run("destroy");
    assert.deepEqual([destroyed.succeeded, destroyed.errors], [true, []]);
    const client = await theClient();
    const namespaces = await client.list("v1", "Namespace");
    client.close();
    assert.ok(!namespaces.some(({ metadata }) => metadata.name === "lifecycle"));
  });

  it("previews each replacement of an object of the same name, carries it out, and replaces what depends on it", async () => {
    const objects = (v: 1 | 2): string => `
      const metadata = (name: string) => ({ name, namespace: ns.metadata.name });
      const template = (app: string, more = {}) => ({
        metadata: { labels: { app } },
        spec: { containers: [{ name: "app", image: "registry.example/app:1" }], ...more },
      });
      const claim = { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "${v}Gi" } } } };
      for (const [name, more] of [
        ["claims", { volumeClaimTemplates: [claim] }],
        ["policy", { podManagementPolicy: "${v === 1 ? "OrderedReady" : "Parallel"}" }],
        ["history", { revisionHistoryLimit: ${v} }],
      ] as const) {
        new k8s.apps.v1.StatefulSet(name, { metadata: metadata(name),
          spec: { serviceName: name, selector: { matchLabels: { app: name } }, template: template(name), ...more } });
      }
      new k8s.apps.v1.Deployment("selector", { metadata: metadata("selector"),
        spec: { selector: { matchLabels: { app: "a${v}" } }, template: template("a${v}") } });
      new k8s.batch.v1.Job("job", { metadata: metadata("job"),
        spec: { template: template("job", { restartPolicy: "Never", terminationGracePeriodSeconds: ${v} }) } });
      new k8s.core.v1.Service("service", { metadata: metadata("service"),
        spec: { ${v === 1 ? "" : 'clusterIP: "None",'} ports: [{ port: 80 }] } });
      const secret = new k8s.core.v1.Secret("secret", { metadata: metadata("secret"), type: "example.com/v${v}" });
      new k8s.apps.v1.Deployment("reader", { metadata: metadata("reader"),
        spec: { selector: { matchLabels: { app: "reader" } },
          template: template("reader", { volumes: [{ name: "secret", secret: { secretName: secret.metadata.name } }] }) } });`;
    const project = new Project("replacements").program(inNamespace("replacements", objects(1)));
    assert.deepEqual((await project.run("up")).errors, []);
    project.program(inNamespace("replacements", objects(2)));
    const names = ["claims", "history", "job", "policy", "reader", "secret", "selector", "service"];
    for (const operation of ["preview", "up"] as const) {
      const run = await project.run(operation);
      assert.deepEqual(
        [run.errors, operations(run)],
        [[], [...names.map((name) => `replace ${name}`), "same ns"]],
      );
    }
    assert.match(operations(await project.run("up")).join(), /^(same \w+,?)+$/);
  });

  it("shows the API server's own words at preview, and makes nothing", async () => {
    const project = new Project("refused").program(
      inNamespace("refused", deployment({ extra: "minReadySeconds: -1, unknownField: 1 as never," })),
    );
    const run = await project.run("preview");
    assert.equal(run.succeeded, false);
    assert.match(
      run.errors.join("\n"),
      /the API server refused Deployment "refused\/app" \(\d+ \w+\):.*unknown field "spec\.unknownField"/,
    );
    const client = await theClient();
    const namespaces = await client.list("v1", "Namespace");
    client.close();
    assert.ok(!namespaces.some(({ metadata }) => metadata.name === "refused"));
  });

  it("keeps secrets out of state and events, and gives them to the API server", async () => {
    const project = new Project("secrets").program(
      inNamespace(
        "secrets",
        `const password = new random.RandomPassword("password", { length: 24, special: false });
         new k8s.core.v1.Secret("login", { metadata: { name: "login", namespace: ns.metadata.name }, stringData: { password: password.result } });
         export const hidden = password.result;`,
      ),
    );
    const run = await project.run("up");
    const stored = await kubectl("get", "secret/login", "-n", "secrets", "-o", "jsonpath={.data.password}");
    const password = Buffer.from(stored, "base64").toString();
    assert.match(password, /^[A-Za-z0-9]{24}$/);
    assert.ok(!project.state().includes(password));
    assert.ok(!project.state().includes(stored));
    assert.ok(!JSON.stringify(run).includes(password));
    assert.equal(run.outputs["hidden"], undefined);
  });

  it("refuses at preview and at up to make an object that somebody else made, unless it is told to take it", async () => {
    await kubectl("create", "namespace", "taken");
    const program = (upsert: boolean): string =>
      `const provider = new k8s.Provider("cluster", { upsertExistingObjects: ${upsert} });
       new k8s.core.v1.Namespace("taken", { metadata: { name: "taken", labels: { team: "a" } } }, { provider });`;
    const project = new Project("taken").program(program(false));
    for (const operation of ["preview", "up"] as const) {
      const { errors } = await project.run(operation);
      assert.match(
        errors.join("\n"),
        /the API server refused Namespace "taken" \(409 AlreadyExists\):.*\n.*pulumi import/,
        operation,
      );
    }
    project.program(program(true));
    assert.deepEqual((await project.run("preview")).errors, []);
    assert.equal((await project.run("up")).succeeded, true);
    assert.equal(await kubectl("get", "namespace/taken", "-o", "jsonpath={.metadata.labels.team}"), "a");
  });

  it("accepts the custom resources of the operators and holds them to their schema", async () => {
    const scaled = (spec: string): string =>
      `new k8s.apiextensions.CustomResource("scaled", {
        apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject",
        metadata: { name: "scaled", namespace: "default" }, spec: ${spec} });`;
    const good = `{ scaleTargetRef: { name: "app" }, triggers: [{ type: "cpu", metadata: { value: "60" } }] }`;
    const project = new Project("custom").program(scaled(good));
    assert.deepEqual((await project.run("preview")).errors, []);
    project.program(scaled(`{ triggers: [] }`));
    assert.match((await project.run("preview")).errors.join("\n"), /scaleTargetRef/);
  });
});
