/** What is watched of a whole stack: each noun answers for itself, and this collects the answers. Pure and in one pass. */
import { watchAutoscalers, watchNamespace, type AutoscaledWorkload } from "../budget/autoscaling/watched";
import { derived, type Derived, type Numbers } from "../budget/core/derived";
import { own } from "../budget/core/own";
import { accessBuckets, accessSeries } from "../budget/load-balancing/access-metrics";
import { workloadName } from "../budget/load-balancing/proxy";
import { watchAddress, watchProxy } from "../budget/load-balancing/watched";
import type { Alert } from "../budget/monitoring/alert";
import { watchOwnRules, type OwnRule } from "../budget/monitoring/own-rules";
import type { RecordingRule } from "../budget/monitoring/recording";
import { ALLOWED } from "../budget/monitoring/slo";
import { NOTHING_WATCHED, together, type ExportedTarget, type Watched } from "../budget/monitoring/watched";
import { ownObjectives } from "../budget/service/own-objectives";
import { servicePanels } from "../budget/service/panels";
import { watchServices, type WatchedService } from "../budget/service/watched";
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
  const forecasts = Object.values(inputs.services).some(
    ({ autoscaling }) => (autoscaling?.forecast?.mode ?? "off") !== "off",
  );
  const watched = together([
    ...watchPlannedServices(inputs, plan),
    { rules: [], alerts: [], panels: servicePanels(namespace, plan.budget), targets: [] },
    ...watchTraffic(inputs, plan),
    ...watchScaling(inputs, plan),
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

/** Services of the plan, each with what it follows from. */
function plannedServices(
  inputs: MonitoringInputs,
  plan: StackPlan,
): readonly { readonly name: string; readonly input: ServiceInput; readonly planned: PlannedService }[] {
  return Object.entries(plan.services).flatMap(([name, planned]) => {
    const input = own(inputs.services, name);
    return input === undefined ? [] : { name, input, planned };
  });
}

function watchPlannedServices(inputs: MonitoringInputs, plan: StackPlan): Watched[] {
  const { namespace } = inputs.cluster;
  const services = plannedServices(inputs, plan);
  const ownOnes = services.flatMap(({ name, input: { slos = [] }, planned: { budget } }) =>
    ownObjectives({ namespace, job: name, budget, key: `retrofitlink:services.${name}` }, slos),
  );
  const [first, ...more] = services.map(({ name, input, planned: { budget } }): WatchedService => ({
    namespace,
    job: name,
    budget,
    pod: { slots: input.profile.concurrencyPerPod, ...input.resources },
    processesPerPod: input.processesPerPod,
    maxUtilization: input.profile.maxUtilization,
    baseRps: input.demand.baseRps,
  }));
  return [
    ...ownOnes.map((one) => ({ ...NOTHING_WATCHED, ...one })),
    ...(first === undefined ? [] : [watchServices({ namespace, services: [first, ...more] })]),
  ];
}

/** Everything that an autoscaler gives its pods. */
function watchScaling(inputs: MonitoringInputs, plan: StackPlan): Watched[] {
  const services = plannedServices(inputs, plan).map(
    ({ name, input: { autoscaling }, planned }): AutoscaledWorkload => ({
      name,
      min: planned.plan.numbers.min.value,
      max: planned.plan.numbers.max.value,
      forecast: autoscaling?.forecast?.mode ?? "off",
    }),
  );
  const { loadBalancer } = inputs;
  const proxies =
    loadBalancer === undefined || plan.proxy === undefined
      ? []
      : [
          {
            name: workloadName(loadBalancer.proxy),
            min: plan.proxy.numbers.minReplicas.value,
            max: plan.proxy.numbers.maxReplicas.value,
          },
        ];
  const [first, ...more] = [...services, ...proxies];
  return first === undefined
    ? []
    : [watchAutoscalers({ namespace: inputs.cluster.namespace, workloads: [first, ...more] })];
}

function watchTraffic(inputs: MonitoringInputs, plan: StackPlan): Watched[] {
  const { cluster, loadBalancer, cdn } = inputs;
  if (loadBalancer === undefined || plan.proxy === undefined) return [];
  const { namespace } = cluster;
  const [first, ...more] = publicServices(inputs).flatMap((name) => {
    const planned = own(plan.services, name);
    return planned === undefined ? [] : [{ name, budget: planned.budget }];
  });
  if (first === undefined) return [];
  return [
    watchProxy({
      namespace,
      job: workloadName(loadBalancer.proxy),
      proxy: loadBalancer.proxy,
      services: [first, ...more],
      clientsPerPod: plan.proxy.numbers.clientsPerPod.value,
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
 * How much the stack asks of Prometheus. The hit ratio has a series for each cache of a service, what is summed by path one for each,
 * a histogram one for each bound; each of them counts as one. An alert has one more while it is pending or fires.
 */
export function monitoringNumbers(
  inputs: Pick<MonitoringInputs, "services" | "loadBalancer">,
  plan: Pick<StackPlan, "services">,
  { rules, targets, alerts }: Watched,
): MonitoringNumbers {
  const [service = ""] = Object.keys(inputs.services);
  const publics = publicServices(inputs);
  const targetsOf = (name: string | undefined, atProxy: boolean): readonly ExportedTarget[] =>
    targets.filter(({ labels }) => labels["service"] === name && (labels["proxy"] !== undefined) === atProxy);
  const [ofService, ofPublic] = [targetsOf(service, false), targetsOf(publics[0], true)];
  const objectives = (figures: readonly ExportedTarget[]): number =>
    figures.filter(({ record }) => record === ALLOWED).length;
  const each = (one: RecordingRule["each"]): number => rules.filter((rule) => rule.each === one).length;
  const windows = each("objective");
  const perService = (one: "service" | "public service", figures: readonly ExportedTarget[]): Parts => ({
    rules: each(one),
    windows: windows * objectives(figures),
    figures: figures.length,
  });
  return {
    seriesPerService: seriesOf("Series of a service", perService("service", ofService), ["services"]),
    seriesPerPublicService: seriesOf(
      "Series of a public service at the proxy",
      perService("public service", ofPublic),
      ["loadBalancer"],
    ),
    seriesPerProxyPod: accessSeries(accessSizeOf(inputs, plan)),
    series: seriesOf(
      "Series of the stack",
      {
        rules:
          each(undefined) +
          each("service") * Object.keys(inputs.services).length +
          each("public service") * publics.length,
        windows: windows * objectives(targets),
        figures: targets.length,
      },
      ["services"],
    ),
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

/** Where series come from. */
interface Parts {
  readonly rules: number;
  readonly windows: number;
  readonly figures: number;
}

function seriesOf(name: string, { rules, windows, figures }: Parts, from: readonly string[]): Derived {
  return derived(
    name,
    rules + windows + figures,
    "",
    `${rules} of recording rules + ${windows} windows of objectives + ${figures} figures of the plan`,
    from,
  );
}
