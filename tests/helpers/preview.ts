/** A preview of a stack as the engine would report it, made from mocks. */
import { stackModel, type StackModel } from "../../delivery/preview-report/stack-model";
import type { StackRun } from "../../engine/stack";
import { parseStackConfig, type StackConfig } from "../../stacks/stack-file/config";
import { createPlatform } from "../../stacks/platform";
import { inventedOutputs } from "./cdn";
import { record } from "./pulumi";
import { edited, shippedText, stackFile, type Change } from "./stack-file";

/** The configuration of a shipped stack, changed by the test. */
export function shippedConfig(stack: string, ...changes: readonly Change[]): StackConfig {
  const { config, issues: problems } = parseStackConfig(stackFile(edited(...changes)(shippedText(stack))));
  if (config === undefined) throw new Error(`Pulumi.${stack}.yaml: ${JSON.stringify(problems)}`);
  return config;
}

/** Answers to the look-ups that the shipped stacks make. */
const INVOKES = { "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d4e5f60718" } };

/** What `make preview` would get from the engine, less what only the engine knows. */
export async function recordedRun(config: StackConfig, more: Partial<StackRun> = {}): Promise<StackRun> {
  const { resources } = await record(() => createPlatform(config), {
    preview: true,
    invokes: INVOKES,
    outputs: inventedOutputs,
  });
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
