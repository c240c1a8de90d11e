/** What is watched of a stack, by whom, and who is told. */
import * as pulumi from "@pulumi/pulumi";

import { isReplicated } from "../../budget/caching/plan-redis";
import { PUBLIC_ADDRESS_JOB } from "../../budget/load-balancing/watched";
import { RESTORE_STATE_METRICS } from "../../budget/database/watched-backups";
import { ownRuleGroups, ruleGroups } from "../../budget/monitoring/rule-groups";
import { rolePath, type RemoteWriteSetting } from "../../budget/monitoring/install-settings";
import { routingSecrets } from "../../budget/monitoring/routing";
import type { Watched } from "../../budget/monitoring/watched";
import { AlertRouting } from "../../components/monitoring/alert-routing";
import { BlackboxExporter, blackboxAddress } from "../../components/monitoring/blackbox-exporter";
import { Dashboards } from "../../components/monitoring/dashboards";
import { grafanaHost, type GrafanaSignIn } from "../../components/monitoring/grafana";
import {
  kedaMetrics,
  mongoDbMetrics,
  proxyAccessMetrics,
  proxyMetrics,
  redisMetrics,
  sentinelMetrics,
  serviceMetrics,
} from "../../components/monitoring/monitored";
import { Monitors, type Monitored } from "../../components/monitoring/monitors";
import { PrometheusRules } from "../../components/monitoring/prometheus-rules";
import { PrometheusStack } from "../../components/monitoring/prometheus-stack";
import { alertmanagersOf } from "../../components/monitoring/prometheus-stack-args";
import type { RemoteWrite } from "../../components/monitoring/remote-write";
import { workloadName } from "../../components/load-balancing/proxy/proxy-args";
import { DEFAULT_MONITORING_NAMESPACE } from "../../components/shared/network-policy";
import { DATABASE_NAME } from "../../plan/plan-database";
import { planMonitoring } from "../../plan/plan-monitoring";
import type { StackPlan } from "../../plan/plan-stack";
import { CATALOGUE } from "../../product/data-model/catalogue";
import type { StackConfig } from "../stack-file/config";

type MonitoringConfig = NonNullable<StackConfig["monitoring"]>;

/** Name of the Secret with Alertmanager's configuration. */
const ROUTING_SECRET = "alert-routing";

/** What is watched of a stack. */
export function watchedOf(config: StackConfig, plan: StackPlan): Watched {
  const { monitoringNamespace: namespace, zones } = config.cluster;
  const alertmanagers = alertmanagersOf({ zones });
  return planMonitoring({ ...config, dataModel: CATALOGUE }, plan, {
    namespace,
    alertmanagers,
    restores: knowsRestores(config),
  });
}

/** A kube-state-metrics of the stack's own is told of restores; one that is there already is somebody else's. */
function knowsRestores({ monitoring, database }: StackConfig): boolean {
  return monitoring?.kind === "install" && database?.kind === "percona";
}

/** What kube-state-metrics makes series of besides. */
const RESTORES = {
  config: RESTORE_STATE_METRICS,
  resources: [{ group: "psmdb.percona.com", plurals: ["perconaservermongodbrestores"] }],
};

/**
 * Nothing where the stack file has no block `monitoring`.
 *
 * @param cluster options of what is the cluster's and not the namespace's
 * @param options of what is in the stack's namespace
 */
export function createMonitoring(
  config: StackConfig,
  plan: StackPlan,
  cluster: pulumi.ComponentResourceOptions,
  options: pulumi.ComponentResourceOptions,
): void {
  const { monitoring } = config;
  if (monitoring === undefined) return;
  const { namespace } = config.cluster;
  const { runbooks } = monitoring;
  const labels = monitoring.kind === "existing" ? monitoring.labels : {};
  const stack = installed(config, monitoring, cluster);
  if (asksItself(config)) {
    const namespaceName = config.cluster.monitoringNamespace;
    new BlackboxExporter(
      "blackbox-exporter",
      { namespace: stack?.namespace?.metadata.name ?? namespaceName, namespaceName },
      options,
    );
  }
  // What the operator has definitions of comes after it.
  const after = withDependencies(options, stack === undefined ? [] : [stack.release]);
  const watched = watchedOf(config, plan);
  const folder = runbooks.endsWith("/") ? runbooks : `${runbooks}/`;
  const links = { runbooks: folder, grafana: grafanaOf(monitoring) };
  new PrometheusRules("monitoring-rules", { namespace, labels, groups: ruleGroups(watched, links) }, after);
  const own = ownRuleGroups(watched, links);
  if (own.length > 0) new PrometheusRules("own-rules", { namespace, labels, groups: own }, after);
  new Monitors("monitors", { labels, monitored: monitoredOf(config, monitoring) }, after);
  new Dashboards(
    "dashboards",
    {
      panels: watched.panels,
      stack: config.environment,
      namespace,
      watchedNamespaces: [namespace],
      runbooks: folder,
    },
    options,
  );
}

function withDependencies(
  options: pulumi.ComponentResourceOptions,
  more: readonly pulumi.Resource[],
): pulumi.ComponentResourceOptions {
  const { dependsOn } = options;
  return { ...options, dependsOn: pulumi.output(dependsOn ?? []).apply((all) => [...[all].flat(), ...more]) };
}

