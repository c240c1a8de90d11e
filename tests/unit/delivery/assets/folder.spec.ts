import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { readFolder } from "../../../../delivery/assets/folder";

describe("folder of assets", () => {
  let root: string;
  const put = (path: string, content = "x"): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "assets-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("is read as a whole, in one order, with slashes", () => {
    for (const path of ["b.js", "a/z.css", "a/b/c.png", ".well-known/security.txt"]) put(path, path);
    const { files, skipped } = readFolder(root);
    assert.deepEqual(
      files.map(({ path, content }) => [path, content.toString()]),
      [".well-known/security.txt", "a/b/c.png", "a/z.css", "b.js"].map((path) => [path, path]),
    );
    assert.deepEqual(skipped, []);
  });

  it("keeps hidden files to itself, and says so", () => {
    for (const path of ["a.js", ".env", ".git/config", "css/.DS_Store", "css/.well-known/x"]) put(path);
    const { files, skipped } = readFolder(root);
    assert.deepEqual(
      files.map(({ path }) => path),
      ["a.js"],
    );
    assert.deepEqual(skipped, [".env", ".git", "css/.DS_Store", "css/.well-known"]);
  });

  it("refuses a symbolic link wherever it leads: out, to a file within, to nothing", () => {
    put("a.js");
    for (const to of ["/etc/passwd", "a.js", "..", "nothing"]) {
      const link = join(root, "link");
      symlinkSync(to, link);
      assert.throws(() => readFolder(root), /link is a symbolic link\n {2}next: put the file itself/, to);
      rmSync(link);
    }
  });

  it("refuses names that have no plain URL", () => {
    for (const name of ["a\\b.js", "a\nb.js", "a?b.js", "a#b.js", "a%2e.js", "ä.js", "a:b.js"]) {
      put(name);
      assert.throws(() => readFolder(root), /cannot be published under this name/, name);
      rmSync(join(root, name));
    }
  });

  it("refuses a folder that is none, or empty", () => {
    assert.throws(
      () => readFolder(join(root, "none")),
      /there is no folder .*\n {2}next: build the assets first/,
    );
    assert.throws(() => readFolder(root), /is empty/);
    put("file");
    assert.throws(() => readFolder(join(root, "file")), /there is no folder/);
  });
});
