/** Rules, alerts and objectives that a stack file brings along: what Prometheus, Alertmanager or a reader would refuse later. */
import { existsSync } from "node:fs";
import { join } from "node:path";

import { issue, nearest, show, within, words, type Issue } from "../../budget/core/issues";
import { mapValues } from "../../budget/core/own";
import type { PerformanceBudget } from "../../budget/core/performance-budget";
import type { SettingPath } from "../../budget/core/settings";
import { isAddress } from "../../budget/monitoring/alert";
import { BUDGET_TARGET } from "../../budget/monitoring/watched";
import { ROUTING_LABELS, pageOf, type OwnAlert, type OwnRule } from "../../budget/monitoring/own-rules";
import { ownObjectiveIssues, type OwnObjective } from "../../budget/service/own-objectives";
import type * as Check from "../../components/monitoring/promql/check";
import type { ValueType } from "../../components/monitoring/promql/functions";
import { regexFault } from "../../components/monitoring/promql/literals";
import { templateFault } from "../../components/monitoring/promql/template";
import { planMonitoring } from "../../plan/plan-monitoring";
import { planStack } from "../../plan/plan-stack";
import { CATALOGUE } from "../../product/data-model/catalogue";
import type { StackConfig } from "./schema/stack";

/** Folder of the pages that alerts lead to. */
const RUNBOOKS = join(__dirname, "..", "..", "docs", "runbooks");

/** Of the objectives of one service, below its key. @param isWatched the stack has a block `monitoring` */
export function serviceObjectiveIssues(
  { slos }: { readonly slos: readonly OwnObjective[] },
  budget: PerformanceBudget,
  isWatched: boolean,
): Issue[] {
  if (slos.length === 0) return [];
  const unwatched = issue(["slos"], slos, {
    allowed: "objectives where somebody watches",
    fix: "Add retrofitlink:monitoring, or remove the key.",
  });
  return [
    ...(isWatched ? [] : [unwatched]),
    ...ownObjectiveIssues(slos, budget, ["slos"]),
    ...onceIssues(slos, ["slos"]),
    ...slos.flatMap((slo, index) =>
      within(
        ["slos", index],
        [
          ...(slo.kind === "events"
            ? [...promqlIssues(slo.good, "good", VECTOR), ...promqlIssues(slo.total, "total", VECTOR)]
            : []),
          ...runbookIssues(slo),
          ...templateIssues(slo),
        ],
      ),
    ),
  ];
}

/** Of `monitoring.rules`. @param services names of the stack's services */
export function ownRuleIssues(rules: readonly OwnRule[], services: readonly string[]): Issue[] {
  const found = [
    ...onceIssues(rules, ["rules"]),
    ...rules.flatMap((rule, index) =>
      within(
        ["rules", index],
        [
          ...promqlIssues(rule.expr, "expr", VALUES),
          ...(rule.kind === "alert"
            ? [
                ...runbookIssues(rule),
                ...templateIssues(rule),
                ...labelIssues(rule),
                ...serviceIssues(rule, services),
              ]
            : []),
        ],
      ),
    ),
  ];
  return within(["monitoring"], found);
}

const VECTOR: readonly ValueType[] = ["instant vector"];

/** What a rule may come to: of anything else Prometheus makes no series. */
const VALUES: readonly ValueType[] = ["instant vector", "scalar"];

function promqlIssues(text: string, key: string, wanted: readonly ValueType[]): Issue[] {
  // Loaded only where somebody wrote PromQL: a preview without is not to pay for the grammar.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { checkPromql } = require("../../components/monitoring/promql/check") as typeof Check;
  const verdict = checkPromql(text);
  if ("fault" in verdict) {
    const { at, allowed, fix } = verdict.fault;
    return [
      issue([key], words(`${excerpt(text, at)} with a mistake at ${place(text, at)}`), { allowed, fix }),
    ];
  }
  if (wanted.includes(verdict.type)) return [];
  return [
    issue([key], words(`${show(text)}, which comes to a ${verdict.type}`), {
      allowed: `PromQL that comes to ${wanted.map((type) => (type === "scalar" ? "a scalar" : `an ${type}`)).join(" or ")}`,
      fix: "Put a function around a range, such as rate( ), or name a series.",
    }),
  ];
}

/** Of what a second store is sent. */
export function keepIssues(keep: string | undefined): Issue[] {
  const fault = keep === undefined ? undefined : regexFault(keep);
  if (typeof fault !== "string") return [];
  return [issue(["remoteWrite", "keep"], keep, { allowed: "what RE2 takes", fix: fault })];
}

