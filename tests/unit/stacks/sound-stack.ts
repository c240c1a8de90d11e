import assert from "node:assert/strict";
import { parseStackConfig, type StackConfig } from "../../../stacks/stack-file/config";
import { configKey } from "../../../stacks/stack-file/stack-file-issues";

export const TODAY = new Date("2026-01-01T00:00:00Z");

/** The smallest sound stack. */
export const service = (): Record<string, any> => ({
  image: "registry.example.com/backend:1.0.0",
  demand: { baseRps: 10, peakRps: 20, growthPerMinute: 0.1 },
  profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 5 },
  resources: { cpuCores: 1, memoryMiB: 512 },
});
export const sound = (): Record<string, any> => ({
  environment: "test",
  cluster: { cloud: "local", zones: 1 },
  services: { backend: service() },
});

/** `key: got … allowed … fix` of every mistake of a stack file. */
export function mistakesOf(raw: Readonly<Record<string, unknown>>): string[] {
  return parseStackConfig(raw, TODAY).issues.map(
    ({ path, got, allowed, fix }) => `${configKey(path)}: got ${got}; allowed is ${allowed}. ${fix}`,
  );
}

/** The same of the smallest sound stack with a change. */
export function mistakes(change: (config: Record<string, any>) => void): string[] {
  const config = sound();
  change(config);
  return mistakesOf(config);
}

export function accepted(change: (config: Record<string, any>) => void): StackConfig {
  const input = sound();
  change(input);
  const { config, issues: problems } = parseStackConfig(input, TODAY);
  assert.deepEqual(problems, []);
  assert.ok(config);
  return config;
}
