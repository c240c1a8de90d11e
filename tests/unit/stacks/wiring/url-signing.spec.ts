import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

import { planStack } from "../../../../plan/plan-stack";
import { urlSigner } from "../../../../runtime/edge";
import type { StackConfig } from "../../../../stacks/stack-file/config";
import { createEdge } from "../../../../stacks/wiring/edge";
import { createPlatform } from "../../../../stacks/platform";
import { createUrlSigning } from "../../../../stacks/wiring/url-signing";
import { inventedOutputs, type Provider } from "../../../helpers/cdn";
import { shippedConfig } from "../../../helpers/preview";
import { record, type Recording } from "../../../helpers/pulumi";
import { only, shippedText, stackFile, type Change } from "../../../helpers/stack-file";
import { mistakesOf } from "../sound-stack";

const INVOKES = { "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d" } };

/** Two services behind a CDN, one of which signs. */
const signing =
  (provider: Provider): Change =>
  (file) => {
    only("loadBalancer", "cdn")(file);
    for (const service of Object.values<Record<string, any>>(file["services"])) {
      delete service["caches"];
      delete service["database"];
    }
    file["services"].backend.signsUrls = true;
    file["cdn"].provider = provider;
    delete file["cdn"].images;
    file["cdn"].cloudfront.signingKeySecret = "cloudfront-signing-key";
  };

const generation =
  (number: number): Change =>
  (file) => {
    file["cdn"].cloudflare.signedUrls = { generation: number, lifetimeSeconds: 1800 };
  };

const config = (provider: Provider, ...changes: readonly Change[]): StackConfig =>
  shippedConfig("production", signing(provider), ...changes);

/** What a generator of passwords and AWS add to the inputs. */
function outputs(type: string, inputs: Record<string, unknown>, name: string): object {
  if (type === "random:index/randomPassword:RandomPassword") return { result: secretOf(name) };
  return inventedOutputs(type, inputs);
}

const secretOf = (name: string): string => `made for ${name}`.padEnd(48, "x");

const built = (stack: StackConfig, preview = false): Promise<Recording> =>
  record(() => createPlatform(stack), { outputs: preview ? {} : outputs, invokes: INVOKES, preview });

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

/** Variables of a service's container that concern the CDN. */
function cdnVariables(recording: Recording, service: string): Variable[] {
  const found = recording
    .ofType("kubernetes:apps/v1:Deployment")
    .find(({ name }) => name === `${service}-deployment`);
  const spec = found?.inputs["spec"] as {
    readonly template: { readonly spec: { readonly containers: readonly { readonly env: Variable[] }[] } };
  };
  return spec.template.spec.containers[0]?.env.filter(({ name }) => name.startsWith("CDN_")) ?? [];
}

/** What a process would see, with the Secrets read. */
const environment = (
  variables: readonly Variable[],
  read: (name: string, key: string) => string,
): Record<string, string> =>
  Object.fromEntries(
    variables.map(({ name, value, valueFrom }) => [
      name,
      value ?? read(valueFrom?.secretKeyRef.name ?? "", valueFrom?.secretKeyRef.key ?? ""),
    ]),
  );

/** The Secret with Cloudflare's secrets, opened. */
function entries(recording: Recording): Record<string, string> {
  const secret = recording
    .ofType("kubernetes:core/v1:Secret")
    .find(({ name }) => name === "cloudflare-signing-keys");
  const data = secret?.inputs["data"] as Record<string, unknown> | undefined;
  const opened = (data?.["value"] ?? data) as Record<string, unknown> | undefined;
  return Object.fromEntries(
    Object.entries(opened ?? {}).flatMap(([key, held]) => {
      if (key === pulumi.runtime.specialSigKey) return [];
      const value = typeof held === "string" ? held : (held as { readonly value: string }).value;
      return [[key, Buffer.from(value, "base64").toString()]];
    }),
  );
}