/** What is around a place, as long as a line has room for. */
function excerpt(text: string, at: number): string {
  const [from, to] =
    text.length <= 60 ? [0, text.length] : [Math.max(0, at - 30), Math.min(text.length, at + 20)];
  const [before, after] = [from > 0 ? "…" : "", to < text.length ? "…" : ""];
  return `"${before}${text.slice(from, to).replaceAll(/\s+/g, " ")}${after}"`;
}

function place(text: string, at: number): string {
  const before = text.slice(0, at - 1).split("\n");
  const character = `character ${(before.at(-1) ?? "").length + 1}`;
  return text.trimEnd().includes("\n") ? `line ${before.length}, ${character}` : character;
}

function runbookIssues(of: Pick<OwnAlert, "name" | "runbook">): Issue[] {
  const page = pageOf(of);
  if (isAddress(page) || existsSync(join(RUNBOOKS, page))) return [];
  return [
    issue(["runbook"], of.runbook, {
      allowed: `an address, or a page that is there; docs/runbooks/${page} is not`,
      fix: "Write the page, or give the address of one.",
    }),
  ];
}

function templateIssues(of: Partial<Pick<OwnAlert, "summary" | "impact">>): Issue[] {
  return (["summary", "impact"] as const).flatMap((key) => {
    const fault = templateFault(of[key] ?? "");
    return fault === undefined
      ? []
      : [issue([key], of[key], { allowed: fault, fix: "Write {{ $value }} or {{ $labels.name }}." })];
  });
}

function labelIssues({ labels }: OwnAlert): Issue[] {
  const reserved: readonly string[] = ROUTING_LABELS;
  return Object.entries(labels).flatMap(([label, value]) =>
    reserved.includes(label)
      ? issue(["labels", label], value, {
          allowed: `a label beside ${ROUTING_LABELS.join(", ")}, which the platform sets`,
          fix: "Remove it: tier and service are keys of the alert.",
        })
      : [],
  );
}

function serviceIssues({ service }: OwnAlert, services: readonly string[]): Issue[] {
  if (service === undefined || services.includes(service)) return [];
  const near = nearest(service, services);
  return [
    issue(["service"], service, {
      allowed: `one of ${services.join(", ")}`,
      fix: near === undefined ? "Remove the key where it is about no service." : `Did you mean "${near}"?`,
    }),
  ];
}

/** Two of one name are one alert with two meanings, or one series with two values. */
function onceIssues(of: readonly { readonly name: string }[], path: SettingPath): Issue[] {
  return of.flatMap(({ name }, index) =>
    of.findIndex((other) => other.name === name) === index
      ? []
      : issue([...path, index, "name"], name, {
          allowed: "a name that no rule before it has",
          fix: "Rename one of the two, or make one rule of both with `or`.",
        }),
  );
}

/** Names that rules of the platform have. @param config sound */
export function takenNameIssues(config: StackConfig): Issue[] {
  const { monitoring, services } = config;
  const hasOwn =
    (monitoring?.rules.length ?? 0) > 0 || Object.values(services).some(({ slos }) => slos.length > 0);
  if (!hasOwn) return [];
  const platform = {
    ...config,
    services: mapValues(services, (service) => ({ ...service, slos: [] })),
    monitoring: undefined,
    dataModel: CATALOGUE,
  };
  const { alerts, rules, targets } = planMonitoring(platform, planStack(platform));
  const taken = new Set([
    ...alerts.map(({ name }) => name),
    ...rules.map(({ record }) => record),
    ...targets.map(({ record = BUDGET_TARGET }) => record),
  ]);
  const objectives = Object.entries(services).flatMap(([service, { slos }]) =>
    slos.map(({ name }, index) => ({ name, path: ["services", service, "slos", index, "name"] })),
  );
  const own = (monitoring?.rules ?? []).map(({ name }, index) => ({
    name,
    path: ["monitoring", "rules", index, "name"],
  }));
  const names = new Set(objectives.map(({ name }) => name));
  return [
    ...[...objectives, ...own]
      .filter(({ name }) => taken.has(name))
      .map(({ name, path }) =>
        issue(path, name, {
          allowed: "a name that no rule of the platform has",
          fix: "Choose another: both would be one alert, or one series.",
        }),
      ),
    ...own
      .filter(({ name }) => names.has(name))
      .map(({ name, path }) =>
        issue(path, name, {
          allowed: "a name that no objective of a service has",
          fix: "Rename one of the two.",
        }),
      ),
  ];
}
