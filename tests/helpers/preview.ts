/** A preview of a stack as the engine would report it, made from mocks. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { stackModel, type StackModel } from "../../delivery/preview-report/stack-model";
import type { StackRun } from "../../sandbox/engine/stack";
import { parseStackConfig, type StackConfig } from "../../stacks/config";
import { createPlatform } from "../../stacks/platform";
import { record } from "./pulumi";

/** The configuration of a shipped stack. */
export function shippedConfig(stack: string): StackConfig {
  const text = readFileSync(join(__dirname, "../..", `Pulumi.${stack}.yaml`), "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  const raw = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.replace("retrofitlink:", ""), value]),
  );
  const parsed = parseStackConfig(raw);
  if (parsed.config === undefined) throw new Error(`Pulumi.${stack}.yaml has mistakes`);
  return parsed.config;
}

/** What `make preview` would get from the engine, less what only the engine knows. */
export async function recordedRun(config: StackConfig, more: Partial<StackRun> = {}): Promise<StackRun> {
  const { resources } = await record(() => createPlatform(config), { preview: true });
  return {
    resources: resources.map(({ type, name, inputs }) => ({
      urn: `urn:pulumi:test::retrofitlink::${type}::${name}`,
      type,
      name,
      parent: "urn:pulumi:test::retrofitlink::retrofitlink:stacks:Platform::platform",
      inputs,
      operation: "create",
    })),
    policyEvents: [],
    changes: { create: resources.length },
    errors: [],
    warnings: [],
    succeeded: true,
    durationSeconds: 1,
    outputs: {},
    ...more,
  };
}

export async function recordedModel(config: StackConfig, more: Partial<StackRun> = {}): Promise<StackModel> {
  return stackModel(config.environment, await recordedRun(config, more));
}
