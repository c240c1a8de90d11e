import assert from "node:assert/strict";

import { changedPaths } from "../../../runtime/edge";

const file = (hash: string, fingerprinted = false): { hash: string; fingerprinted: boolean } => ({
  hash,
  fingerprinted,
});

describe("paths that a deploy changed", () => {
  it("are those that stayed and have another content, or went", () => {
    const before = {
      "/index.html": file("1"),
      "/robots.txt": file("2"),
      "/offers/index.html": file("3"),
      "/app.0a1b.js": file("4", true),
      "/gone.txt": file("5"),
    };
    const after = {
      "/index.html": file("1b"),
      "/robots.txt": file("2"),
      "/offers/index.html": file("3b"),
      "/app.9f8e.js": file("6", true),
      "/new.txt": file("7"),
    };
    assert.deepEqual(changedPaths(before, after), [
      "/",
      "/gone.txt",
      "/index.html",
      "/offers/",
      "/offers/index.html",
    ]);
  });
});
