/** Settings of monitoring: who measures, how long it is kept, and where a person looks. */
import { hostName, workloadName } from "../core/leaves";
import { choice, flag, group, map, number, retold, text } from "../core/settings";

/** An address that a person opens. */
const address = text(/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/, {
  allowed: "an address like https://example.com/path, without user and password",
  fix: "Give the address as a browser opens it.",
});

/** Days that Prometheus keeps, where nothing else is said. Two weeks show the same day of the week twice. */
export const DEFAULT_RETENTION_DAYS = 15;

/** A cluster of some 20 nodes and this platform. */
export const DEFAULT_SERIES = 200_000;

/** Settings of every kind. */
export const monitoringSettings = {
  runbooks: retold(address, {
    fix: "Give the address of the folder docs/runbooks, as your people open it.",
    decides: "runbook_url of alerts",
  }),
  labels: map(
    text(/^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/, {
      allowed: "a label of Kubernetes",
      fix: "Give the labels that the operator selects rules and monitors by.",
    }),
    text(/^[A-Za-z0-9]?([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/, {
      allowed: "the value of a label of Kubernetes",
      fix: "Use letters, digits, dots, underscores and hyphens, 63 at most.",
    }),
    {
      allowed: "a map of labels",
      fix: "See ruleSelector and podMonitorSelector of your Prometheus object, often release: <name>.",
      decides: "whether the operator finds rules and monitors",
    },
  ),
  blackbox: text(/^[a-z0-9.-]+:\d{1,5}$/, {
    allowed: "an address like blackbox-exporter.monitoring.svc:9115",
    fix: "Give the address of the blackbox exporter inside the cluster.",
    otherwise: "with kind install an exporter of the stack's own",
    decides: "probes of the public hosts",
  }),
  grafana: retold(address, {
    fix: "Give the address of your Grafana, so that alerts lead to their dashboard.",
    decides: "dashboard_url of alerts",
  }),
  domain: retold(hostName, {
    fix: "Give the domain below which Grafana is reached, as grafana.<domain>.",
    decides: "Grafana's ingress",
  }),
  issuer: group(
    {
      kind: choice(["Issuer", "ClusterIssuer"], { fix: "Choose its kind." }),
      name: retold(workloadName, { fix: "Name the issuer, which then keeps Grafana's certificate." }),
    },
    { fix: "Say which issuer of the cluster signs it, by kind and name.", decides: "Grafana's certificate" },
  ),
  createNamespace: flag({
    fix: "Say false where cluster.monitoringNamespace is there already; one that is not called monitoring has to be.",
    decides: "Namespace",
  }),
  retentionDays: number(
    { unit: "days", atLeast: 1, atMost: 400, whole: true },
    { fix: "Give how long Prometheus keeps what it has measured.", decides: "volume" },
  ),
  volumeGiB: number(
    { unit: "GiB", atLeast: 10, atMost: 10_000, whole: true },
    { fix: "Give the size of each Prometheus's volume.", decides: "volume, retention by size" },
  ),
  series: number(
    { unit: "series", atLeast: 1000, atMost: 20_000_000, whole: true },
    {
      fix: "Give how many series Prometheus has at a time: prometheus_tsdb_head_series.",
      decides: "CPU and memory of Prometheus",
    },
  ),
} as const;
