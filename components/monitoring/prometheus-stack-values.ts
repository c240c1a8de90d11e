/** Values of kube-prometheus-stack. Pure but for outputs they carry. Names checked against chart 88.5.3. */
import type * as pulumi from "@pulumi/pulumi";

import type { PrometheusSize } from "../../budget/monitoring/prometheus-size";
import { IMAGES } from "../shared/versions";
import { grafanaValues } from "./grafana";
import type { CustomObjects, PrometheusStackSettings } from "./prometheus-stack-args";
import { remoteWriteSpec } from "./remote-write";

type Values = Record<string, unknown>;

const requests = (cpu: string, memory: string): object => ({
  requests: { cpu, memory },
  limits: { memory },
});

/** Parts of the control plane that a cloud runs where nobody can scrape them, and their groups of rules. */
const CONTROL_PLANE: Readonly<Record<string, readonly string[]>> = {
  kubeControllerManager: ["kubeControllerManager"],
  kubeEtcd: ["etcd"],
  kubeProxy: ["kubeProxy"],
  kubeScheduler: ["kubeSchedulerAlerting", "kubeSchedulerRecording"],
};

/** @param instance the object of the operator, which its pods have as `app.kubernetes.io/instance` */
function evenly(kind: string, instance: string, zones: number): Values {
  if (zones === 1) return {};
  return {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: {
          matchLabels: { "app.kubernetes.io/name": kind, "app.kubernetes.io/instance": instance },
        },
      },
    ],
  };
}

function claim(storage: string, storageClassName: pulumi.Input<string> | undefined): Values {
  return {
    volumeClaimTemplate: {
      spec: {
        ...(storageClassName === undefined ? {} : { storageClassName }),
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage } },
      },
    },
  };
}

const ONE_STAYS = { enabled: true, minAvailable: 1 } as const;

/** @param adminSecret name of the Secret with Grafana's administrator */
export function prometheusStackValues(
  settings: PrometheusStackSettings,
  size: PrometheusSize,
  adminSecret: string,
): Values {
  const { release, managedControlPlane, passwordGeneration } = settings;
  const there = !managedControlPlane;
  const rules = Object.values(CONTROL_PLANE).flat();
  return {
    fullnameOverride: release,
    // Helm itself never changes definitions that are there.
    crds: {
      enabled: true,
      upgradeJob: {
        enabled: true,
        image: { busybox: { tag: IMAGES.definitionFiles.split(":")[1] } },
        resources: requests("50m", "128Mi"),
      },
    },
    ...Object.fromEntries(Object.keys(CONTROL_PLANE).map((part) => [part, { enabled: there }])),
    defaultRules: {
      rules: Object.fromEntries(rules.map((group) => [group, there])),
      // The platform has its own, which leads to a runbook: two would tell the dead-man's switch twice.
      disabled: { Watchdog: true },
    },
    prometheusOperator: {
      resources: requests("100m", "256Mi"),
      prometheusConfigReloader: { resources: requests("10m", "64Mi") },
    },
    "kube-state-metrics": {
      resources: requests("50m", "256Mi"),
      ...(settings.customObjects === undefined ? {} : customObjects(settings.customObjects)),
    },
    "prometheus-node-exporter": { resources: requests("50m", "64Mi") },
    prometheus: prometheus(settings, size),
    alertmanager: alertmanager(settings),
    grafana: grafanaValues(settings.grafana ?? {}, adminSecret, passwordGeneration),
  };
}

/** The chart itself lets it see the definitions; the objects have to be named. */
function customObjects({ config, resources }: CustomObjects): Values {
  return {
    customResourceState: { enabled: true, config },
    rbac: {
      extraRules: resources.map(({ group, plurals }) => ({
        apiGroups: [group],
        resources: [...plurals],
        verbs: ["list", "watch"],
      })),
    },
  };
}

function prometheus(settings: PrometheusStackSettings, size: PrometheusSize): Values {
  const { release, replicas, zones, antiAffinity, scrapeSeconds, retentionDays } = settings;
  const { remoteWrite, externalLabels, storageClassName } = settings;
  return {
    // A server that is alone must not keep a node from being emptied.
    ...(replicas > 1 ? { podDisruptionBudget: ONE_STAYS } : {}),
    prometheusSpec: {
      replicas,
      podAntiAffinity: antiAffinity,
      ...evenly("prometheus", `${release}-prometheus`, zones),
      // Objects of every namespace, without a label of this Release.
      ruleSelectorNilUsesHelmValues: false,
      serviceMonitorSelectorNilUsesHelmValues: false,
      podMonitorSelectorNilUsesHelmValues: false,
      probeSelectorNilUsesHelmValues: false,
      scrapeConfigSelectorNilUsesHelmValues: false,
      scrapeInterval: `${scrapeSeconds}s`,
      evaluationInterval: `${scrapeSeconds}s`,
      retention: `${retentionDays}d`,
      retentionSize: `${size.retentionSize.value}MiB`,
      enableFeatures: ["exemplar-storage"],
      ...(externalLabels === undefined ? {} : { externalLabels }),
      ...(remoteWrite === undefined ? {} : { remoteWrite: [remoteWriteSpec(remoteWrite)] }),
      resources: requests(`${size.cpu.value}`, `${size.memory.value}Gi`),
      storageSpec: claim(`${size.volume.value}Gi`, storageClassName),
    },
  };
}

function alertmanager({
  release,
  zones,
  antiAffinity,
  storageClassName,
  alertmanager: { replicas, configSecret, secrets },
}: PrometheusStackSettings): Values {
  return {
    podDisruptionBudget: ONE_STAYS,
    alertmanagerSpec: {
      replicas,
      podAntiAffinity: antiAffinity,
      ...evenly("alertmanager", `${release}-alertmanager`, zones),
      ...(configSecret === undefined ? {} : { useExistingSecret: true, configSecret }),
      ...(secrets === undefined ? {} : { secrets: [...secrets] }),
      resources: requests("50m", "128Mi"),
      // Silences, and who was told already: small, but not to be lost.
      storage: claim("2Gi", storageClassName),
    },
  };
}
