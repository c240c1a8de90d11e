/** What dashboards show, as values: a noun says what is worth looking at, dashboards collect it. */

export const DASHBOARDS = {
  performance: "Performance",
  redis: "Redis",
  mongodb: "MongoDB",
  "load-balancer": "Load balancer",
  autoscaling: "Autoscaling",
  cdn: "CDN",
  "load-tests": "Load tests",
} as const;

/** Uid of a dashboard, the last part of its address: /d/performance. */
export type DashboardName = keyof typeof DASHBOARDS;

/** Units as a person reads them. */
export type PanelUnit =
  "seconds" | "ratio" | "requests/s" | "operations/s" | "bytes" | "bytes/s" | "count" | "pods" | "cores";

/** One curve, or one for each series that the query answers. */
export interface PanelQuery {
  /** PromQL. */
  readonly expr: string;
  /** Grafana's legend format: `{{cache}}`, or plain words. */
  readonly legend: string;
}

/** A bound that is drawn in. */
export interface PanelBound {
  readonly value: number;
  readonly worseWhen: "higher" | "lower";
  /** "promise", "warning", "alarm" */
  readonly label: string;
}

/** A panel of a dashboard. */
export interface Panel {
  /** Unique in the stack. */
  readonly id: string;
  readonly dashboard: DashboardName;
  /** Row of the dashboard: panels of one heading stand together. */
  readonly row: string;
  readonly title: string;
  /** What it shows and what a bad picture looks like, one or two sentences. */
  readonly description: string;
  readonly unit: PanelUnit;
  /** @default "time series" */
  readonly kind?: "time series" | "stat";
  /** At least one. */
  readonly queries: readonly PanelQuery[];
  /** Bounds from the plan. @default none */
  readonly bounds?: readonly PanelBound[];
}
