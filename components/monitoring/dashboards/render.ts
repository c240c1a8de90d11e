/** Dashboards of Grafana from the panels of all nouns. */
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  RowBuilder,
  type Dashboard,
  type DashboardLink,
} from "@grafana/grafana-foundation-sdk/dashboard";

import { DASHBOARDS, type DashboardName, type Panel } from "../../../budget/monitoring/panel";
import { annotations } from "./annotations";
import { placedRows } from "./grid";
import { panelJson } from "./panel-json";
import { shown } from "./shown";

/** A dashboard as Grafana reads it from a file. */
export type DashboardJson = Dashboard;

export interface DashboardOptions {
  /** Name of the stack, a tag of its dashboards. */
  readonly stack: string;
  /** Namespaces of its workloads, whose deploys and scaling are marked. At least one. */
  readonly namespaces: readonly string[];
  /** Address of the folder of runbooks. @default no link */
  readonly runbooks?: string | undefined;
}

/** Tag by which dashboards link to each other. */
const TAG = "retrofitlink";

/**
 * One dashboard for each name that has panels; its uid is the name, so that its address is `/d/performance`.
 *
 * @param panels without issues, see `dashboardIssues`
 */
export function dashboards(
  panels: readonly Panel[],
  options: DashboardOptions,
): Readonly<Partial<Record<DashboardName, DashboardJson>>> {
  const names = (Object.keys(DASHBOARDS) as DashboardName[]).filter((name) =>
    panels.some(({ dashboard }) => dashboard === name),
  );
  return Object.fromEntries(
    names.map((name) => [
      name,
      dashboard(
        name,
        panels.filter((panel) => panel.dashboard === name),
        options,
      ),
    ]),
  );
}

function dashboard(
  name: DashboardName,
  panels: readonly Panel[],
  { stack, namespaces, runbooks }: DashboardOptions,
): Dashboard {
  const builder = new DashboardBuilder(DASHBOARDS[name])
    .uid(name)
    .description(`${DASHBOARDS[name]} of the stack ${stack}. Made by its program: a change by hand is lost.`)
    .tags([TAG, stack])
    .timezone("browser")
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: "now-3h", to: "now" })
    .refresh("1m")
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"))
    .annotations(annotations(namespaces))
    .links(links(runbooks));
  let id = 0;
  for (const { title, place, collapsed, panels: placed } of placedRows(panels)) {
    const row = new RowBuilder(title).id(++id).gridPos(place).collapsed(collapsed).build();
    const inside = placed.map(({ panel, place: at }) => panelJson(panel, ++id, at));
    // The builder of a row would move its panels: here each has its place already.
    builder.withRow({ build: () => (collapsed ? { ...row, panels: inside } : row) });
    if (!collapsed) for (const panel of inside) builder.withPanel({ build: () => panel });
  }
  // The SDK's objects have functions besides, which no file has.
  return JSON.parse(JSON.stringify(builder.build())) as Dashboard;
}

function links(runbooks: string | undefined): { readonly build: () => DashboardLink }[] {
  const others = new DashboardLinkBuilder("Dashboards")
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .asDropdown(true)
    .keepTime(true)
    .includeVars(true);
  if (runbooks === undefined) return [shown(others)];
  const pages = new DashboardLinkBuilder("Runbooks")
    .type(DashboardLinkType.Link)
    .icon("doc")
    .url(runbooks)
    .targetBlank(true);
  return [shown(others), shown(pages)];
}
