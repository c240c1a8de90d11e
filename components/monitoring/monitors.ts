import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { issue, issueList, type Issue } from "../../budget/core/issues";
import { assertValid } from "../shared/issues";
import { transformed, type Transform } from "../shared/transform";
import type { SecretEntry } from "./remote-write";

/** TLS of a metrics endpoint. */
export interface MetricsTls {
  /** Entry of a Secret of the namespace with the authority that signed the certificate. @default those of the system */
  readonly ca?: SecretEntry;
  /** Name in the certificate. @default the address, which certificates of pods do not have */
  readonly serverName?: string;
}

interface Scraped {
  /** `job` of its series: the name of the workload. Unique among those of a namespace. */
  readonly job: string;
  readonly namespace: pulumi.Input<string>;
  /** Labels of the pods, or of the Service. At least one. */
  readonly matchLabels: Readonly<Record<string, string>>;
  /** Name of a port, or of a container's port its number. A Service's ports are found by their names alone. */
  readonly port: string | number;
  /** @default "/metrics" */
  readonly path?: string;
  /** Parameters of the request. @default none */
  readonly params?: Readonly<Record<string, readonly string[]>>;
  /** @default plain HTTP */
  readonly tls?: MetricsTls;
  /** Names of the series that are kept, as regular expressions of RE2. @default all */
  readonly keep?: readonly string[];
}

/** What Prometheus asks. */
export type Monitored =
  | (Scraped & { readonly kind: "pods" })
  | (Scraped & { readonly kind: "service"; readonly port: string })
  | {
      /** Addresses that the blackbox exporter asks from where it is. */
      readonly kind: "probe";
      readonly job: string;
      readonly namespace: pulumi.Input<string>;
      /** Full addresses, `https://app.example.com/`; each is the `instance` of its series. At least one. */
      readonly addresses: readonly string[];
      /** Address of the blackbox exporter, `blackbox-exporter.monitoring.svc:9115`. */
      readonly prober: string;
      /** Module of its configuration: follows redirects, and 2xx is an answer. @default "http_2xx" */
      readonly module?: string;
      /** Longest time for an answer, whole seconds. @default 10 */
      readonly timeoutSeconds?: number;
    };

