import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";

import { transformed } from "../../../../components/shared/transform";

interface ObjectArgs {
  readonly metadata?: pulumi.Input<{
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  }>;
  readonly spec?: { readonly ports?: readonly number[]; readonly type?: pulumi.Input<string> };
}

const args: ObjectArgs = {
  metadata: { name: "backend", labels: { app: "backend" } },
  spec: { ports: [80, 443], type: "ClusterIP" },
};

describe("transform of a child", () => {
  it("merges a part deeply, and replaces lists", () => {
    const part = { metadata: { annotations: { a: "b" } }, spec: { ports: [8080] } };
    assert.deepEqual(transformed<ObjectArgs>(part, "child", args, {}), [
      "child",
      {
        metadata: { name: "backend", labels: { app: "backend" }, annotations: { a: "b" } },
        spec: { ports: [8080], type: "ClusterIP" },
      },
      {},
    ]);
  });

  it("merges into what is only known later, and takes outputs as they are", async () => {
    const later: ObjectArgs = { metadata: pulumi.output({ name: "later", labels: { app: "x" } }) };
    const type = pulumi.output("NodePort");
    const [, changed] = transformed<ObjectArgs>(
      { metadata: { labels: { tier: "y" } }, spec: { type } },
      "child",
      later,
      {},
    );
    assert.equal(changed.spec?.type, type);
    const metadata = await new Promise((resolve) => pulumi.output(changed.metadata).apply(resolve));
    assert.deepEqual(metadata, { name: "later", labels: { app: "x", tier: "y" } });
  });

  it("lets a function change arguments and options in place, or return new ones", () => {
    const opts = { protect: false };
    const [name, changed, ownOpts] = transformed<ObjectArgs>(
      (given, options, childName) => {
        options.protect = true;
        return { ...given, metadata: { name: childName } };
      },
      "child",
      args,
      opts,
    );
    assert.deepEqual([name, changed.metadata, ownOpts], ["child", { name: "child" }, { protect: true }]);
    assert.deepEqual(opts, { protect: false });
    const [, same] = transformed<ObjectArgs>(() => undefined, "child", args, opts);
    assert.equal(same, args);
  });
});
