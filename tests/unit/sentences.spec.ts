/** One sentence of validation, once: what is said in two places is changed in one of them. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import ts from "typescript";

import { ROOT } from "../../cli/paths";

/** Rooms that say what is wrong with input. */
const ROOMS = ["budget", "components", "stacks"];

/** Longer than a name, a unit or a path. */
const SENTENCE = 30;

/** Said twice so far: each belongs into the settings of its noun. The list only becomes shorter. */
const ALLOWED: readonly string[] = [
  "Choose a certificate for this name, or let one be made with certificate: managed.",
  "Choose the one that is nearest to the load balancer.",
  "Give a public subnet for each zone.",
  "Give the addresses of the load balancer in front.",
  "Give the names that clients use.",
  "Give what the busiest honest client asks, several times over.",
  "Leave it out and it is derived.",
  "Makes the variants of images for the CDN",
  "Name the host that clients, or the CDN, connect to.",
  "Name the private bucket with the originals.",
  "Name the zone, in which the certificate is proved, or give a certificate that is there.",
  "Name the zones of the cluster's nodes.",
  "Name the zones of the cluster's nodes; see `gcloud container clusters describe`.",
  "Raise it by one for new passwords.",
  "Replace several patterns by one.",
  "Say how long a signature is good for.",
  "Say how long access logs are kept.",
  "Shorten it to lower-case letters, digits and hyphens.",
  "Use lower-case letters, digits and hyphens, a letter first.",
  "a DNS label of at most 52 characters",
  "a DNS name like api.example.com, no wildcard",
  "a host name in lower case, like app.example.org",
  "a host name in lower case, like www.example.com",
  "a map of subnetIds and nodeSecurityGroupId",
  'a path that begins with "/", without spaces and "#"',
  "a range in CIDR notation, like 10.0.0.0/8",
  "a whole number from 1 to 3653 (days)",
  "an AWS region, like eu-central-1",
  "at least 2 subnets, in different zones",
  "at least one IPv4 range of at least 8 bits, like 10.0.0.0/16",
  "hashes two fields; MongoDB allows one.",
  "queries/s of a core that nobody has measured",
  "the id of a security group, like sg-0a1b2c3d",
  "the id of a subnet, like subnet-0a1b2c3d",
  "the name of a bucket, where no class of paths is answered by one",
  "the plan is of another kind of database",
];

/** Texts of a file that read like a sentence, or like a part of one. */
function sentences(path: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isText = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node);
    if (isText && !ts.isImportDeclaration(node.parent) && !ts.isExportDeclaration(node.parent)) {
      if (node.text.length > SENTENCE && / \S+ /.test(node.text)) found.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe("sentences of validation", () => {
  it("stand in one place", () => {
    const places = new Map<string, string[]>();
    for (const room of ROOMS) {
      for (const file of readdirSync(join(ROOT, room), { recursive: true, encoding: "utf8" })) {
        if (!file.endsWith(".ts")) continue;
        for (const text of sentences(join(ROOT, room, file))) {
          places.set(text, [...(places.get(text) ?? []), join(room, file)]);
        }
      }
    }
    assert.ok(places.size > 500, `${places.size} sentences were found`);
    const twice = [...places].filter(([, files]) => files.length > 1).map(([text]) => text);
    assert.deepEqual(
      twice.filter((text) => !ALLOWED.includes(text)),
      [],
    );
  });
});
