import type { RecordingRule } from "../../budget/monitoring/recording";

/** Recording rules as Prometheus reads them from a file; JSON is YAML. */
export function recordingRulesFile(rules: readonly RecordingRule[]): string {
  return JSON.stringify({ groups: [{ name: "tested", rules }] }, undefined, 2);
}
