export { Dashboards, type DashboardsArgs } from "./monitoring/dashboards";
