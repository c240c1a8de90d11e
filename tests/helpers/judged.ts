/** Builds something against the stand-ins of the clouds themselves, in this process: what they refuse, and what would be there. */
import { createHash } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";

import { CloudProvider } from "../../sandbox/providers/cloud";
import { AtlasProvider } from "../../sandbox/providers/mongodbatlas";
import type { CheckResult } from "../../sandbox/providers/protocol/serve-provider";
import { UNKNOWN, type Properties, type Value } from "../../sandbox/providers/protocol/values";

const CLOUDS = ["aws", "gcp", "cloudflare", "mongodbatlas"];

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** A resource of a cloud, with the inputs that Check gave back. */
export interface JudgedResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Properties;
}

export interface Judgement {
  readonly resources: readonly JudgedResource[];
  /** `type name: reason`, with the path in the reason. */
  readonly refusals: readonly string[];
}

export function standIn(cloud: string): CloudProvider {
  return cloud === "mongodbatlas" ? new AtlasProvider() : new CloudProvider(cloud);
}

/** A value as the engine hands it to a provider: secrets unwrapped, what is not known by its marker. */
export function onTheWire(value: unknown): Value {
  if (Array.isArray(value)) return value.map(onTheWire);
  if (typeof value !== "object" || value === null) return value as Value;
  if ("__pulumiUnknown" in value) return UNKNOWN;
  const entries = value as Record<string, unknown>;
  if (entries[SIGNATURE] === SECRET) return onTheWire(entries["value"]);
  return Object.fromEntries(Object.entries(entries).map(([key, inner]) => [key, onTheWire(inner)]));
}

/** Judges one resource by a stand-in of its own, unless one is given. */
export function judgeOne(
  type: string,
  name: string,
  news: Properties,
  { by = standIn(type.split(":")[0] ?? ""), olds = {} }: { by?: CloudProvider; olds?: Properties } = {},
): CheckResult {
  const urn = `urn:pulumi:test::retrofitlink::${type}::${name}`;
  const randomSeed = createHash("sha256").update(urn).digest();
  return by.check({ urn, type, name, olds, news, randomSeed });
}

/**
 * @param options.preview true leaves unknown what a cloud decides, as a preview does. @default false: everything is known, as at the end of an update
 * @param options.invokes answers to look-ups beside those of the stand-ins, by token. @default none
 */
export async function judged(
  build: () => unknown,
  { preview = false, invokes = {} }: { preview?: boolean; invokes?: Record<string, object> } = {},
): Promise<Judgement> {
  const resources: JudgedResource[] = [];
  const refusals: string[] = [];
  const providers = new Map<string, CloudProvider>();
  const of = (cloud: string, reference = ""): CloudProvider => {
    const key = `${cloud} ${reference}`;
    const known = providers.get(key) ?? standIn(cloud);
    providers.set(key, known);
    return known;
  };
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs: given, provider: reference }) => {
        const cloud = type.split(":")[0] ?? "";
        if (!CLOUDS.includes(cloud)) {
          return { id: preview ? undefined : `${name}-id`, state: given as Record<string, unknown> };
        }
        const by = of(cloud, reference);
        const { inputs, problems = [] } = judgeOne(type, name, onTheWire(given) as Properties, { by });
        resources.push({ type, name, inputs });
        refusals.push(...problems.map(({ reason }) => `${type} ${name}: ${reason}`));
        if (preview) return { id: undefined, state: withoutUnknown(inputs) };
        const urn = `urn:pulumi:test::retrofitlink::${type}::${name}`;
        const { id, outputs } = await by.create({
          urn,
          type,
          name,
          inputs,
          preview: false,
          timeoutSeconds: 0,
        });
        return { id, state: outputs as Record<string, unknown> };
      },
      call: async ({ token, inputs }) => {
        const answer = invokes[token];
        if (answer !== undefined) return answer;
        return await of(token.split(":")[0] ?? "").invoke(token, inputs as Properties);
      },
    },
    "retrofitlink",
    "test",
    // The program believes that it is previewed, so that it does without what only an update needs.
    true,
  );
  build();
  await pulumi.runtime.disconnect();
  return { resources, refusals: refusals.sort() };
}

/** At a preview a property without a value is not known. */
function withoutUnknown(inputs: Properties): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputs).filter(([, value]) => !JSON.stringify(value)?.includes(UNKNOWN)),
  );
}
