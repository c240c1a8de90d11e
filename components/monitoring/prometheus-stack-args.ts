/** Arguments of `PrometheusStack`, their defaults, and what is wrong with them. */
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type * as random from "@pulumi/random";

import { issueList, type Issue } from "../../budget/core/issues";
import { DEFAULT_RETENTION_DAYS, DEFAULT_SERIES } from "../../budget/monitoring/settings";
import type { Transform } from "../shared/transform";
import { withDefaults } from "../shared/with-defaults";
import type { GrafanaArgs } from "./grafana";
import type { RemoteWrite } from "./remote-write";

/** Arguments of Alertmanager. */
export interface AlertmanagerArgs {
  /** Whole number >= 2: they tell each other what is told already. @default one for each zone, 2 or 3 */
  readonly replicas?: number;
  /** Secret of the namespace whose entry `alertmanager.yaml` is its configuration. @default the chart's, which tells nobody */
  readonly configSecret?: pulumi.Input<string>;
  /** Secrets of the namespace that its configuration reads, below /etc/alertmanager/secrets/<name>/. @default none */
  readonly secrets?: readonly pulumi.Input<string>[];
}

/** Custom resources of which kube-state-metrics makes series. */
export interface CustomObjects {
  /** Its `CustomResourceStateMetrics`. */
  readonly config: object;
  /** What it has to be let see: group of the API and plural names. */
  readonly resources: readonly { readonly group: string; readonly plurals: readonly string[] }[];
}

/** Arguments of `PrometheusStack`. */
export interface PrometheusStackArgs {
  /**
   * Where everything goes. One that is named has to be there, and has to let in pods that look at nodes: the "privileged" Pod
   * Security Standard. @default "monitoring", which is made
   */
  readonly namespace?: pulumi.Input<string>;
  /** Name of the Release, by which its objects are called; at most 26 characters. @default "monitoring" */
  readonly release?: string;
  /** Series at a time, >= 1000. @default 200,000: a cluster of some 20 nodes and this platform */
  readonly series?: number;
  /** From one scrape to the next, seconds, whole number 5..60. Autoscalers and alerts count on 15. @default 15 */
  readonly scrapeSeconds?: number;
  /** Whole number of days, >= 1. @default 15 */
  readonly retentionDays?: number;
  /** Of each Prometheus, GiB. @default what the retention takes */
  readonly volumeGiB?: number;
  /** @default the cluster's default class */
  readonly storageClassName?: pulumi.Input<string>;
  /** Of Prometheus, whole number >= 1; each scrapes everything. @default 2 */
  readonly replicas?: number;
  /** Zones of the cluster, whole number >= 1. @default 3 */
  readonly zones?: number;
  /** Whether two of a kind may share a node: never, or when there is no other. @default "hard" */
  readonly antiAffinity?: "hard" | "soft";
  /** The cloud runs the control plane and lets nobody scrape it. @default true */
  readonly managedControlPlane?: boolean;
  /** Labels of every series and alert that leaves the cluster, such as `cluster`. @default none */
  readonly externalLabels?: Readonly<Record<string, string>>;
  /** @default none */
  readonly remoteWrite?: RemoteWrite;
  /** Series of objects that kube-state-metrics does not know by itself. @default none */
  readonly customObjects?: CustomObjects | undefined;
  readonly alertmanager?: AlertmanagerArgs;
  readonly grafana?: GrafanaArgs;
  /** Of Grafana's administrator: another number is another password. @default 1 */
  readonly passwordGeneration?: number;
  readonly transform?: {
    readonly namespace?: Transform<k8s.core.v1.NamespaceArgs>;
    readonly password?: Transform<random.RandomPasswordArgs>;
    /** Secret with Grafana's administrator. */
    readonly administrator?: Transform<k8s.core.v1.SecretArgs>;
    readonly release?: Transform<k8s.helm.v3.ReleaseArgs>;
  };
}

