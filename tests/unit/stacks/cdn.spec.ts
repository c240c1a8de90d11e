import assert from "node:assert/strict";

import { valuesOf } from "../../../budget/core/derived";
import type { ImageNumbers } from "../../../budget/edge/image-plan";
import type { CdnNumbers } from "../../../budget/edge/plan";
import { timeoutChain } from "../../../budget/timeouts/timeouts";
import { parseStackConfig, withCdnProvider, type StackConfig } from "../../../stacks/stack-file/config";
import { createPlatform } from "../../../stacks/platform";
import { cdnStackFile, inventedOutputs, type Cloud, type Provider } from "../../helpers/cdn";
import { record, type Recording } from "../../helpers/pulumi";
import { TODAY } from "./sound-stack";

function config(provider: Provider, cloud: Cloud = "aws"): StackConfig {
  const parsed = parseStackConfig(cdnStackFile(provider, cloud), TODAY);
  assert.deepEqual(parsed.issues, []);
  assert.ok(parsed.config);
  return parsed.config;
}

const INVOKES = { "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d" } };

/** What both clouds add to the inputs, as far as the load balancers look at it. */
function outputs(type: string, inputs: Record<string, unknown>): object {
  const added: Readonly<Record<string, object>> = {
    "gcp:compute/globalAddress:GlobalAddress": { address: "203.0.113.10" },
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": { dnsResourceRecords: [] },
  };
  return { ...inventedOutputs(type, inputs), ...added[type] };
}

async function built(provider: Provider, cloud: Cloud): Promise<Recording> {
  return record(() => createPlatform(config(provider, cloud)), { outputs, invokes: INVOKES });
}

describe("CDN of a stack file", () => {
  it("is none when the key is absent", async () => {
    const { cdn, ...without } = config("cloudfront");
    assert.ok(cdn);
    const { resources } = await record(() => createPlatform(without));
    assert.deepEqual(
      resources.filter(({ type }) => type.startsWith("retrofitlink:edge:")),
      [],
    );
  });

  for (const cloud of ["aws", "gcp"] as const) {
    for (const provider of ["cloudfront", "cloudflare"] as const) {
      it(`is ${provider} in front of a load balancer of ${cloud}`, async () => {
        const recording = await built(provider, cloud);
        const type = provider === "cloudfront" ? "CloudFront" : "Cloudflare";
        const { inputs } = recording.only(`retrofitlink:edge:${type}`);
        const { request, idle } = timeoutChain({ maxRequestSeconds: 10, cloud, cdn: provider });
        const numbers = valuesOf(inputs["numbers"] as CdnNumbers);
        assert.deepEqual(
          [inputs["provider"], numbers.responseTimeout, numbers.idle],
          [provider, request.edge, idle.edge],
        );
        assert.equal(numbers.expectedOriginRps.toFixed(3), "610.000");
      });
    }
  }

  it("differs between clouds in its timeouts only, and in the topology of its tiers", async () => {
    for (const provider of ["cloudfront", "cloudflare"] as const) {
      const [aws, gcp] = [await built(provider, "aws"), await built(provider, "gcp")];
      const edge = ({ resources }: Recording): string[] =>
        resources
          .filter(({ name }) => /^cdn(-|$)/.test(name) && name !== "cdn-tiered-cache")
          .map(({ type, name, inputs }) => {
            // The plan tells the waits of each cloud in numbers, formulas and promises.
            const { numbers, proofs, witnesses, ...rest } = inputs;
            const count = [numbers, proofs, witnesses].map((told) => Object.keys(told ?? {}).length);
            const text = JSON.stringify({ ...rest, count });
            return `${type} ${name} ${text.replaceAll(/(Keepalive|KeepAlive|Read)(Timeout|Seconds)":\d+/gi, "$1$2")}`;
          })
          .sort();
      assert.deepEqual(edge(aws), edge(gcp));
      const topology = (recording: Recording): unknown[] =>
        recording.ofType("cloudflare:index/tieredCache:TieredCache").map(({ inputs }) => inputs["value"]);
      const expected = provider === "cloudflare" ? [["on"], ["off"]] : [[], []];
      assert.deepEqual([topology(aws), topology(gcp)], expected);
    }
  });

  it("is refused without a load balancer that the internet reaches", async () => {
    let message = "";
    await record(() => {
      const { loadBalancer, ...rest } = config("cloudfront");
      const inside = structuredClone(loadBalancer ?? assert.fail());
      Reflect.deleteProperty(inside, "public");
      try {
        createPlatform({ ...rest, loadBalancer: inside });
      } catch (error) {
        message = (error as Error).message;
      }
    });
    assert.equal(
      message,
      "retrofitlink:cdn: got a CDN; allowed is one in front of a load balancer that the internet reaches. " +
        "Add retrofitlink:loadBalancer.public, or remove retrofitlink:cdn.",
    );
  });
});

