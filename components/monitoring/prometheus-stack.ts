import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { prometheusSize, type PrometheusSize } from "../../budget/monitoring/prometheus-size";
import { chartSource } from "../autoscaling/operators";
import { assertValid } from "../shared/issues";
import { commonLabels } from "../shared/kubernetes";
import { DEFAULT_MONITORING_NAMESPACE } from "../shared/network-policy";
import { transformed } from "../shared/transform";
import { CHARTS } from "../shared/versions";
import { ADMIN_KEYS } from "./grafana";
import { prometheusStackValues } from "./prometheus-stack-values";
import { prometheusStackIssues, settingsOf, type PrometheusStackArgs } from "./prometheus-stack-args";

/** Port of Prometheus. */
const PROMETHEUS_PORT = 9090;

/** As pods reach the Prometheus of a namespace, by the Service that the operator makes: all servers, one after the other. */
export function prometheusUrl(namespace: string): string {
  return `http://prometheus-operated.${namespace}.svc:${PROMETHEUS_PORT}`;
}

/** Secret with Grafana's administrator. */
const adminSecretOf = (release: string): string => `${release}-grafana-admin`;

/**
 * Prometheus with its operator, Alertmanager, Grafana and the exporters of nodes and of the cluster's objects:
 * kube-prometheus-stack. It takes rules, monitors and probes of every namespace, whatever their labels.
 *
 * Trap: Helm makes the operator's definitions with the first Release alone. A hook of the chart brings them up to date with the
 * following ones.
 *
 * Trap: Secrets that Alertmanager mounts have to be there before, or its pods wait: make the namespace and them first, and let the
 * stack depend on them.
 *
 * Cost: with the defaults 2 Prometheus of 0.5 cores and 2 GiB with 38 GiB of disk each, 3 Alertmanagers, Grafana, an exporter a node.
 */
export class PrometheusStack extends pulumi.ComponentResource {
  readonly size: PrometheusSize;
  /** What is made where no namespace is named. */
  readonly namespace: k8s.core.v1.Namespace | undefined;
  /** Grafana's administrator, entries `admin-user` and `admin-password`. */
  readonly administrator: k8s.core.v1.Secret;
  /** What needs its definitions depends on this. */
  readonly release: k8s.helm.v3.Release;
  /** As pods reach it: all servers, one after the other. */
  readonly prometheusUrl: pulumi.Output<string>;

  constructor(name: string, args: PrometheusStackArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    assertValid("PrometheusStack", name, prometheusStackIssues(args));
    const settings = settingsOf(args);
    const { transform = {}, release, passwordGeneration } = settings;
    super(COMPONENT_TYPES.prometheusStack, name, {}, opts);
    const child = { parent: this };
    const labels = commonLabels(release, "monitoring");
    this.size = prometheusSize(settings);

    this.namespace =
      args.namespace === undefined
        ? new k8s.core.v1.Namespace(
            ...transformed<k8s.core.v1.NamespaceArgs>(
              transform.namespace,
              `${name}-namespace`,
              {
                metadata: {
                  name: DEFAULT_MONITORING_NAMESPACE,
                  // The exporter of a node is in the node's network and reads its files.
                  labels: { ...labels, "pod-security.kubernetes.io/enforce": "privileged" },
                },
              },
              child,
            ),
          )
        : undefined;
    const namespace = pulumi.output(args.namespace ?? this.namespace?.metadata.name ?? "");

    const password = new random.RandomPassword(
      ...transformed<random.RandomPasswordArgs>(
        transform.password,
        `${name}-grafana-password`,
        { length: 40, special: false, keepers: { generation: `${passwordGeneration}` } },
        child,
      ),
    );
    this.administrator = new k8s.core.v1.Secret(
      ...transformed<k8s.core.v1.SecretArgs>(
        transform.administrator,
        `${name}-grafana-admin`,
        {
          metadata: { name: adminSecretOf(release), namespace, labels },
          stringData: { [ADMIN_KEYS.user]: "admin", [ADMIN_KEYS.password]: password.result },
        },
        child,
      ),
    );
    this.release = new k8s.helm.v3.Release(
      ...transformed<k8s.helm.v3.ReleaseArgs>(
        transform.release,
        `${name}-release`,
        {
          name: release,
          namespace,
          ...chartSource(CHARTS.kubePrometheusStack),
          // Definitions come with it, so that objects may follow as soon as it is there.
          skipCrds: false,
          // Fifteen minutes: volumes, and everything of it at once.
          timeout: 900,
          values: prometheusStackValues(settings, this.size, adminSecretOf(release)),
        },
        { ...child, dependsOn: [this.administrator] },
      ),
    );
    this.prometheusUrl = namespace.apply(prometheusUrl);
    this.registerOutputs({ prometheusUrl: this.prometheusUrl });
  }
}
