/** What is watched of a whole stack: each noun answers for itself, and this collects the answers. Pure and in one pass. */
import { watchAutoscaler, watchNamespace } from "../budget/autoscaling/watched";
import { derived, type Derived, type Numbers } from "../budget/core/derived";
import { own } from "../budget/core/own";
import { accessBuckets, accessSeries } from "../budget/load-balancing/access-metrics";
import { workloadName } from "../budget/load-balancing/proxy";
import { watchAddress, watchProxy } from "../budget/load-balancing/watched";
import type { Alert } from "../budget/monitoring/alert";
import { watchOwnRules, type OwnRule } from "../budget/monitoring/own-rules";
import type { RecordingRule } from "../budget/monitoring/recording";
import { SERIES_OF_SLO } from "../budget/monitoring/slo";
import { NOTHING_WATCHED, together, type ExportedTarget, type Watched } from "../budget/monitoring/watched";
import { ownObjectives } from "../budget/service/own-objectives";
import { servicePanels } from "../budget/service/panels";
import { watchService } from "../budget/service/watched";
import type { PlannedService } from "./planned-service";
import type { StackPlan } from "./plan-stack";
import { publicServices } from "./public-services";
import type { ServiceInput, StackInputs } from "./stack-inputs";
import { USUAL_WATCHERS, watchNouns, type Watchers } from "./watch-nouns";

/** A stack, and the namespace that its workloads are in. */
export type MonitoringInputs = StackInputs & {
  readonly cluster: StackInputs["cluster"] & { readonly namespace: string };
  /** Rules that the stack brings along. @default none */
  readonly monitoring?: { readonly rules: readonly OwnRule[] } | undefined;
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
  const watched = together([
    ...services,
    { rules: [], alerts: [], panels: servicePanels(namespace, plan.budget), targets: [] },
    ...watchTraffic(inputs, plan),
    watchNamespace(namespace, forecasts),
    ...watchNouns(inputs, plan, watchers),
    watchOwnRules(namespace, inputs.monitoring?.rules ?? []),
  ]);
  return { ...watched, alerts: watched.alerts.map((alert) => ofStack(alert, namespace)) };
}

/** Nouns of which each stack has one, where two stacks have one Alertmanager. */
const ONE_OF_EACH_STACK: readonly string[] = ["database", "proxy", "cdn"];

/** Many expressions sum the namespace away, by which the alerts of two stacks are told apart. */
function ofStack(alert: Alert, namespace: string): Alert {
  return ONE_OF_EACH_STACK.includes(alert.noun)
    ? { ...alert, labels: { namespace, ...alert.labels } }
    : alert;
}

function watchPlannedService(
  namespace: string,
  name: string,
  input: ServiceInput,
  { plan, budget }: PlannedService,
): Watched[] {
  const { profile, resources, processesPerPod, demand, autoscaling, slos = [] } = input;
  const key = `retrofitlink:services.${name}`;
  const own = ownObjectives({ namespace, job: name, budget, key }, slos);
  return [
    ...own.map(({ rules, alerts }) => ({ ...NOTHING_WATCHED, rules, alerts })),
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

function watchTraffic(inputs: MonitoringInputs, plan: StackPlan): Watched[] {
  const { cluster, loadBalancer, cdn } = inputs;
  if (loadBalancer === undefined || plan.proxy === undefined) return [];
  const { namespace } = cluster;
  const { clientsPerPod, minReplicas, maxReplicas } = plan.proxy.numbers;
  const job = workloadName(loadBalancer.proxy);
  return [
    watchProxy({
      namespace,
      job,
      proxy: loadBalancer.proxy,
      services: publicServices(inputs).flatMap((name) => {
        const planned = own(plan.services, name);
        return planned === undefined ? [] : [{ name, budget: planned.budget }];
      }),
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
  /** Series that rules about the proxy's answers add for a service that is reached through it. */
  readonly seriesPerPublicService: Derived;
  /** Series that a pod of the proxy tells of its answers, at most. */
  readonly seriesPerProxyPod: Derived;
  /** Series that all rules and targets of the stack add. */
  readonly series: Derived;
  readonly alerts: Derived;
}

/**
 * How much the stack asks of Prometheus. A rule counts as one series, and those that all objectives have in common as one for
 * each of them; the hit ratio has one for each cache of the service, what is summed by path one for each, the histogram one for
 * each bound, and an alert one more while it is pending or fires.
 */
export function monitoringNumbers(
  inputs: Pick<MonitoringInputs, "services" | "loadBalancer">,
  plan: Pick<StackPlan, "services">,
  { rules, targets, alerts }: Watched,
): MonitoringNumbers {
  const [first = ""] = Object.keys(inputs.services);
  const isOf =
    (service: string | undefined, atProxy: boolean) =>
    ({ labels = {} }: { labels?: Readonly<Record<string, string>> }): boolean =>
      service !== undefined && labels["service"] === service && (labels["proxy"] !== undefined) === atProxy;
  const own = rules.filter((rule) => !isOfWindows(rule));
  const atProxy = own.filter(isOf(inputs.loadBalancer?.service, true));
  return {
    seriesPerService: seriesOfRules(
      "Series of a service",
      own.filter(isOf(first, false)),
      targets.filter(isOf(first, false)),
      ["services"],
    ),
    seriesPerPublicService: seriesOfRules(
      "Series of a public service at the proxy",
      atProxy,
      [],
      ["loadBalancer"],
    ),
    seriesPerProxyPod: accessSeries(accessSizeOf(inputs, plan)),
    series: seriesOfRules("Series of the stack", own, targets, ["services"]),
    alerts: derived("Alerts", alerts.length, "", "one entry each with its noun", ["services"]),
  };
}

/** Paths that the proxy tells apart, and bounds of their times. */
function accessSizeOf(
  inputs: Pick<MonitoringInputs, "services" | "loadBalancer">,
  plan: Pick<StackPlan, "services">,
): Parameters<typeof accessSeries>[0] {
  const names = publicServices(inputs);
  const places = names.slice(1).map((name) => own(inputs.services, name)?.public ?? {});
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
  return {
    routes: sum([Math.min(1, names.length), ...places.map(({ paths = [] }) => Math.max(1, paths.length))]),
    open: sum([inputs.loadBalancer?.routes?.length ?? 0, ...places.map(({ routes = [] }) => routes.length)]),
    buckets: accessBuckets(
      names.flatMap((name) => {
        const planned = own(plan.services, name);
        return planned === undefined ? [] : [planned.budget];
      }),
    ).length,
  };
}

/** By which each objective begins. */
const EVENTS = "slo:events:rate5m";

/** A rule for the windows of all objectives. */
function isOfWindows({ record, labels }: RecordingRule): boolean {
  return labels === undefined && record.startsWith("slo:");
}

function seriesOfRules(
  name: string,
  rules: readonly RecordingRule[],
  figures: readonly ExportedTarget[],
  from: readonly string[],
): Derived {
  const windows = rules.filter(({ record }) => record === EVENTS).length * SERIES_OF_SLO.windows;
  return derived(
    name,
    rules.length + windows + figures.length,
    "",
    `${rules.length} recording rules + ${windows} windows of objectives + ${figures.length} figures of the plan`,
    from,
  );
}
