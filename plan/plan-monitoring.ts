/** What is watched of a whole stack: each noun answers for itself, and this collects the answers. Pure and in one pass. */
import { watchAutoscaler, watchNamespace } from "../budget/autoscaling/watched";
import { derived, type Derived, type Numbers } from "../budget/core/derived";
import { own } from "../budget/core/own";
import { workloadName } from "../budget/load-balancing/proxy";
import { watchAddress, watchProxy } from "../budget/load-balancing/watched";
import type { RecordingRule } from "../budget/monitoring/recording";
import { SERIES_OF_SLO } from "../budget/monitoring/slo";
import { together, type ExportedTarget, type Watched } from "../budget/monitoring/watched";
import { servicePanels } from "../budget/service/panels";
import { watchService } from "../budget/service/watched";
import type { PlannedService } from "./planned-service";
import type { StackPlan } from "./plan-stack";
import type { ServiceInput, StackInputs } from "./stack-inputs";
import { USUAL_WATCHERS, watchNouns, type Watchers } from "./watch-nouns";

/** A stack, and the namespace that its workloads are in. */
export type MonitoringInputs = StackInputs & {
  readonly cluster: StackInputs["cluster"] & { readonly namespace: string };
};

/** What is watched of a stack. Series, alerts and panels of a noun are declared in its own `watched.ts`. */
export function planMonitoring(
  inputs: MonitoringInputs,
  plan: StackPlan,
  watchers: Watchers = USUAL_WATCHERS,
): Watched {
  const { namespace } = inputs.cluster;
  const services = Object.entries(plan.services).flatMap(([name, planned]): Watched[] => {
    const input = own(inputs.services, name);
    return input === undefined ? [] : watchPlannedService(namespace, name, input, planned);
  });
  const forecasts = Object.values(inputs.services).some(
    ({ autoscaling }) => (autoscaling?.forecast?.mode ?? "off") !== "off",
  );
  return together([
    ...services,
    { rules: [], alerts: [], panels: servicePanels(namespace, plan.budget), targets: [] },
    ...watchTraffic(inputs, plan),
    watchNamespace(namespace, forecasts),
    ...watchNouns(inputs, plan, watchers),
  ]);
}

function watchPlannedService(
  namespace: string,
  name: string,
  input: ServiceInput,
  { plan, budget }: PlannedService,
): Watched[] {
  const { profile, resources, processesPerPod, demand, autoscaling } = input;
  const key = `retrofitlink:services.${name}`;
  return [
    watchService({
      namespace,
      job: name,
      budget,
      pod: { slots: profile.concurrencyPerPod, ...resources },
      processesPerPod,
      maxUtilization: profile.maxUtilization,
      baseRps: demand.baseRps,
      key,
    }),
    watchAutoscaler({
      namespace,
      name,
      min: plan.numbers.min.value,
      max: plan.numbers.max.value,
      forecast: autoscaling?.forecast?.mode ?? "off",
      key,
    }),
  ];
}

function watchTraffic({ cluster, loadBalancer, cdn }: MonitoringInputs, plan: StackPlan): Watched[] {
  if (loadBalancer === undefined || plan.proxy === undefined) return [];
  const { namespace } = cluster;
  const { clientsPerPod, minReplicas, maxReplicas } = plan.proxy.numbers;
  const job = workloadName(loadBalancer.proxy);
  return [
    watchProxy({
      namespace,
      job,
      proxy: loadBalancer.proxy,
      budget: plan.budget,
      clientsPerPod: clientsPerPod.value,
    }),
    watchAutoscaler({
      namespace,
      name: job,
      min: minReplicas.value,
      max: maxReplicas.value,
      key: "retrofitlink:loadBalancer",
    }),
    // A load balancer of a cloud and a CDN always end TLS.
    ...(loadBalancer.public === undefined && cdn === undefined
      ? []
      : [watchAddress({ namespace, tls: true })]),
  ];
}

/** Numbers of what is watched. */
export interface MonitoringNumbers extends Numbers {
  /** Series that one service adds to Prometheus beside those that its pods tell. */
  readonly seriesPerService: Derived;
  /** Series that all rules and targets of the stack add. */
  readonly series: Derived;
  readonly alerts: Derived;
}

/**
 * How much the stack asks of Prometheus. A rule counts as one series, and those that all objectives have in common as one for
 * each of them; the hit ratio has one for each cache of the service, the histogram one for each bound, and an alert one more
 * while it is pending or fires.
 */
export function monitoringNumbers(
  inputs: Pick<MonitoringInputs, "services">,
  { rules, targets, alerts }: Watched,
): MonitoringNumbers {
  const [first = ""] = Object.keys(inputs.services);
  const isOf = ({ labels = {} }: { labels?: Readonly<Record<string, string>> }): boolean =>
    labels["service"] === first;
  const own = rules.filter((rule) => !isOfWindows(rule));
  const sum = (
    some: readonly RecordingRule[],
    figures: readonly ExportedTarget[],
  ): readonly [number, string] => {
    const windows = some.filter(({ record }) => record === EVENTS).length * SERIES_OF_SLO.windows;
    return [
      some.length + windows + figures.length,
      `${some.length} recording rules + ${windows} windows of objectives + ${figures.length} figures of the plan`,
    ];
  };
  const [perService, serviceFormula] = sum(own.filter(isOf), targets.filter(isOf));
  const [all, formula] = sum(own, targets);
  return {
    seriesPerService: derived("Series of a service", perService, "", serviceFormula, ["services"]),
    series: derived("Series of the stack", all, "", formula, ["services"]),
    alerts: derived("Alerts", alerts.length, "", "one entry each with its noun", ["services"]),
  };
}

/** By which each objective begins. */
const EVENTS = "slo:events:rate5m";

/** A rule for the windows of all objectives. */
function isOfWindows({ record, labels }: RecordingRule): boolean {
  return labels === undefined && record.startsWith("slo:");
}
