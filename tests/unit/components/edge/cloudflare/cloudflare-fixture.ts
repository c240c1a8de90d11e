import assert from "node:assert/strict";

import { Cloudflare, type CloudflareArgs } from "../../../../../components/edge/cloudflare/cloudflare";
import { record, type Recording } from "../../../../helpers/pulumi";
import { cloudflare, edgeOutputs } from "../fixtures";
import { opened } from "../normalised";

export const SECRET_MARK = "4dabf18193072939515e22adb298388d";

let unchanged: Promise<Recording> | undefined;

/** The component as the fixtures have it, built once. */
export function standard(): Promise<Recording> {
  unchanged ??= build({});
  return unchanged;
}

export async function build(change: Partial<CloudflareArgs>, options = {}): Promise<Recording> {
  return record(() => new Cloudflare("cdn", { ...cloudflare, ...change }), {
    outputs: edgeOutputs,
    ...options,
  });
}

export const account = (change: Partial<CloudflareArgs["account"]>): Pick<CloudflareArgs, "account"> => ({
  account: { ...cloudflare.account, ...change },
});

export function rules(recording: Recording, phase: string): Record<string, any>[] {
  const found = recording
    .ofType("cloudflare:index/ruleset:Ruleset")
    .filter(({ inputs }) => inputs["phase"] === phase);
  assert.equal(found.length, 1, `rulesets of ${phase}`);
  return opened(found[0]?.inputs["rules"]) as Record<string, any>[];
}

export const settings = (recording: Recording): Record<string, unknown> =>
  Object.fromEntries(
    recording
      .ofType("cloudflare:index/zoneSetting:ZoneSetting")
      .map(({ inputs }) => [inputs["settingId"], inputs["value"]]),
  );

export const SETTINGS = {
  "0rtt": "off",
  always_use_https: "on",
  brotli: "on",
  browser_cache_ttl: 0,
  early_hints: "on",
  http3: "on",
  ipv6: "on",
  min_tls_version: "1.2",
  proxy_read_timeout: 120,
  ssl: "strict",
  tls_1_3: "on",
  websockets: "on",
};