describe("a service that signs URLs for CloudFront", () => {
  it("is told the id of the first public key, and reads the private one from the Secret that is named", async () => {
    const recording = await built(config("cloudfront"));
    const [key] = recording.ofType("aws:cloudfront/publicKey:PublicKey");
    assert.deepEqual(cdnVariables(recording, "backend"), [
      { name: "CDN_PROVIDER", value: "cloudfront" },
      {
        name: "CDN_SIGNING_KEY",
        valueFrom: { secretKeyRef: { name: "cloudfront-signing-key", key: "signing.pem" } },
      },
      { name: "CDN_SIGNING_KEY_ID", value: `${key?.name ?? ""}-id` },
    ]);
    assert.deepEqual(
      recording.ofType("kubernetes:core/v1:Secret").filter(({ name }) => /sign/.test(name)),
      [],
    );
  });

  it("has what the runtime's signer needs", async () => {
    const pem = generateKeyPairSync("rsa", { modulusLength: 2048 })
      .privateKey.export({ type: "pkcs8", format: "pem" })
      .toString();
    const seen = environment(cdnVariables(await built(config("cloudfront")), "backend"), () => pem);
    // An id as CloudFront makes them; the mocks know no better one.
    const url = urlSigner({ ...seen, CDN_SIGNING_KEY_ID: "K2JCJMDEHXQW5F" }).signUrl(
      "https://app.retrofitlink.example/media/plan.pdf",
      600,
    );
    assert.match(url, /Key-Pair-Id=K2JCJMDEHXQW5F/);
  });
});

describe("a service that signs URLs for Cloudflare", () => {
  it("reads the current secret, and is told how long a signature is good for", async () => {
    const recording = await built(config("cloudflare", generation(3)));
    assert.deepEqual(cdnVariables(recording, "backend"), [
      { name: "CDN_PROVIDER", value: "cloudflare" },
      {
        name: "CDN_SIGNING_KEY",
        valueFrom: { secretKeyRef: { name: "cloudflare-signing-keys", key: "generation-3" } },
      },
      { name: "CDN_SIGNED_SECONDS", value: "1800" },
    ]);
    assert.deepEqual(entries(recording), {
      "generation-2": secretOf("cdn-signing-secret-2"),
      "generation-3": secretOf("cdn-signing-secret-3"),
    });
  });

  it("has what the runtime's signer needs", async () => {
    const recording = await built(config("cloudflare"));
    const held = entries(recording);
    const seen = environment(cdnVariables(recording, "backend"), (_, key) => held[key] ?? "");
    const url = urlSigner(seen).signUrl("https://app.retrofitlink.example/media/plan.pdf", 600);
    assert.match(url, /verify=\d+-/);
  });

  it("rolls out with a new generation, and finds the one before until it has", async () => {
    const [before, after] = [
      await built(config("cloudflare", generation(1))),
      await built(config("cloudflare", generation(2))),
    ];
    const keyOf = (recording: Recording): string =>
      cdnVariables(recording, "backend")[1]?.valueFrom?.secretKeyRef.key ?? "";
    assert.deepEqual([keyOf(before), keyOf(after)], ["generation-1", "generation-2"]);
    assert.equal(entries(after)[keyOf(before)], entries(before)[keyOf(before)]);
  });

  it("has its secrets kept secret, and not before the zone knows them", async () => {
    const waited: string[] = [];
    const recording = await record(
      () => {
        const stack = config("cloudflare");
        const originLock = { headerName: "x-origin-verify", headerValue: pulumi.secret("lock") };
        const edge = createEdge(stack, planStack(stack), { hostname: "lb.example.net", originLock }, {});
        createUrlSigning(stack, edge, {
          transformations: [
            ({ opts }) => {
              for (const each of (opts.dependsOn ?? []) as pulumi.Resource[]) {
                each.urn.apply((urn) => waited.push(urn.split("::").pop() ?? ""));
              }
              return undefined;
            },
          ],
        });
      },
      { outputs },
    );
    assert.deepEqual(waited, ["cdn-rules-firewall"]);
    const secret = recording
      .ofType("kubernetes:core/v1:Secret")
      .find(({ name }) => name === "cloudflare-signing-keys");
    const data = secret?.inputs["data"] as Record<string, unknown>;
    const marks = [data, ...Object.values(data)].map((each) =>
      typeof each === "object" && each !== null
        ? (each as Record<string, unknown>)[pulumi.runtime.specialSigKey]
        : undefined,
    );
    assert.ok(marks.includes(pulumi.runtime.specialSecretSig));
  });
});

