/** What is watched of a stack, and who is told. */
export { BlackboxExporter, type BlackboxExporterArgs } from "./monitoring/blackbox-exporter";
export { DASHBOARD_LABEL, type GrafanaArgs, type GrafanaSignIn } from "./monitoring/grafana";
export {
  kedaMetrics,
  mongoDbMetrics,
  proxyAccessMetrics,
  proxyMetrics,
  redisMetrics,
  sentinelMetrics,
  serviceMetrics,
} from "./monitoring/monitored";
export { Monitors, type MetricsTls, type Monitored, type MonitorsArgs } from "./monitoring/monitors";
export { PrometheusStack } from "./monitoring/prometheus-stack";
export type { AlertmanagerArgs, PrometheusStackArgs } from "./monitoring/prometheus-stack-args";
export type { RemoteWrite, SecretEntry } from "./monitoring/remote-write";
export { PrometheusRules, type PrometheusRulesArgs } from "./monitoring/prometheus-rules";
export { AlertRouting, type AlertRoutingArgs } from "./monitoring/alert-routing";
export { Dashboards, type DashboardsArgs } from "./monitoring/dashboards";
