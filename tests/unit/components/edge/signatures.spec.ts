import assert from "node:assert/strict";

import { edgeBehaviors } from "../../../../budget/edge/behaviors";
import { Cloudflare } from "../../../../components/edge/cloudflare/cloudflare";
import { CloudflareSigner } from "../../../../runtime/edge";
import { timedHmac } from "../../../runtime/edge/edge-stand-ins";
import { meets } from "../../../helpers/cloudflare-expression";
import { record } from "../../../helpers/pulumi";
import { cloudflare, edgeOutputs } from "./fixtures";
import { opened } from "./normalised";

const NOW = 1_800_000_000;
const FILE = "https://example.com/media/42/plan.pdf";

/** One call of `is_timed_hmac_valid_v0` as the rule has it. */
interface Check {
  readonly secret: string;
  readonly message: string;
  readonly lifetime: number;
  readonly separatorLength: number;
  readonly flags: string;
}

/** What the rendered rule knows, read from its text: nothing here is known from elsewhere. */
function checksOf(condition: string): Check[] {
  const call =
    /is_timed_hmac_valid_v0\("([^"]*)", (http\.request\.uri|http\.request\.cookies\["cdn-access"\]\[0\]), (\d+), http\.request\.timestamp\.sec, (\d+)(?:, "(\w)")?\)/g;
  return [...condition.matchAll(call)].map(
    ([, secret = "", message = "", lifetime, separatorLength, flags = ""]) => ({
      secret,
      message,
      lifetime: Number(lifetime),
      separatorLength: Number(separatorLength),
      flags,
    }),
  );
}

describe("signatures of the runtime at the rule of Cloudflare's zone", () => {
  let condition = "";
  let checks: readonly Check[] = [];
  before(async () => {
    const behaviors = edgeBehaviors({ media: { paths: ["/media/*", "/private/a/*"] } });
    const args = { ...cloudflare, behaviors, signatures: { generation: 3, lifetimeSeconds: 1800 } };
    const recording = await record(() => new Cloudflare("cdn", args), { outputs: edgeOutputs });
    const firewall = recording
      .ofType("cloudflare:index/ruleset:Ruleset")
      .find(({ inputs }) => inputs["phase"] === "http_request_firewall_custom");
    const rules = opened(firewall?.inputs["rules"]) as { ref: string; expression: string }[];
    condition = rules.find(({ ref }) => ref === "signed_media")?.expression ?? "";
    checks = checksOf(condition);
  });

  const signerOf = ({ secret, lifetime }: Check): CloudflareSigner =>
    new CloudflareSigner({ secret, lifetimeSeconds: lifetime, now: () => NOW });
  const withUrls = (): Check[] => checks.filter(({ message }) => message === "http.request.uri");
  const withCookies = (): Check[] => checks.filter(({ message }) => message !== "http.request.uri");
  const refused = (url: string, cookies: Readonly<Record<string, string>> = {}, now = NOW): boolean => {
    const { host, pathname, search } = new URL(url);
    return meets(condition, { host, path: pathname, query: search.slice(1), cookies, now });
  };

  it("has a check of the URL for each secret, and of the cookie for each secret and folder", () => {
    assert.deepEqual([withUrls().length, withCookies().length], [2, 4]);
    assert.deepEqual(new Set(checks.map(({ secret }) => secret)).size, 2);
  });

  it("finds in a signed URL what the signer put there, with the rule's own lifetime and separator", () => {
    for (const check of withUrls()) {
      for (const url of [FILE, `${FILE}?page=2`]) {
        const signed = signerOf(check).signUrl(url, 600);
        const { pathname, search } = new URL(signed);
        const { secret, lifetime, separatorLength, flags } = check;
        const verdict = (now: number, length = separatorLength): string =>
          timedHmac(secret, `${pathname}${search}`, lifetime, now, length, flags);
        assert.deepEqual([verdict(NOW), verdict(NOW + 600)], ["granted", "expired"], signed);
        assert.equal(verdict(NOW, separatorLength - 1), "wrong signature");
        assert.deepEqual([refused(signed), refused(signed, {}, NOW + 600)], [false, true]);
      }
    }
  });

  it("finds in a signed cookie what the signer put there, with the rule's own separator and flag", () => {
    for (const check of withCookies()) {
      const [cookie] = signerOf(check).signCookies("https://example.com/media/", 600);
      assert.ok(cookie);
      const { secret, lifetime, separatorLength, flags } = check;
      assert.equal(timedHmac(secret, cookie.value, lifetime, NOW, separatorLength, flags), "granted");
      const jar = { [cookie.name]: cookie.value };
      assert.deepEqual([refused(FILE, jar), refused(FILE, jar, NOW + 600)], [false, true]);
    }
  });

  it("opens a folder of the class's patterns, and refuses a cookie for a part of one rather than open all of it", () => {
    const [check] = withCookies();
    assert.ok(check);
    const jar = (prefix: string): Record<string, string> =>
      Object.fromEntries(
        signerOf(check)
          .signCookies(prefix, 600)
          .map(({ name, value }) => [name, value]),
      );
    assert.equal(
      refused("https://example.com/private/a/1.pdf", jar("https://example.com/private/a/")),
      false,
    );
    assert.equal(refused("https://example.com/private/a/1.pdf", jar("https://example.com/media/")), true);
    assert.equal(refused(FILE, jar("https://example.com/media/42/")), true);
    assert.equal(
      refused("https://example.com/media/43/plan.pdf", jar("https://example.com/media/42/")),
      true,
    );
  });
});