/** Arguments of `Monitors`. */
export interface MonitorsArgs {
  /** At least one. */
  readonly monitored: readonly Monitored[];
  /** Labels by which the Prometheus operator finds them, besides those of the platform. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly transform?: { readonly monitor?: Transform<k8s.apiextensions.CustomResourceArgs> };
}

const JOB = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** What is wrong with the arguments. */
export function monitorsIssues({ monitored }: MonitorsArgs): Issue[] {
  if (monitored.length === 0) {
    const fix = "Leave the component out where nothing is measured.";
    return [issue("monitored", monitored, { allowed: "at least one workload or address", fix })];
  }
  const jobs = monitored.map(({ job }) => job);
  return monitored.flatMap((one, index) => issuesOfOne(one, index, jobs));
}

function issuesOfOne(one: Monitored, index: number, jobs: readonly string[]): Issue[] {
  const { issues, check } = issueList();
  const at = (key: string): string => `monitored[${index}].${key}`;
  check(
    JOB.test(one.job) && jobs.indexOf(one.job) === index,
    at("job"),
    one.job,
    "the name of a workload, as Kubernetes has it, each once",
    "Rules tell series apart by it.",
  );
  if (one.kind === "probe") {
    check(
      one.addresses.length > 0 && one.addresses.every((address) => /^https?:\/\/[^\s/?#@]+\//.test(address)),
      at("addresses"),
      one.addresses,
      "addresses like https://app.example.com/, at least one",
      "Write scheme, host and path, and no password.",
    );
    check(
      /^[^\s/:]+:\d{1,5}$/.test(one.prober),
      at("prober"),
      one.prober,
      "the host and the port of a blackbox exporter",
      "Give it as Prometheus reaches it inside the cluster.",
    );
    return issues;
  }
  check(
    Object.keys(one.matchLabels).length > 0,
    at("matchLabels"),
    one.matchLabels,
    "one label or more of what is scraped",
    "Without any, all pods of the namespace would be meant.",
  );
  check(
    typeof one.port === "string"
      ? /^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/.test(one.port)
      : Number.isInteger(one.port) && one.port > 0 && one.port < 65_536,
    at("port"),
    one.port,
    "the name of a port, or the number of a container's",
    "See `ports` of the container that answers with metrics.",
  );
  return issues;
}

/** As every monitor sets them, for rules count on these alone; a label of the same name that a program sets is `exported_…`. */
function relabelings(job: string): object[] {
  return [
    { action: "replace", targetLabel: "job", replacement: job },
    { action: "replace", sourceLabels: ["__meta_kubernetes_namespace"], targetLabel: "namespace" },
    { action: "replace", sourceLabels: ["__meta_kubernetes_pod_name"], targetLabel: "pod" },
  ];
}

function endpoint({ job, port, path = "/metrics", params, tls, keep }: Scraped): object {
  return {
    ...(typeof port === "string" ? { port } : { portNumber: port }),
    path,
    ...(params === undefined ? {} : { params }),
    scheme: tls === undefined ? "http" : "https",
    ...(tls === undefined ? {} : { tlsConfig: tlsConfig(tls) }),
    honorLabels: false,
    relabelings: relabelings(job),
    ...(keep === undefined
      ? {}
      : {
          metricRelabelings: [{ action: "keep", sourceLabels: ["__name__"], regex: keep.join("|") }],
        }),
  };
}

function tlsConfig({ ca, serverName }: MetricsTls): object {
  return {
    ...(ca === undefined ? {} : { ca: { secret: { name: ca.name, key: ca.key } } }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

/** Kind and `spec` of the object for one of them. */
export function monitorSpec(one: Monitored): { readonly kind: string; readonly spec: object } {
  if (one.kind === "pods") {
    const selector = { matchLabels: { ...one.matchLabels } };
    return { kind: "PodMonitor", spec: { selector, podMetricsEndpoints: [endpoint(one)] } };
  }
  if (one.kind === "service") {
    const selector = { matchLabels: { ...one.matchLabels } };
    return { kind: "ServiceMonitor", spec: { selector, endpoints: [endpoint(one)] } };
  }
  const { job, addresses, prober, module = "http_2xx", timeoutSeconds = 10, namespace } = one;
  return {
    kind: "Probe",
    spec: {
      jobName: job,
      module,
      prober: { url: prober, scheme: "http", path: "/probe" },
      scrapeTimeout: `${timeoutSeconds}s`,
      targets: { staticConfig: { static: [...addresses], labels: { namespace } } },
    },
  };
}

/**
 * What Prometheus asks for metrics: a PodMonitor, ServiceMonitor or Probe each, in the namespace of what is asked, for the
 * Prometheus operator. Series have the labels `namespace`, `job` and `pod`.
 *
 * Trap: the operator loads an object only where its `podMonitorSelector`, `serviceMonitorSelector` and `probeSelector` find the
 * labels.
 */
export class Monitors extends pulumi.ComponentResource {
  /** In the order of `monitored`. */
  readonly monitors: readonly k8s.apiextensions.CustomResource[];

  constructor(name: string, args: MonitorsArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("Monitors", name, monitorsIssues(args));
    const { monitored, labels = {}, transform = {} } = args;
    super(COMPONENT_TYPES.monitors, name, {}, opts);
    this.monitors = monitored.map((one) => {
      const { kind, spec } = monitorSpec(one);
      return new k8s.apiextensions.CustomResource(
        ...transformed<k8s.apiextensions.CustomResourceArgs>(
          transform.monitor,
          `${name}-${one.job}`,
          {
            apiVersion: "monitoring.coreos.com/v1",
            kind,
            metadata: {
              name: one.job,
              namespace: one.namespace,
              labels: {
                "app.kubernetes.io/part-of": "retrofitlink",
                "app.kubernetes.io/managed-by": "pulumi",
                ...labels,
              },
            },
            spec,
          },
          { parent: this, ...(opts?.dependsOn === undefined ? {} : { dependsOn: opts.dependsOn }) },
        ),
      );
    });
    this.registerOutputs({});
  }
}