const DEFAULTS = {
  release: "monitoring",
  series: DEFAULT_SERIES,
  scrapeSeconds: 15,
  retentionDays: DEFAULT_RETENTION_DAYS,
  replicas: 2,
  zones: 3,
  antiAffinity: "hard",
  managedControlPlane: true,
  passwordGeneration: 1,
} as const;

/** Arguments with their defaults. */
export type PrometheusStackSettings = PrometheusStackArgs &
  Required<
    Pick<
      PrometheusStackArgs,
      | "release"
      | "series"
      | "scrapeSeconds"
      | "retentionDays"
      | "replicas"
      | "zones"
      | "antiAffinity"
      | "managedControlPlane"
      | "passwordGeneration"
    >
  > & { readonly alertmanager: AlertmanagerArgs & { readonly replicas: number } };

/** Members of Alertmanager where their number is not given. */
export function alertmanagersOf({ zones }: { readonly zones: number }): number {
  return Math.min(3, Math.max(2, zones));
}

/** Arguments with their defaults filled in. */
export function settingsOf(args: PrometheusStackArgs): PrometheusStackSettings {
  const settings = withDefaults(DEFAULTS, args);
  const replicas = alertmanagersOf(settings);
  return { ...settings, alertmanager: withDefaults({ replicas }, args.alertmanager ?? {}) };
}

const whole = (value: number, atLeast: number): boolean => Number.isInteger(value) && value >= atLeast;

/** What is wrong with the arguments. */
export function prometheusStackIssues(args: PrometheusStackArgs): Issue[] {
  const settings = settingsOf(args);
  const { release, series, scrapeSeconds, retentionDays, volumeGiB, replicas, zones } = settings;
  const { alertmanager, grafana, passwordGeneration } = settings;
  const { issues, check } = issueList();
  check(
    /^[a-z]([-a-z0-9]{0,24}[a-z0-9])?$/.test(release),
    "release",
    release,
    "a DNS label of at most 26 characters",
    "The chart cuts longer names, and then its Services are called otherwise.",
  );
  check(
    whole(series, 1000),
    "series",
    series,
    "a whole number of series from 1,000 on",
    "Ask a Prometheus that is there for `max(prometheus_tsdb_head_series)`.",
  );
  check(
    whole(scrapeSeconds, 5) && scrapeSeconds <= 60,
    "scrapeSeconds",
    scrapeSeconds,
    "5 to 60 whole seconds",
    "Leave it out for 15, which autoscalers count on.",
  );
  check(
    whole(retentionDays, 1),
    "retentionDays",
    retentionDays,
    "a whole number of days from 1 on",
    "For years take a remote store.",
  );
  check(
    volumeGiB === undefined || whole(volumeGiB, 10),
    "volumeGiB",
    volumeGiB,
    "a whole number of GiB from 10 on",
    "Leave it out for what the retention takes.",
  );
  check(
    whole(replicas, 1),
    "replicas",
    replicas,
    "a whole number of Prometheus servers, at least one",
    "Two scrape the same, so that one may fail.",
  );
  check(
    whole(alertmanager.replicas, 2),
    "alertmanager.replicas",
    alertmanager.replicas,
    "two Alertmanagers or more",
    "One alone is silent when its node is.",
  );
  check(
    whole(zones, 1),
    "zones",
    zones,
    "the number of the cluster's zones",
    "Count the values of topology.kubernetes.io/zone.",
  );
  check(
    grafana?.domain === undefined || grafana.issuer !== undefined,
    "grafana.issuer",
    grafana?.issuer,
    "an issuer of cert-manager where Grafana has a domain",
    "Passwords do not go over a wire without TLS.",
  );
  check(
    whole(passwordGeneration, 1),
    "passwordGeneration",
    passwordGeneration,
    "the number of the password, counted from 1",
    "Count up by one for a new password.",
  );
  return issues;
}
