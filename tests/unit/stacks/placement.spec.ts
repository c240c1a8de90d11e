import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import * as lb from "@pulumi/aws/lb";

import { placedIn } from "../../../components/shared/placement";
import { recordVariant } from "../../helpers/cloud-variants";
import { VARIANTS } from "../../helpers/variants";
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

/** What CloudFront has in a region of its own, wherever the stack is. */
const AT_THE_EDGE = /^cdn-(certificate|web-acl|log-)/;

describe("the place of every resource of a cloud", function () {
  this.timeout(60_000);

  for (const variant of Object.keys(VARIANTS)) {
    it(`is the cluster's in ${variant}`, async () => {
      const { resources } = await recordVariant(variant);
      const region = ({ type, name }: { type: string; name: string }): string =>
        type !== "aws:s3/bucket:Bucket" && AT_THE_EDGE.test(name) ? "us-east-1" : "eu-central-1";
      const aws = resources.filter(({ type }) => type.startsWith("aws:") && takes(type, "region"));
      const gcp = resources.filter(({ type }) => type.startsWith("gcp:") && takes(type, "project"));
      assert.ok(aws.length + gcp.length > 10, "nothing was looked at");
      assert.deepEqual(
        aws.map(({ name, inputs }) => [name, inputs["region"]]),
        aws.map((resource) => [resource.name, region(resource)]),
      );
      assert.deepEqual(
        gcp.map(({ name, inputs }) => [name, inputs["project"]]),
        gcp.map(({ name }) => [name, "retrofitlink-production"]),
      );
      assert.ok(
        !resources.some(({ type }) => /^pulumi:providers:(aws|gcp)$/.test(type)),
        "a second provider",
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
