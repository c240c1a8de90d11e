/**
 * What is wrong with a dashboard as Grafana reads it, by the rules of Grafana's dashboard-linter: template-datasource,
 * panel-datasource, panel-title-description, panel-units, panel-no-targets, target-promql, template-uneditable; and of our
 * own: ids are unique, panels do not overlap, no two ask the same, a legend names labels that its query keeps.
 *
 * Its rules of job and instance variables do not apply: a query names its workload by itself. So does not
 * target-rate-interval where a window is meant: a rule of a fixed window is what an alert compares.
 */
import type { DashboardJson } from "../../components/monitoring/dashboards/render";
import type { Expression, Grouping } from "../../simulation/promql/expression";
import { parsePromql } from "../../simulation/promql/parse";

/** Units that the dashboards use, all of them known to Grafana. */
const UNITS = ["s", "percentunit", "reqps", "ops", "bytes", "binBps", "short"];

const SOURCE = "${datasource}";

interface Target {
  readonly expr?: string;
  readonly refId?: string;
  readonly legendFormat?: string;
  readonly datasource?: { readonly uid?: string };
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

interface AnyPanel {
  readonly id?: number;
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly gridPos?: Place;
  readonly datasource?: { readonly uid?: string };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: { readonly defaults?: { readonly unit?: string } };
  readonly panels?: readonly AnyPanel[];
}

/** @returns a line for each fault */
export function dashboardFaults(dashboard: DashboardJson): string[] {
  const faults: string[] = [];
  const rows = (dashboard.panels ?? []) as readonly AnyPanel[];
  const all = rows.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  const panels = all.filter(({ type }) => type !== "row");
  const [variable] = dashboard.templating?.list ?? [];
  if (
    String(variable?.type) !== "datasource" ||
    variable?.name !== "datasource" ||
    variable.label !== "Data source"
  )
    faults.push("no variable of the data source");
  if (dashboard.editable !== false) faults.push("it can be edited by hand");
  if (new Set(all.map(({ id }) => id)).size !== all.length) faults.push("an id stands twice");
  const asked = panels.map(({ targets = [] }) =>
    targets
      .map(({ expr }) => expr)
      .sort()
      .join("\n"),
  );
  asked.forEach((text, index) => {
    if (asked.indexOf(text) !== index) faults.push(`${panels[index]?.title}: the queries of another panel`);
  });
  for (const panel of panels) faults.push(...panelFaults(panel).map((fault) => `${panel.title}: ${fault}`));
  const open = rows.map(({ gridPos, title }) => ({ gridPos, title }));
  open.forEach((a, index) =>
    open.slice(index + 1).forEach((b) => {
      if (overlap(a.gridPos, b.gridPos)) faults.push(`${a.title} lies over ${b.title}`);
    }),
  );
  return faults;
}

function overlap(a: Place | undefined, b: Place | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function panelFaults({
  title,
  description,
  datasource,
  targets = [],
  fieldConfig,
  gridPos,
}: AnyPanel): string[] {
  const faults: string[] = [];
  const check = (holds: boolean, fault: string): void => void (holds || faults.push(fault));
  check((title ?? "") !== "", "no title");
  check((description ?? "") !== "", "no description");
  check(UNITS.includes(fieldConfig?.defaults?.unit ?? ""), `the unit ${fieldConfig?.defaults?.unit}`);
  check(datasource?.uid === SOURCE, "another data source");
  check(targets.length > 0, "no query");
  check(new Set(targets.map(({ refId }) => refId)).size === targets.length, "a refId stands twice");
  check(gridPos !== undefined && gridPos.x + gridPos.w <= 24, "it reaches over the grid");
  for (const { expr = "", legendFormat = "", datasource: own } of targets) {
    check(own?.uid === SOURCE, "a query with another data source");
    const lost = lostLabels(expr, legendFormat);
    check(
      lost.length === 0,
      `the legend ${legendFormat} names what the query does not keep: ${lost.join(", ")}`,
    );
  }
  return faults;
}

/** Labels that a legend names and its query does not keep. @throws PromqlError where the query is no PromQL */
export function lostLabels(expr: string, legend: string): string[] {
  const names = [...legend.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, name = ""]) => name);
  const labels = labelsOf(parsePromql(expr.replaceAll("$__rate_interval", "4m")));
  return names.filter((name) => !labels.may(name));
}

/** Which labels the series of an expression may have. */
interface Labels {
  readonly may: (name: string) => boolean;
}

const ANY: Labels = { may: () => true };
const NONE: Labels = { may: () => false };

function grouped(labels: Labels, { only, labels: names }: Grouping): Labels {
  return { may: (name) => labels.may(name) && names.includes(name) === only };
}

const WITHOUT_LABELS = ["scalar", "time", "vector", "absent", "absent_over_time"];

function labelsOf(expression: Expression): Labels {
  switch (expression.kind) {
    case "number":
    case "string":
      return NONE;
    case "selector":
    case "range":
    case "subquery":
      return ANY;
    case "minus":
      return labelsOf(expression.of);
    case "aggregation": {
      const of = labelsOf(expression.of);
      return ["topk", "bottomk"].includes(expression.op) ? of : grouped(of, expression.grouping);
    }
    case "call": {
      const { name, parameters } = expression;
      if (["label_replace", "label_join"].includes(name)) return ANY;
      if (WITHOUT_LABELS.includes(name)) return name.startsWith("absent") ? ANY : NONE;
      const all = parameters.map(labelsOf);
      const may = (label: string): boolean => all.some((one) => one.may(label));
      return name === "histogram_quantile" ? { may: (label) => label !== "le" && may(label) } : { may };
    }
    case "binary": {
      const { op, matching, left, right } = expression;
      const [a, b] = [labelsOf(left), labelsOf(right)];
      if (op === "or") return { may: (name) => a.may(name) || b.may(name) };
      if (["and", "unless"].includes(op)) return a;
      if (left.kind === "number") return b;
      if (right.kind === "number") return a;
      if (matching.many !== undefined) {
        const many = matching.many === "left" ? a : b;
        return { may: (name) => many.may(name) || matching.include.includes(name) };
      }
      return grouped(a, matching);
    }
  }
}
