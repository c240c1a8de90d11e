import assert from "node:assert/strict";

import { ENGINE_TIMEOUT_MS, Project, kubectl, operations, theClient } from "../helpers/engine";

const NAMESPACE = `const ns = new k8s.core.v1.Namespace("ns", { metadata: { name: "NAME" } });`;

function deployment(options: { image?: string; app?: string; extra?: string } = {}): string {
  const { image = "registry.example/app:1", app = "app", extra = "" } = options;
  return `new k8s.apps.v1.Deployment("app", {
    metadata: { name: "app", namespace: ns.metadata.name },
    spec: {
      selector: { matchLabels: { app: "${app}" } },
      template: {
        metadata: { labels: { app: "${app}" } },
        spec: { containers: [{ name: "app", image: "${image}" }] },
      },
      ${extra}
    },
  }, OPTIONS);`;
}

describe("stand-in of the Kubernetes provider", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  const inNamespace = (name: string, body: string, options = "{}"): string =>
    `${NAMESPACE.replace("NAME", name)}\n${body.replace("OPTIONS", options)}`;

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

  it("removes a field that the program no longer sets", async () => {
    const project = new Project("fields").program(
      inNamespace("fields", deployment({ extra: "minReadySeconds: 7," })),
    );
    await project.run("up");
    project.program(inNamespace("fields", deployment()));
    await project.run("up");
    const seconds = await kubectl(
      "get",
      "deployment/app",
      "-n",
      "fields",
      "-o",
      "jsonpath={.spec.minReadySeconds}",
    );
    assert.equal(seconds, "");
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

  it("judges an object at preview although its namespace is yet to come", async () => {
    const project = new Project("to-come").program(
      inNamespace("to-come", deployment({ extra: "minReadySeconds: -1," })),
    );
    const run = await project.run("preview");
    assert.match(
      run.errors.join("\n"),
      /spec\.minReadySeconds: Invalid value: -1: must be greater than or equal to 0/,
    );
  });

  it("makes up a name once and keeps it until the object is replaced", async () => {
    const program = (value: string): string =>
      inNamespace(
        "autonaming",
        `const map = new k8s.core.v1.ConfigMap("settings", { metadata: { namespace: ns.metadata.name }, data: { value: "${value}" } });
         export const name = map.metadata.name;`,
      );
    const project = new Project("autonaming").program(program("1"));
    const first = await project.run("up");
    assert.match(String(first.outputs["name"]), /^settings-[0-9a-f]{8}$/);
    assert.equal((await project.run("up")).outputs["name"], first.outputs["name"]);
    project.program(program("2"));
    const second = await project.run("up");
    assert.deepEqual(operations(second), ["replace settings", "same ns"]);
    assert.notEqual(second.outputs["name"], first.outputs["name"]);
    const names = await kubectl(
      "get",
      "configmaps",
      "-n",
      "autonaming",
      "-o",
      "jsonpath={.items[*].metadata.name}",
    );
    assert.equal(names, second.outputs["name"]);
  });

  it("keeps what the program is told to ignore", async () => {
    const options = `{ ignoreChanges: ["spec.template.spec.containers[0].image"] }`;
    const project = new Project("ignore").program(inNamespace("ignore", deployment(), options));
    await project.run("up");
    project.program(inNamespace("ignore", deployment({ image: "registry.example/app:9" }), options));
    assert.deepEqual(operations(await project.run("up")), ["same app", "same ns"]);
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

  it("leaves at preview unknown what only the server decides, and nothing else", async () => {
    const project = new Project("unknown").program(
      inNamespace(
        "unknown",
        `const service = new k8s.core.v1.Service("web", { metadata: { name: "web", namespace: "default" }, spec: { ports: [{ port: 80 }] } });
         new k8s.core.v1.ConfigMap("seen", {
           metadata: { name: "seen", namespace: "default" },
           data: { address: service.spec.clusterIP, type: service.spec.type, uid: service.metadata.uid },
         });`,
      ),
    );
    const run = await project.run("preview");
    const seen = run.resources.find(({ name }) => name === "seen");
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    assert.deepEqual(seen?.inputs["data"], { address: unknown, type: "ClusterIP", uid: unknown });
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

  it("looks up what is there, and says at preview what is not", async () => {
    const program = (name: string): string =>
      `const found = k8s.core.v1.Namespace.get("found", "${name}");
       export const phase = found.status.phase;`;
    const project = new Project("look-up").program(program("default"));
    const { outputs, errors } = await project.run("up");
    assert.deepEqual([outputs["phase"], errors], ["Active", []]);
    // What the stack made before is given up, not deleted.
    const made = new Project("given-up").program(
      `new k8s.core.v1.Namespace("ns", { metadata: { name: "given-up" } });`,
    );
    await made.run("up");
    made.program(`k8s.core.v1.Namespace.get("ns", "given-up");`);
    assert.deepEqual((await made.run("up")).errors, []);
    assert.equal(await kubectl("get", "namespace/given-up", "-o", "jsonpath={.status.phase}"), "Active");
    project.program(program("nowhere"));
    assert.match((await project.run("preview")).errors.join("\n"), /'nowhere' does not exist/);
  });

  it("takes over what was changed by kubectl", async () => {
    const project = new Project("hotfix").program(inNamespace("hotfix", deployment()));
    await project.run("up");
    await kubectl("set", "image", "deployment/app", "app=registry.example/app:hotfix", "-n", "hotfix");
    project.program(inNamespace("hotfix", deployment({ extra: "minReadySeconds: 5," })));
    assert.deepEqual((await project.run("up")).errors, []);
    const image = ["get", "deployment/app", "-n", "hotfix", "-o", "jsonpath={..image}"];
    assert.equal(await kubectl(...image), "registry.example/app:1");
  });

  it("takes over nothing of other managers, unless it is told to", async () => {
    const project = new Project("operator").program(inNamespace("operator", deployment()));
    await project.run("up");
    const patch = JSON.stringify({ spec: { minReadySeconds: 9 } });
    await kubectl("patch", "deployment/app", "-n", "operator", "--field-manager=operator", "-p", patch);
    const changed = deployment({ extra: "minReadySeconds: 6," });
    // Before the first update a preview passes over conflicts, in the official provider as well.
    for (const operation of ["up", "preview"] as const) {
      const { errors } = await project.program(inNamespace("operator", changed)).run(operation);
      assert.match(
        errors.join("\n"),
        /\(409 Conflict\).*conflict with "operator".*minReadySeconds.*patchForce/s,
        operation,
      );
    }
    const forced = changed.replace(
      'name: "app",',
      'name: "app", annotations: { "pulumi.com/patchForce": "true" },',
    );
    project.program(inNamespace("operator", forced));
    assert.deepEqual((await project.run("up")).errors, []);
  });

  it("does not make an object anew that somebody deleted, before a refresh", async () => {
    const project = new Project("vanished").program(inNamespace("vanished", deployment()));
    await project.run("up");
    await kubectl("delete", "deployment/app", "-n", "vanished");
    project.program(inNamespace("vanished", deployment({ image: "registry.example/app:2" })));
    const { errors } = await project.run("up");
    assert.match(errors.join("\n"), /Deployment "vanished\/app" \(404 NotFound\).*\n.*pulumi refresh/);
  });

  it("finds out by a refresh that an object is gone", async () => {
    const project = new Project("gone").program(inNamespace("gone", deployment()));
    await project.run("up");
    await kubectl("delete", "deployment/app", "-n", "gone");
    await project.run("refresh");
    assert.deepEqual(operations(await project.run("up")), ["create app", "same ns"]);
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