/** Prometheus, Alertmanager and Grafana of the stack's own; undefined where they are there already. */
function installed(
  config: StackConfig,
  monitoring: MonitoringConfig,
  options: pulumi.ComponentResourceOptions,
): PrometheusStack | undefined {
  const { zones, storageClassName, monitoringNamespace, cloud } = config.cluster;
  if (monitoring.kind === "existing") return undefined;
  const { series, retentionDays, volumeGiB, domain, issuer, passwordGeneration, routing } = monitoring;
  const { signIn, remoteWrite } = monitoring;
  const isMade = monitoring.createNamespace && monitoringNamespace === DEFAULT_MONITORING_NAMESPACE;
  const given = isMade ? undefined : monitoringNamespace;
  const stack = new PrometheusStack(
    "monitoring",
    {
      ...(given === undefined ? {} : { namespace: given }),
      series,
      retentionDays,
      ...(volumeGiB === undefined ? {} : { volumeGiB }),
      ...(storageClassName === undefined ? {} : { storageClassName }),
      zones,
      managedControlPlane: cloud !== "local",
      passwordGeneration,
      externalLabels: { environment: config.environment },
      ...(knowsRestores(config) ? { customObjects: RESTORES } : {}),
      alertmanager: { configSecret: ROUTING_SECRET, secrets: routingSecrets(routing) },
      grafana: {
        ...(domain === undefined ? {} : { domain }),
        ...(issuer === undefined ? {} : { issuer }),
        ...(signIn === undefined ? {} : { signIn: signInOf(signIn) }),
      },
      ...(remoteWrite === undefined ? {} : { remoteWrite: remoteWriteOf(remoteWrite) }),
    },
    options,
  );
  new AlertRouting(
    ROUTING_SECRET,
    {
      namespace: given ?? stack.namespace?.metadata.name ?? monitoringNamespace,
      routing,
      configKey: "monitoring.routing",
    },
    options,
  );
  return stack;
}

type InstallConfig = Extract<MonitoringConfig, { kind: "install" }>;

/** Who signs in by the provider, and as what. */
function signInOf(setting: NonNullable<InstallConfig["signIn"]>): GrafanaSignIn {
  const { name, clientId, clientSecret, authUrl, tokenUrl, userInfoUrl, scopes, roles, passwordForm } =
    setting;
  return {
    ...(name === undefined ? {} : { name }),
    clientId,
    clientSecret: { name: clientSecret.secret, key: clientSecret.key },
    authUrl,
    tokenUrl,
    userInfoUrl,
    scopes: scopes.join(" "),
    ...(roles === undefined ? {} : { rolePath: rolePath(roles), strictRoles: roles.others === "nobody" }),
    passwordForm,
  };
}

/** The store that keeps for longer, and how Prometheus proves who it is. */
function remoteWriteOf({ url, name, keep, authentication, secretName }: RemoteWriteSetting): RemoteWrite {
  const entry = (key: string): { name: string; key: string } => ({ name: secretName ?? "", key });
  const proofs = {
    none: undefined,
    bearer: { kind: "bearer", token: entry("token") },
    basic: { kind: "basic", username: entry("username"), password: entry("password") },
  } as const;
  const proof = proofs[authentication];
  return { url, name, keep, ...(proof === undefined ? {} : { authentication: proof }) };
}

/** Where a person opens Grafana. */
function grafanaOf(monitoring: MonitoringConfig): string | undefined {
  if (monitoring.kind === "existing") return monitoring.grafana?.replace(/\/$/, "");
  return monitoring.domain === undefined ? undefined : `https://${grafanaHost(monitoring.domain)}`;
}

/** Everything of the stack that tells of itself, and its public hosts. */
function monitoredOf(config: StackConfig, monitoring: MonitoringConfig): Monitored[] {
  const { services, caches, loadBalancer, database, autoscaling, cluster } = config;
  const { namespace } = cluster;
  const named = (name: string): { readonly name: string; readonly namespace: string } => ({
    name,
    namespace,
  });
  const ofCaches = Object.entries(caches).flatMap(([name, cache]): Monitored[] => {
    if (cache.kind === "elasticache" || cache.kind === "memorystore") return [];
    return [redisMetrics(named(name)), ...(isReplicated(cache) ? [sentinelMetrics(named(name))] : [])];
  });
  const hasKeda = autoscaling.prometheus !== undefined && autoscaling.operators.keda === "install";
  return [
    ...Object.keys(services).map((name) => serviceMetrics(named(name))),
    ...ofCaches,
    ...(loadBalancer === undefined
      ? []
      : [proxyMetrics, proxyAccessMetrics].map((of) => of(named(workloadName(loadBalancer.proxy))))),
    ...(database?.kind === "percona" ? [mongoDbMetrics(named(DATABASE_NAME))] : []),
    ...(hasKeda ? [kedaMetrics()] : []),
    ...probes(config, monitoring),
  ];
}

/** What clients ask for first: the CDN where there is one, else the load balancer. */
function probes(config: StackConfig, monitoring: MonitoringConfig): Monitored[] {
  const { cluster } = config;
  const hosts = publicHosts(config);
  const blackbox =
    monitoring.blackbox ?? (asksItself(config) ? blackboxAddress(cluster.monitoringNamespace) : undefined);
  if (blackbox === undefined || hosts.length === 0) return [];
  return [
    {
      kind: "probe",
      job: PUBLIC_ADDRESS_JOB,
      namespace: cluster.namespace,
      addresses: hosts.map((host) => `https://${host}/`),
      prober: blackbox,
    },
  ];
}

function publicHosts({ cdn, loadBalancer }: Pick<StackConfig, "cdn" | "loadBalancer">): readonly string[] {
  return cdn?.hosts ?? loadBalancer?.public?.hosts ?? [];
}

/** With its own Prometheus a stack has its own blackbox exporter, unless it names another one. */
export function asksItself(config: Pick<StackConfig, "cdn" | "loadBalancer" | "monitoring">): boolean {
  const { monitoring } = config;
  return (
    monitoring?.kind === "install" && monitoring.blackbox === undefined && publicHosts(config).length > 0
  );
}
