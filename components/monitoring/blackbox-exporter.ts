import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { DisruptionBudget } from "../autoscaling/disruption-budget";
import { checksum } from "../shared/checksum";
import {
  commonLabels,
  metadataOf,
  restrictedContainer,
  restrictedPod,
  selectorLabels,
  spreadOverZonesAndNodes,
} from "../shared/kubernetes";
import { NAMES, admits, podsOfNamespace, policyOf, reachesOutside } from "../shared/network-policy";
import { transformed, type Transform } from "../shared/transform";
import { IMAGES } from "../shared/versions";

/** Name of the workload and of its Service. */
export const BLACKBOX_EXPORTER = "blackbox-exporter";

/** Port of the probes, and where the container has the file. */
export const BLACKBOX_PORT = 9115;
const CONFIG_FILE = "/etc/blackbox/blackbox.yml";

/** Numeric id of `nobody`, who may do nothing: HTTP needs no rights. */
const USER_ID = 65_534;

/** One that is drained or lost is not missed. */
const REPLICAS = 2;

/** Arguments of `BlackboxExporter`. */
export interface BlackboxExporterArgs {
  /** Of the pods and of those who may ask them: whoever asks decides what is probed. */
  readonly namespace: pulumi.Input<string>;
  /** Its name, as the policy for incoming requests has it. */
  readonly namespaceName: string;
  readonly transform?: {
    readonly config?: Transform<k8s.core.v1.ConfigMapArgs>;
    readonly deployment?: Transform<k8s.apps.v1.DeploymentArgs>;
    readonly service?: Transform<k8s.core.v1.ServiceArgs>;
    readonly disruptionBudget?: Transform<k8s.policy.v1.PodDisruptionBudgetArgs>;
    readonly networkPolicy?: Transform<k8s.networking.v1.NetworkPolicyArgs>;
  };
}

/** Address as Prometheus reaches it. @param namespace its name */
export function blackboxAddress(namespace: string): string {
  return `${BLACKBOX_EXPORTER}.${namespace}.svc:${BLACKBOX_PORT}`;
}

/**
 * The file: one module, `http_2xx`. Redirects are followed, and what ends without TLS has failed.
 *
 * @param encrypted false for a test without certificates. @default true
 */
export function blackboxConfig({ encrypted = true, ca }: { encrypted?: boolean; ca?: string } = {}): string {
  return stringify({
    modules: {
      http_2xx: {
        prober: "http",
        http: {
          method: "GET",
          follow_redirects: true,
          fail_if_not_ssl: encrypted,
          // A name with both is asked over the one that every cluster has.
          preferred_ip_protocol: "ip4",
          ...(ca === undefined ? {} : { tls_config: { ca_file: ca } }),
        },
      },
    },
  });
}

/** What it is started with. @param file of the configuration @param listen address with a port */
export function blackboxArgs(file = CONFIG_FILE, listen = `:${BLACKBOX_PORT}`): string[] {
  return [`--config.file=${file}`, `--web.listen-address=${listen}`];
}

/**
 * Asks the public hosts as a client does, by their public names: name, certificate, load balancer and all that is behind it. Two pods,
 * of which any answers.
 *
 * Trap: it asks from inside the cluster. That nobody reaches the cloud at all is noticed by a probe elsewhere, such as the dead man's
 * switch.
 *
 * Cost: 2 pods of 10m and 32 MiB.
 */
export class BlackboxExporter extends pulumi.ComponentResource {
  readonly config: k8s.core.v1.ConfigMap;
  readonly deployment: k8s.apps.v1.Deployment;
  readonly service: k8s.core.v1.Service;
  readonly networkPolicy: k8s.networking.v1.NetworkPolicy;
  readonly disruptionBudget: DisruptionBudget;

  constructor(name: string, args: BlackboxExporterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { namespace, namespaceName, transform = {} } = args;
    super(COMPONENT_TYPES.blackboxExporter, name, {}, opts);
    const labels = commonLabels(BLACKBOX_EXPORTER, "monitoring");
    const selector = { matchLabels: selectorLabels(BLACKBOX_EXPORTER) };
    const metadata = metadataOf(namespace, labels);
    const child = { parent: this };
    const data = { "blackbox.yml": blackboxConfig() };
    this.config = new k8s.core.v1.ConfigMap(
      ...transformed<k8s.core.v1.ConfigMapArgs>(
        transform.config,
        `${name}-config`,
        { metadata: metadata(`${BLACKBOX_EXPORTER}-config`), data },
        child,
      ),
    );
    this.service = new k8s.core.v1.Service(
      ...transformed<k8s.core.v1.ServiceArgs>(
        transform.service,
        `${name}-service`,
        {
          // Endpoints come from the pods that are created after it.
          metadata: { ...metadata(BLACKBOX_EXPORTER), annotations: { "pulumi.com/skipAwait": "true" } },
          spec: {
            type: "ClusterIP",
            selector: selector.matchLabels,
            ports: [{ name: "http", port: BLACKBOX_PORT, targetPort: "http" }],
          },
        },
        child,
      ),
    );
    this.deployment = new k8s.apps.v1.Deployment(
      ...transformed<k8s.apps.v1.DeploymentArgs>(
        transform.deployment,
        `${name}-deployment`,
        {
          metadata: metadata(BLACKBOX_EXPORTER),
          spec: {
            replicas: REPLICAS,
            selector,
            template: {
              metadata: { labels, annotations: { "checksum/config": checksum(data) } },
              spec: podSpec(this.config.metadata.name),
            },
          },
        },
        child,
      ),
    );
    this.disruptionBudget = new DisruptionBudget(
      `${name}-disruption-budget`,
      { workload: BLACKBOX_EXPORTER, namespace, labels, matchLabels: selector.matchLabels, transform },
      child,
    );
    this.networkPolicy = new k8s.networking.v1.NetworkPolicy(
      ...transformed<k8s.networking.v1.NetworkPolicyArgs>(
        transform.networkPolicy,
        `${name}-network-policy`,
        {
          metadata: metadata(BLACKBOX_EXPORTER),
          spec: policyOf(BLACKBOX_EXPORTER, admits([podsOfNamespace(namespaceName)], [BLACKBOX_PORT]), [
            NAMES,
            reachesOutside({ port: 443 }),
          ]),
        },
        child,
      ),
    );
    this.registerOutputs({});
  }
}

function podSpec(configName: pulumi.Input<string>): k8s.types.input.core.v1.PodSpec {
  const health = { httpGet: { path: "/-/healthy", port: "http" }, timeoutSeconds: 5 };
  return {
    securityContext: restrictedPod(USER_ID),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    topologySpreadConstraints: spreadOverZonesAndNodes(BLACKBOX_EXPORTER),
    containers: [
      {
        name: BLACKBOX_EXPORTER,
        image: IMAGES.blackboxExporter,
        args: blackboxArgs(),
        ports: [{ name: "http", containerPort: BLACKBOX_PORT }],
        resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "500m", memory: "64Mi" } },
        securityContext: restrictedContainer(),
        readinessProbe: { ...health, periodSeconds: 5 },
        livenessProbe: { ...health, periodSeconds: 30 },
        volumeMounts: [{ name: "config", mountPath: "/etc/blackbox", readOnly: true }],
      },
    ],
    volumes: [{ name: "config", configMap: { name: configName } }],
  };
}
