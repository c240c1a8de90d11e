/** Stand-in of the random provider: the values are as random as the official ones. */
import { randomBytes, randomInt, randomUUID, scryptSync } from "node:crypto";

import { UserError } from "../../cli/user-error";
import {
  serveProvider,
  type CheckResult,
  type CreateArgs,
  type Replacement,
  type StandIn,
  type CheckArgs,
} from "./protocol/serve-provider";
import type { Change, Properties } from "./protocol/values";

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const DIGITS = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

type Generator = (inputs: Properties) => { readonly id: string; readonly outputs: Properties };

const GENERATORS: Readonly<Record<string, Generator>> = {
  "random:index/randomPassword:RandomPassword": (inputs) => {
    const result = characters(inputs);
    // Only its being a salted hash matters to a reader; the official provider gives bcrypt.
    const salt = randomBytes(16);
    const hash = `$scrypt$${salt.toString("base64")}$${scryptSync(result, salt, 32).toString("base64")}`;
    return { id: "none", outputs: { ...inputs, result, bcryptHash: hash } };
  },
  "random:index/randomString:RandomString": (inputs) => {
    const result = characters(inputs);
    return { id: result, outputs: { ...inputs, result } };
  },
  "random:index/randomUuid:RandomUuid": (inputs) => {
    const result = randomUUID();
    return { id: result, outputs: { ...inputs, result } };
  },
  "random:index/randomId:RandomId": (inputs) => {
    const bytes = randomBytes(Number(inputs["byteLength"]));
    const prefix = typeof inputs["prefix"] === "string" ? inputs["prefix"] : "";
    return {
      id: bytes.toString("base64url"),
      outputs: {
        ...inputs,
        hex: prefix + bytes.toString("hex"),
        b64Std: prefix + bytes.toString("base64"),
        b64Url: prefix + bytes.toString("base64url"),
        dec: prefix + BigInt(`0x${bytes.toString("hex")}`).toString(),
      },
    };
  },
  "random:index/randomInteger:RandomInteger": (inputs) => {
    const result = randomInt(Number(inputs["min"]), Number(inputs["max"]) + 1);
    return { id: String(result), outputs: { ...inputs, result } };
  },
};

/** Random characters from the classes that are not switched off, with at least the asked number of each. */
export function characters(inputs: Properties): string {
  const classes = [
    { on: inputs["lower"], set: LOWER, least: inputs["minLower"] },
    { on: inputs["upper"], set: UPPER, least: inputs["minUpper"] },
    { on: inputs["numeric"] ?? inputs["number"], set: DIGITS, least: inputs["minNumeric"] },
    {
      on: inputs["special"],
      set: (inputs["overrideSpecial"] as string | undefined) ?? SPECIAL,
      least: inputs["minSpecial"],
    },
  ].filter(({ on }) => on !== false);
  const all = classes.map(({ set }) => set).join("");
  const length = Number(inputs["length"]);
  const picked = classes.flatMap(({ set, least }) =>
    Array.from({ length: Number(least ?? 0) }, () => pick(set)),
  );
  while (picked.length < length) picked.push(pick(all));
  // Fisher-Yates, so that the asked characters are not all at the front.
  for (let i = picked.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [picked[i], picked[j]] = [picked[j] ?? "", picked[i] ?? ""];
  }
  return picked.join("");
}

function pick(set: string): string {
  return set.charAt(randomInt(set.length));
}

export class RandomProvider implements StandIn {
  check({ type, news }: CheckArgs): CheckResult {
    if (GENERATORS[type] !== undefined) return { inputs: news };
    const reason = `the sandbox has no ${type}; it has ${Object.keys(GENERATORS).join(", ")}`;
    return { inputs: news, problems: [{ property: "", reason }] };
  }

  /** Every setting takes part in the value, so every change makes a new one. */
  replacement(_type: string, differences: readonly Change[]): Replacement {
    return { paths: differences.map(({ path }) => path), deleteFirst: false };
  }

  create({ type, inputs, preview }: CreateArgs): Promise<{ id: string; outputs: Properties }> {
    if (preview) return Promise.resolve({ id: "", outputs: inputs });
    const generate = GENERATORS[type];
    if (generate === undefined) return Promise.reject(new UserError(`the sandbox has no ${type}`));
    return Promise.resolve(generate(inputs));
  }

  update({ inputs, outputs }: { inputs: Properties; outputs: Properties }): Promise<Properties> {
    return Promise.resolve({ ...outputs, ...inputs });
  }

  read({ outputs }: { outputs: Properties }): Promise<Properties> {
    return Promise.resolve(outputs);
  }

  delete(): Promise<void> {
    return Promise.resolve();
  }

  invoke(token: string): Promise<Properties> {
    return Promise.reject(new UserError(`the random provider has no function ${token}`));
  }
}

if (require.main === module) serveProvider(new RandomProvider(), "@pulumi/random");
