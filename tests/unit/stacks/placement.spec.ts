import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import * as lb from "@pulumi/aws/lb";

import { placedIn } from "../../../components/shared/placement";
import { CLOUD_VARIANTS, recordVariant } from "../../helpers/cloud-variants";
import { record } from "../../helpers/pulumi";

/** True when the SDK's class of a type takes an input, as its own source says. */
function takes(type: string, input: string): boolean {
  const [cloud = "", path = ""] = type.split(":");
  const [module = "", name = ""] = path.split("/");
  const folder = join(dirname(require.resolve(`@pulumi/${cloud}/package.json`)), module);
  // A token writes the first letter small, a file the whole of an abbreviation.
  const file = readdirSync(folder).find((found) => found.toLowerCase() === `${name}.js`.toLowerCase());
  assert.ok(file, type);
  return readFileSync(join(folder, file), "utf8").includes(`resourceInputs["${input}"] = args?.${input}`);
}

/** What CloudFront has in its own region, wherever the stack is. */
const AT_THE_EDGE = /^cdn-/;

describe("the place of every resource of a cloud", () => {
  for (const variant of Object.keys(CLOUD_VARIANTS)) {
    it(`is the cluster's in ${variant}`, async () => {
      const { resources } = await recordVariant(variant);
      const aws = resources.filter(({ type }) => type.startsWith("aws:"));
      const regional = aws.filter(({ type, name }) => takes(type, "region") && !AT_THE_EDGE.test(name));
      const gcp = resources.filter(({ type }) => type.startsWith("gcp:") && takes(type, "project"));
      assert.ok(regional.length + gcp.length > 10, "nothing was looked at");
      assert.deepEqual(
        regional.filter(({ inputs }) => inputs["region"] !== "eu-central-1").map(({ name }) => name),
        [],
      );
      assert.deepEqual(
        gcp.filter(({ inputs }) => inputs["project"] !== "retrofitlink-production").map(({ name }) => name),
        [],
      );
    });
  }
});

describe("placedIn", () => {
  /** A component in one region, with one in another inside it. */
  class Place extends pulumi.ComponentResource {
    constructor(name: string, region: string, opts: pulumi.ComponentResourceOptions = {}) {
      const transformations = [placedIn("aws", { region })];
      super("test:shared:Place", name, {}, pulumi.mergeOptions(opts, { transformations }));
      new lb.TargetGroup(`${name}-group`, {}, { parent: this });
      new lb.TargetGroup(`${name}-elsewhere`, { region: "eu-north-1" }, { parent: this });
    }
  }

  it("gives way to what is nearer: the resource's own, then the component's, then the outer component's", async () => {
    const { resources } = await record(() => {
      const outer = new Place("outer", "eu-central-1");
      new Place("inner", "us-east-1", { parent: outer });
    });
    assert.deepEqual(
      resources
        .filter(({ custom }) => custom)
        .map(({ name, inputs }) => [name, inputs["region"]])
        .sort(),
      [
        ["inner-elsewhere", "eu-north-1"],
        ["inner-group", "us-east-1"],
        ["outer-elsewhere", "eu-north-1"],
        ["outer-group", "eu-central-1"],
      ],
    );
  });
});
