/** How much is watched of the shipped stacks, as a table for docs/monitoring.md. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { monitoringNumbers } from "../plan/plan-monitoring";
import { planStack } from "../plan/plan-stack";
import { CATALOGUE } from "../product/data-model/catalogue";
import { readStackFile } from "../stacks/stack-file/shipped";
import { watchedOf } from "../stacks/wiring/monitoring";

const ROOT = join(__dirname, "..");

const COLUMNS = [
  "stack",
  "recording rules",
  "alerts",
  "of names",
  "panels",
  "figures of the plan",
  "series of them all",
  "series of a service",
  "of a public one at the proxy",
  "of a proxy's pod",
];

/** @throws Error when a shipped stack file is not sound */
export function monitoringCounts(): string {
  const rows = ["production", "staging"].map((stack) => {
    const { config, issues } = readStackFile(join(ROOT, `Pulumi.${stack}.yaml`));
    if (config === undefined) throw new Error(`Pulumi.${stack}.yaml: ${JSON.stringify(issues)}`);
    const plan = planStack({ ...config, dataModel: CATALOGUE });
    const watched = watchedOf(config, plan);
    const { series, seriesPerService, seriesPerPublicService, seriesPerProxyPod } = monitoringNumbers(
      config,
      plan,
      watched,
    );
    const { rules, alerts, panels, targets } = watched;
    const names = new Set(alerts.map(({ name }) => name)).size;
    const figures = [rules.length, alerts.length, names, panels.length, targets.length];
    const sizes = [series, seriesPerService, seriesPerPublicService, seriesPerProxyPod].map(
      ({ value }) => value,
    );
    return [stack, ...figures, ...sizes].join(" | ");
  });
  const pages = readdirSync(join(ROOT, "docs", "runbooks")).filter((file) => file !== "README.md");
  const header = COLUMNS.join(" | ");
  const line = ["---", ...COLUMNS.slice(1).map(() => "---:")].join(" | ");
  const table = [header, line, ...rows].map((row) => `| ${row} |`).join("\n");
  return `${table}\n\nThere are ${pages.length} runbooks, one for each name of an alert that a stack may have.`;
}
