import assert from "node:assert/strict";

import { newestOf, table } from "../../../scripts/outdated-versions";

describe("versions that are behind", () => {
  it("are compared within the shape of the pinned tag", () => {
    const tags = ["1.30.0", "1.30.2", "1.31.0-alpine", "latest", "1.30", "v1.40.0", "2.0.1", "1.4.9"];
    assert.deepEqual(newestOf("1.30.0", tags), { inLine: "1.30.2", newest: "2.0.1" });
    assert.deepEqual(newestOf("v1.30.0", tags), { inLine: "v1.40.0", newest: "v1.40.0" });
  });

  it("count builds of one release upwards", () => {
    const tags = ["8.0.19-7", "8.0.19-10", "8.0.19", "7.0.30-1"];
    assert.deepEqual(newestOf("8.0.19-7", tags), { inLine: "8.0.19-10", newest: "8.0.19-10" });
  });

  it("are none where nothing is newer, or nothing has the shape", () => {
    assert.deepEqual(newestOf("3.2.12", ["3.2.11", "3.3-dev4", "lts"]), {
      inLine: "3.2.12",
      newest: "3.2.12",
    });
    assert.deepEqual(newestOf("weekly", ["1.0.0"]), { inLine: "weekly", newest: "weekly" });
  });

  it("are listed in columns, and only those", () => {
    const current = { kind: "image", name: "haproxy", pinned: "3.2.12", inLine: "3.2.12", newest: "3.2.12" };
    assert.deepEqual(table([current]), ["1 versions asked for, none behind"]);
    assert.deepEqual(
      table([current, { ...current, name: "nginx", pinned: "1.30.0", inLine: "1.30.2", newest: "2.0.0" }]),
      ["kind   name   pinned  in its line  newest", "image  nginx  1.30.0  1.30.2       2.0.0"],
    );
  });
});
