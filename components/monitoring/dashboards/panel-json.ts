/** A panel as Grafana has it. */
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
  type DataSourceRef,
} from "@grafana/grafana-foundation-sdk/common";
import {
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type Panel as PanelJson,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeSeriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

import type { Panel, PanelQuery, PanelUnit } from "../../../budget/monitoring/panel";
import { boundsText, reachOf, thresholdsOf } from "./bounds";
import type { Place } from "./grid";

/** The Prometheus that the reader of a dashboard has chosen. */
export const DATA_SOURCE: DataSourceRef = { type: "prometheus", uid: "${datasource}" };

/** Grafana's ids of units. */
const UNITS: Readonly<Record<PanelUnit, string>> = {
  seconds: "s",
  ratio: "percentunit",
  "requests/s": "reqps",
  "operations/s": "ops",
  bytes: "bytes",
  "bytes/s": "binBps",
  count: "short",
  pods: "short",
  cores: "short",
};

/** What Grafana has no unit for is written beside the axis. */
const AXIS_LABELS: Readonly<Partial<Record<PanelUnit, string>>> = { pods: "pods", cores: "cores" };

/** @param id unique on the dashboard */
export function panelJson(panel: Panel, id: number, place: Place): PanelJson {
  return panel.kind === "stat" ? stat(panel, id, place) : timeSeries(panel, id, place);
}

function timeSeries(panel: Panel, id: number, place: Place): PanelJson {
  const { unit, bounds = [] } = panel;
  const builder = common(new TimeSeriesBuilder(), panel, id, place)
    .min(0)
    .lineWidth(2)
    .fillOpacity(panel.queries.length === 1 ? 8 : 0)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(["lastNotNull", "max"]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  const axis = AXIS_LABELS[unit];
  if (axis !== undefined) builder.axisLabel(axis);
  const reach = reachOf(bounds, unit);
  if (reach !== undefined) {
    const style = new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed);
    builder.axisSoftMax(reach).thresholdsStyle(style);
  }
  return builder.build();
}

/** The figure of now, with the last hours as a shadow behind it. */
function stat(panel: Panel, id: number, place: Place): PanelJson {
  return common(new StatBuilder(), panel, id, place)
    .graphMode(BigValueGraphMode.Area)
    .colorMode(BigValueColorMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .noValue("no data")
    .build();
}

function common<Builder extends TimeSeriesBuilder | StatBuilder>(
  builder: Builder,
  { title, description, unit, queries, bounds = [] }: Panel,
  id: number,
  place: Place,
): Builder {
  const thresholds = new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(thresholdsOf(bounds));
  builder
    .id(id)
    .title(title)
    .description(bounds.length === 0 ? description : `${description} Lines: ${boundsText(bounds, unit)}.`)
    .datasource(DATA_SOURCE)
    .gridPos(place)
    .unit(UNITS[unit])
    .thresholds(thresholds)
    .targets(queries.map(target));
  if (unit === "pods") builder.decimals(0);
  return builder;
}

function target({ expr, legend }: PanelQuery, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(refId(index))
    .datasource(DATA_SOURCE)
    .expr(expr)
    .legendFormat(legend)
    .range();
}

/** A, B, … Z, A1, B1, … */
function refId(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : `${letter}${Math.floor(index / 26)}`;
}