describe("CDN of a stack file, with images", () => {
  const withImages = async (provider: Provider, images: object, cloud: Cloud = "aws") => {
    const input = cdnStackFile(provider, cloud);
    input["cdn"].images = images;
    const { config: parsed, issues: problems } = parseStackConfig(input, TODAY);
    assert.deepEqual(problems, []);
    return record(() => createPlatform(parsed ?? assert.fail()), {
      outputs,
      invokes: INVOKES,
      preview: true,
    });
  };

  it("are made by a function behind CloudFront, which the service then need not answer for", async () => {
    const recording = await withImages("cloudfront", { originalsBucket: "uploads", secondsPerImage: 0.5 });
    const { inputs: summary } = recording.only("retrofitlink:edge:ImageOptimizer");
    const { concurrency } = summary["numbers"] as ImageNumbers;
    assert.deepEqual(
      [concurrency.value, concurrency.formula],
      [86, "⌈800/s · 15 % misses · 500 ms ÷ 70 %⌉, at least 2"],
    );
    const { inputs: edge } = recording.only("retrofitlink:edge:CloudFront");
    // Without images it would be 610: 800/s * 0.15 of them are the function's.
    assert.equal((edge["numbers"] as CdnNumbers).expectedOriginRps.value.toFixed(3), "490.000");
  });

  for (const cloud of ["aws", "gcp"] as const) {
    it(`are made by Cloudflare itself in front of ${cloud}, from originals of the service`, async () => {
      const recording = await withImages("cloudflare", {}, cloud);
      assert.deepEqual(recording.ofType("retrofitlink:edge:ImageOptimizer"), []);
      const setting = recording
        .ofType("cloudflare:index/zoneSetting:ZoneSetting")
        .find(({ inputs }) => inputs["settingId"] === "image_resizing");
      assert.equal(setting?.inputs["value"], "on");
      const { inputs: edge } = recording.only("retrofitlink:edge:Cloudflare");
      assert.equal((edge["numbers"] as CdnNumbers).expectedOriginRps.value.toFixed(3), "610.000");
    });
  }

  it("go where they went before when nothing is asked for", async () => {
    const recording = await built("cloudfront", "aws");
    assert.deepEqual(recording.ofType("retrofitlink:edge:ImageOptimizer"), []);
  });
});

describe("CDN_PROVIDER", () => {
  const raw = cdnStackFile("cloudfront");
  const provider = (value: string | undefined): unknown =>
    parseStackConfig(withCdnProvider(raw, value), TODAY).config?.cdn?.provider;

  it("counts before the file, and leaves the choice to it when it is not set", () => {
    assert.deepEqual([undefined, "", "cloudfront", "cloudflare"].map(provider), [
      "cloudfront",
      "cloudfront",
      "cloudfront",
      "cloudflare",
    ]);
  });

  it("is refused when it names no CDN, or when the stack has none", () => {
    assert.throws(() => withCdnProvider(raw, "akamai"), {
      message:
        'CDN_PROVIDER: got "akamai"; allowed is cloudfront or cloudflare. Unset it, and retrofitlink:cdn.provider decides.',
    });
    assert.throws(() => withCdnProvider({}, "cloudflare"), {
      message:
        'CDN_PROVIDER: got "cloudflare"; allowed is nothing where the stack has no CDN. Unset it, or add retrofitlink:cdn.',
    });
  });

  it("asks for the block of the CDN that it names", () => {
    const input = cdnStackFile("cloudfront");
    delete input["cdn"].cloudflare;
    const { issues: problems } = parseStackConfig(withCdnProvider(input, "cloudflare"), TODAY);
    assert.deepEqual(
      problems.map(({ path }) => path.join(".")),
      ["cdn.cloudflare"],
    );
  });
});
