/** What is wrong with panels before a dashboard is made of them. */
import { issueList, words, type Issue } from "../../../budget/core/issues";
import type { Panel } from "../../../budget/monitoring/panel";

/** @returns issues of panels by their id; an empty list means that dashboards can be made */
export function dashboardIssues(panels: readonly Panel[]): Issue[] {
  const { issues, check } = issueList();
  const ids = new Set<string>();
  const shown = new Map<string, string>();
  for (const { id, dashboard, title, description, queries } of panels) {
    check(!ids.has(id), ["panels", id], id, "an id that no other panel has", "Name the service in it.");
    ids.add(id);
    check(title.trim() !== "", ["panels", id, "title"], title, "a few words", "Say what is shown.");
    check(
      description.trim() !== "",
      ["panels", id, "description"],
      description,
      "a sentence or two",
      "Say what a bad picture looks like.",
    );
    check(queries.length > 0, ["panels", id, "queries"], queries, "at least one query", "Add one.");
    const asked = queriesText(dashboard, queries);
    const same = shown.get(asked);
    check(
      same === undefined,
      ["panels", id, "queries"],
      words(`the queries of ${same}`),
      "queries that no other panel of the dashboard has",
      "Show them once.",
    );
    shown.set(asked, same ?? id);
  }
  return issues;
}

/** One text for the same queries in any order and any line breaks. */
function queriesText(dashboard: string, queries: Panel["queries"]): string {
  const texts = queries.map(({ expr }) => expr.replaceAll(/\s+/g, " ").trim());
  return [dashboard, ...texts.sort()].join("\n");
}
