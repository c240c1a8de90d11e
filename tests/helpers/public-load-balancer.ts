/** Proxy, public load balancer and CDN of the production stack on the real engine. */
import assert from "node:assert/strict";

import type { PublicLoadBalancerSummary } from "../../budget/load-balancing/summary";
import type { StackRun } from "../../engine/stack";
import { cdnStackFile, type Provider } from "./cdn";
import { runPlatform } from "./platform";
import { edited, only, type Change, type StackFile } from "./stack-file";

/** Previews the production stack without a database, changed by the test. */
export const previewLoadBalancer = async (...changes: readonly Change[]): Promise<StackRun> =>
  await runPlatform("preview", "production", edited(wayOnly, ...changes));

/** What this spec is about: proxy, load balancer and CDN, in front of services. */
function wayOnly(file: StackFile): void {
  only("caches", "loadBalancer", "cdn")(file);
  for (const service of Object.values<StackFile>(file["services"])) delete service["database"];
}

/** The same behind a CDN. */
export const behind =
  (provider: Provider): Change =>
  (file) => {
    file["cdn"] = cdnStackFile(provider)["cdn"];
  };

/** The load balancer takes requests of this CDN alone, and nobody is told how. */
export function assertLocked(result: StackRun, provider: Provider): void {
  assert.deepEqual([result.errors, result.succeeded], [[], true]);
  const summary = result.resources.find(({ name }) => name === "public-load-balancer")?.inputs;
  const { sources } = (summary as unknown as PublicLoadBalancerSummary).numbers;
  assert.match(sources.value, provider === "cloudfront" ? /CloudFront/ : /Cloudflare/);
  assert.equal(summary?.["originLocked"], true);
  const lock = result.resources.find(({ name }) => name === "origin-lock-value");
  assert.deepEqual([lock?.inputs["length"], lock?.inputs["result"]], [48, undefined]);
}