describe("services of a stack with signed URLs", () => {
  it("get no key unless they sign", async () => {
    for (const provider of ["cloudfront", "cloudflare"] as const) {
      assert.deepEqual(cdnVariables(await built(config(provider)), "matching"), []);
      const nobody = await built(config(provider, (file) => delete file["services"].backend.signsUrls));
      assert.deepEqual(cdnVariables(nobody, "backend"), []);
      assert.ok(!nobody.typesAndNames().join("\n").includes("cloudflare-signing-keys"), provider);
    }
  });

  it("are the same resources in a preview", async () => {
    for (const provider of ["cloudfront", "cloudflare"] as const) {
      const services = (recording: Recording): string[] =>
        recording.typesAndNames().filter((line) => /^kubernetes:/.test(line));
      assert.deepEqual(
        services(await built(config(provider), true)),
        services(await built(config(provider))),
      );
    }
  });
});

describe("signsUrls of a stack file, its mistakes", () => {
  const mistakes = (provider: Provider, change: Change): string[] => {
    const file = stackFile(shippedText("production"));
    signing(provider)(file);
    change(file);
    return mistakesOf(file);
  };

  it("are refused by key: nothing that checks, no private key", () => {
    assert.deepEqual(
      mistakes("cloudfront", (file) => {
        delete file["cdn"];
        file["loadBalancer"].public.sources = "internet";
      }),
      [
        "retrofitlink:services.backend.signsUrls: got true; allowed is false where no class of retrofitlink:cdn is signed. Remove the key, or give behaviors.media of the CDN paths.",
      ],
    );
    assert.deepEqual(
      mistakes("cloudflare", (file) => {
        delete file["cdn"].behaviors.media;
        delete file["cdn"].traffic.shares.media;
        file["cdn"].traffic.shares.html = 0.12;
      }),
      [
        "retrofitlink:services.backend.signsUrls: got true; allowed is false where no class of retrofitlink:cdn is signed. Remove the key, or give behaviors.media of the CDN paths.",
      ],
    );
    assert.deepEqual(
      mistakes("cloudfront", (file) => delete file["cdn"].cloudfront.signingKeySecret),
      [
        "retrofitlink:cdn.cloudfront.signingKeySecret: got nothing; allowed is the name of a Secret with the private key of publicKeys[0], for services.backend signs URLs. Make it: `kubectl -n retrofitlink create secret generic cloudfront-signing-key --from-file=signing.pem`.",
      ],
    );
    assert.deepEqual(
      mistakes("cloudflare", (file) => delete file["cdn"].cloudfront.signingKeySecret),
      [],
    );
  });

  it("are not reported twice where the CDN itself is wrong", () => {
    assert.deepEqual(
      mistakes("cloudfront", (file) => (file["cdn"].zone = "NO ZONE")).filter((line) => /sign/i.test(line)),
      [],
    );
  });

  it("never show a private key that was written into the file", () => {
    const pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----\n";
    const [told, ...more] = mistakes("cloudfront", (file) => (file["cdn"].cloudfront.signingKeySecret = pem));
    assert.deepEqual(more, []);
    assert.match(told ?? "", /signingKeySecret: got a private key; allowed is the name of a Secret/);
  });
});
