import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { zipSync } from "fflate";

import { ROOT } from "../../cli/paths";
import { operations, Project } from "./engine";

const COMPONENT = JSON.stringify(join(ROOT, "components", "edge", "images", "image-optimizer"));

function program(project: Project, cloud: "aws" | "gcp", bundles: string): Project {
  const place =
    cloud === "aws"
      ? `cloud: "aws", region: "eu-central-1", originals: { name: "originals", arn: "arn:aws:s3:::originals" }`
      : `cloud: "gcp", project: "example", region: "europe-west3", originals: { name: "originals" }`;
  return project.program(
    `const { ImageOptimizer } = require(${COMPONENT});
     new ImageOptimizer("images", { configKey: "retrofitlink:cdn.images", ${place}, prefix: "images/",
       peakRps: 100, hitRatio: 0.85, maxUtilization: 0.7, bundles: ${JSON.stringify(bundles)} });`,
  );
}

function bundleIn(folder: string, cloud: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  const zip = zipSync({ [`${cloud}.js`]: Buffer.from(text) }, { mtime: new Date(1980, 0, 1) });
  writeFileSync(join(folder, `${cloud}.zip`), zip);
  const sha256 = createHash("sha256").update(zip).digest("hex");
  writeFileSync(join(folder, `${cloud}.json`), JSON.stringify({ sha256 }));
}

/** Declares what the image function does on one cloud. */
export function imageLife(cloud: "aws" | "gcp"): void {
  it(`previews on ${cloud} before its code is built, and says what to run before an update`, async () => {
    const project = new Project(`images-${cloud}-unbuilt`);
    program(project, cloud, join(project.directory, "none"));
    const preview = await project.run("preview");
    assert.deepEqual([preview.errors, preview.succeeded], [[], true]);
    assert.match(preview.warnings.join("\n"), /is missing .*run `make image-function` before an update/);
    const up = await project.run("up");
    assert.equal(up.succeeded, false);
    assert.match(up.errors.join("\n"), /Run `make image-function` first\./);
    assert.doesNotMatch(up.errors.join("\n"), /\n\s+at /);
  });

  it(`deploys on ${cloud} once, and again only when the code has changed`, async () => {
    const project = new Project(`images-${cloud}`);
    const bundles = join(project.directory, "bundles");
    bundleIn(bundles, cloud, "1");
    program(project, cloud, bundles);
    const first = await project.run("up");
    assert.deepEqual([first.errors, first.succeeded], [[], true]);
    const second = await project.run("up");
    assert.deepEqual(second.errors, []);
    assert.ok(operations(second).length > 5);
    assert.ok(
      operations(second).every((line) => line.startsWith("same ")),
      operations(second).join(),
    );
    bundleIn(bundles, cloud, "2");
    const third = await project.run("up");
    assert.deepEqual([third.errors, third.succeeded], [[], true]);
    const changed = third.resources.filter(({ operation }) => operation !== "same").map(({ name }) => name);
    assert.ok(changed.includes("images-function"), changed.join());
  });
}
