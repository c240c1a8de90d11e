/** What is watched of a stack, and who is told. */
export { PrometheusRules, type PrometheusRulesArgs } from "./monitoring/prometheus-rules";
