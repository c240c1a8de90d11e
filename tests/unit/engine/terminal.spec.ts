import assert from "node:assert/strict";

import type { StackResource } from "../../../engine/stack";
import { describeChanges } from "../../../engine/terminal";

const resource = (
  operation: StackResource["operation"],
  type = "kubernetes:core/v1:Secret",
): StackResource => ({
  urn: "",
  type,
  name: "",
  parent: "",
  inputs: {},
  operation,
});

describe("what `make up` says it has done", () => {
  it("counts the resources of the program, as `make preview` does, and not the engine's own", () => {
    const own = ["pulumi:pulumi:Stack", "pulumi:providers:kubernetes"].map((type) => resource("same", type));
    const resources = [resource("create"), resource("same"), resource("create"), resource("replace"), ...own];
    assert.equal(describeChanges({ resources }), "2 created, 1 unchanged, 1 replaced");
    assert.equal(describeChanges({ resources: own }), "nothing to do");
  });
});
