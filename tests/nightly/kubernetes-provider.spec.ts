import assert from "node:assert/strict";

import { ENGINE_TIMEOUT_MS, Project, kubectl, operations } from "../helpers/engine";
import { deployment, inNamespace } from "../helpers/kubernetes-programs";

describe("stand-in of the Kubernetes provider, to the last of its habits", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

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
});
