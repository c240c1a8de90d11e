/** What happened meanwhile, marked in every panel. */
import { AnnotationQueryBuilder, type AnnotationQuery } from "@grafana/grafana-foundation-sdk/dashboard";

import { WATCHDOG } from "../../../budget/monitoring/watched-monitoring";
import { DATA_SOURCE } from "./panel-json";
import { shown } from "./shown";

/** Between two questions. What differs from a step ago is told once. */
const STEP = "1m";

/** Reaches over the border between two steps, so that no change falls between them; what is told in both is one mark. */
const WINDOW = "2m";

interface Mark {
  readonly name: string;
  /** Color of Grafana's palette. */
  readonly color: string;
  /** Has a value while it happens. */
  readonly expr: string;
  /** Label format. */
  readonly title: string;
}

/**
 * - a deploy is a ReplicaSet that gets its first pods: also one of an earlier version, which a roll-back takes again;
 * - scaling is a change of the wanted pods;
 * - a load test is running while k6 reports virtual users;
 * - an alert that fires, but not the one that fires at all times.
 */
export function annotations(namespaces: readonly string[]): { readonly build: () => AnnotationQuery }[] {
  const within = `{namespace=~"${namespaces.join("|")}"}`;
  const replicaSets = `kube_replicaset_spec_replicas${within}`;
  const marks: readonly Mark[] = [
    {
      name: "Deploys",
      color: "blue",
      expr: `${replicaSets} > 0 unless ${replicaSets} offset ${STEP} > 0`,
      title: "deploy of {{replicaset}}",
    },
    {
      name: "Scaling",
      color: "purple",
      expr: `changes(kube_deployment_spec_replicas${within}[${WINDOW}]) > 0`,
      title: "{{deployment}} is scaled",
    },
    {
      name: "Load tests",
      color: "yellow",
      expr: "max by (testid) (k6_vus) > 0",
      title: "load test {{testid}}",
    },
    {
      name: "Alerts",
      color: "red",
      expr: `max by (alertname, tier) (ALERTS{alertstate="firing",tier!="",alertname!="${WATCHDOG.name}"})`,
      title: "{{tier}} {{alertname}}",
    },
  ];
  return marks.map(({ name, color, expr, title }) =>
    shown(
      new AnnotationQueryBuilder()
        .name(name)
        .datasource(DATA_SOURCE)
        .enable(true)
        .iconColor(color)
        .expr(expr)
        .titleFormat(title)
        .step(STEP),
    ),
  );
}
