/**
 * The shipped stack files as data, and the changes that tests make to them: by block, not by text. A test keeps the
 * blocks that it is about, so that a new block of the shipped files breaks no test of another one.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse, stringify } from "yaml";

import { ROOT } from "../../cli/paths";

/** A stack file by block, keys without `retrofitlink:`; a map that a test may change. */
export type StackFile = Record<string, any>;

export type Change = (file: StackFile) => void;

const PREFIX = "retrofitlink:";

export function shippedText(stack: string): string {
  return readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8");
}

export function stackFile(text: string): StackFile {
  const { config } = parse(text) as { config: Record<string, unknown> };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(PREFIX, ""), value]));
}

/**
 * Makes several changes to the text of a stack file.
 *
 * @throws AssertionError when one of them changes nothing: the test would be about something else than it says
 */
export function edited(...changes: readonly Change[]): (text: string) => string {
  return (text) => {
    const file = stackFile(text);
    for (const change of changes) {
      const before = structuredClone(file);
      change(file);
      assert.notDeepEqual(file, before, "the change hit nothing");
    }
    const config = Object.fromEntries(Object.entries(file).map(([key, value]) => [`${PREFIX}${key}`, value]));
    return stringify({ config });
  };
}

/** Lays a block over another, map by map. */
export function laid(under: StackFile, over: StackFile): void {
  for (const [key, value] of Object.entries(over)) {
    const isMap = (one: unknown): boolean => typeof one === "object" && one !== null && !Array.isArray(one);
    if (isMap(value) && isMap(under[key])) laid(under[key] as StackFile, value as StackFile);
    else under[key] = value;
  }
}

/** Keeps `environment`, `cluster`, `budget` and `services`, and of the other blocks these. */
export function only(...blocks: readonly string[]): Change {
  const kept = new Set(["environment", "cluster", "budget", "services", ...blocks]);
  return (file) => {
    for (const block of Object.keys(file)) if (!kept.has(block)) delete file[block];
  };
}

/** No CDN: the load balancer of the cloud is open to everybody. */
export function withoutCdn(file: StackFile): void {
  delete file["cdn"];
  file["loadBalancer"].public.sources = "internet";
}

/** The same stack in Google's cloud, where CloudFront makes no images and is told where its shield stands. */
export function onGcp(file: StackFile): void {
  file["cluster"] = {
    cloud: "gcp",
    region: "europe-west3",
    zones: 3,
    project: "retrofitlink-production",
    network: "main",
    subnetwork: "nodes",
  };
  const { database, cdn, loadBalancer } = file;
  if (loadBalancer?.public?.dnsZone !== undefined) loadBalancer.public.dnsZone = "retrofitlink-example";
  if (database?.storageClassName !== undefined) database.storageClassName = "premium-rwo";
  if (cdn?.provider === "cloudfront") {
    delete cdn.images;
    cdn.cloudfront.originShieldRegion = "eu-central-1";
  }
}
