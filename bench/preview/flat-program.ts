/** The same resources as the platform's, registered one by one from literal data: no components, no derivation. */
import { readFileSync } from "node:fs";

import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

interface Literal {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

type Constructor = new (name: string, inputs: object, options: pulumi.CustomResourceOptions) => unknown;

/** `kubernetes:apps/v1:Deployment` is `k8s.apps.v1.Deployment`. */
function constructorOf(type: string): Constructor {
  const [, group = "", kind = ""] = type.split(":");
  const path = [...group.split("/").map((part, i) => (i === 0 ? (part.split(".")[0] ?? part) : part)), kind];
  const found = path.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], k8s);
  return found as Constructor;
}

/** Registers every custom resource of a recorded preview. */
export function registerFlat(file: string): void {
  const literals = JSON.parse(readFileSync(file, "utf8")) as Literal[];
  const provider = new k8s.Provider("cluster", { enableConfigMapMutable: true, enableSecretMutable: true });
  for (const { type, name, inputs } of literals) {
    if (type.startsWith("kubernetes:")) new (constructorOf(type))(name, withoutMarks(inputs), { provider });
    if (type === "random:index/randomPassword:RandomPassword") {
      new random.RandomPassword(name, inputs as unknown as random.RandomPasswordArgs);
    }
  }
}

/** What was secret is text here: the flat program has no secrets to keep. */
function withoutMarks(inputs: Record<string, unknown>): Record<string, unknown> {
  const stringData = inputs["stringData"];
  return stringData === "[secret]" ? { ...inputs, stringData: { password: "x" } } : inputs;
}
