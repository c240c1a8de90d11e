import assert from "node:assert/strict";

import { PrometheusStack, type PrometheusStackArgs } from "../../../../components";
import { CHARTS } from "../../../../components/shared/versions";
import { record, type Recording } from "../../../helpers/pulumi";

const RELEASE = "kubernetes:helm.sh/v3:Release";
const SECRET = "kubernetes:core/v1:Secret";

const built = (args?: PrometheusStackArgs): Promise<Recording> =>
  record(() => new PrometheusStack("monitoring", args));

async function valuesOf(args?: PrometheusStackArgs): Promise<Record<string, any>> {
  return (await built(args)).only(RELEASE).inputs["values"] as Record<string, any>;
}

describe("PrometheusStack", () => {
  it("is namespace, password, Secret and a pinned Release with its definitions", async () => {
    const recording = await built();
    assert.deepEqual(recording.typesAndNames(), [
      "kubernetes:core/v1:Namespace monitoring-namespace",
      `${SECRET} monitoring-grafana-admin`,
      `${RELEASE} monitoring-release`,
      "random:index/randomPassword:RandomPassword monitoring-grafana-password",
      "retrofitlink:monitoring:PrometheusStack monitoring",
    ]);
    const { chart, version, repository } = CHARTS.kubePrometheusStack;
    const { inputs } = recording.only(RELEASE);
    assert.deepEqual(
      [inputs["name"], inputs["namespace"], inputs["chart"], inputs["version"], inputs["repositoryOpts"]],
      ["monitoring", "monitoring", chart, version, { repo: repository }],
    );
    assert.equal(inputs["skipCrds"], false);
  });

  it("takes objects of every namespace, keeps exemplars, and stops keeping before the volume is full", async () => {
    const { prometheus, alertmanager, crds } = await valuesOf();
    const { prometheusSpec } = prometheus;
    const selectors = Object.entries(prometheusSpec).filter(([key]) =>
      key.endsWith("SelectorNilUsesHelmValues"),
    );
    assert.deepEqual(
      selectors.map(([key, value]) => [key.replace("SelectorNilUsesHelmValues", ""), value]).sort(),
      ["podMonitor", "probe", "rule", "scrapeConfig", "serviceMonitor"].map((key) => [key, false]),
    );
    assert.deepEqual(prometheusSpec.enableFeatures, ["exemplar-storage"]);
    const { retention, retentionSize, storageSpec, resources, replicas, podAntiAffinity } = prometheusSpec;
    const storage = storageSpec.volumeClaimTemplate.spec;
    // 15 days of 200,000 series ÷ 15 s, 2 B each, ÷ 0.85.
    assert.deepEqual([retention, storage.resources.requests.storage], ["15d", "38Gi"]);
    assert.equal(retentionSize, `${Math.floor(38 * 1024 * 0.85)}MiB`);
    assert.deepEqual(resources, { requests: { cpu: "0.5", memory: "2Gi" }, limits: { memory: "2Gi" } });
    assert.deepEqual([replicas, podAntiAffinity, prometheus.podDisruptionBudget.enabled], [2, "hard", true]);
    assert.deepEqual(
      [alertmanager.alertmanagerSpec.replicas, alertmanager.alertmanagerSpec.podAntiAffinity],
      [3, "hard"],
    );
    for (const [spec, kind] of [
      [prometheusSpec, "prometheus"],
      [alertmanager.alertmanagerSpec, "alertmanager"],
    ] as const) {
      assert.deepEqual(spec.topologySpreadConstraints[0].labelSelector.matchLabels, {
        "app.kubernetes.io/name": kind,
        "app.kubernetes.io/instance": `monitoring-${kind}`,
      });
    }
    assert.deepEqual([crds.enabled, crds.upgradeJob.enabled], [true, true]);
    assert.match(crds.upgradeJob.image.busybox.tag, /^\d+\.\d+\.\d+$/);
  });

  it("asks nothing of a control plane that the cloud runs, and of one's own everything", async () => {
    for (const managedControlPlane of [true, false]) {
      const values = await valuesOf({ managedControlPlane });
      const parts = ["kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler"];
      assert.deepEqual(
        parts.map((part) => values[part].enabled),
        parts.map(() => !managedControlPlane),
      );
      assert.deepEqual(values["defaultRules"].rules, {
        kubeControllerManager: !managedControlPlane,
        etcd: !managedControlPlane,
        kubeProxy: !managedControlPlane,
        kubeSchedulerAlerting: !managedControlPlane,
        kubeSchedulerRecording: !managedControlPlane,
      });
    }
  });

  it("keeps Grafana's password in a Secret and out of the values, and lets in nobody without a name", async () => {
    const recording = await built({ passwordGeneration: 2 });
    const { metadata, stringData } = recording.only(SECRET).inputs as Record<string, any>;
    const values = recording.only(RELEASE).inputs["values"] as Record<string, any>;
    const { grafana } = values;
    const { existingSecret, userKey, passwordKey } = grafana.admin;
    assert.equal(existingSecret, metadata.name);
    // A secret is wrapped by the SDK.
    const given = stringData.value ?? stringData;
    assert.equal(given[userKey], "admin");
    assert.match(given[passwordKey], /^\w{20,}$/);
    assert.ok(!JSON.stringify(values).includes(given[passwordKey]));
    assert.equal("adminPassword" in grafana, false);
    assert.equal(grafana.podAnnotations["retrofitlink/password-generation"], "2");
    assert.deepEqual(grafana["grafana.ini"]["auth.anonymous"], { enabled: false });
    assert.deepEqual(grafana.plugins, []);
    const { enabled, label, labelValue, searchNamespace } = grafana.sidecar.dashboards;
    assert.deepEqual([enabled, label, labelValue, searchNamespace], [true, "grafana_dashboard", "1", "ALL"]);
    assert.equal("ingress" in grafana, false);
  });

  it("serves Grafana below a domain with a certificate, and signs people in by an identity provider", async () => {
    const { grafana } = await valuesOf({
      grafana: {
        domain: "example.com",
        issuer: { kind: "Issuer", name: "letsencrypt" },
        ingressClass: "nginx",
        traces: "tempo",
        signIn: {
          clientId: "grafana",
          clientSecret: { name: "grafana-oauth", key: "secret" },
          authUrl: "https://id.example.com/auth",
          tokenUrl: "https://id.example.com/token",
          userInfoUrl: "https://id.example.com/userinfo",
          rolePath: "'Viewer'",
        },
      },
    });
    assert.deepEqual(grafana.ingress, {
      enabled: true,
      ingressClassName: "nginx",
      annotations: { "cert-manager.io/issuer": "letsencrypt" },
      hosts: ["grafana.example.com"],
      path: "/",
      tls: [{ secretName: "grafana-tls", hosts: ["grafana.example.com"] }],
    });
    const ini = grafana["grafana.ini"];
    assert.equal(ini.server.root_url, "https://grafana.example.com");
    const oauth = ini["auth.generic_oauth"];
    assert.deepEqual(
      [oauth.enabled, oauth.use_pkce, oauth.api_url],
      [true, true, "https://id.example.com/userinfo"],
    );
    assert.equal("client_secret" in oauth, false);
    assert.deepEqual(grafana.envValueFrom, {
      GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET: { secretKeyRef: { name: "grafana-oauth", key: "secret" } },
    });
    assert.equal(grafana.sidecar.datasources.exemplarTraceIdDestinations.datasourceUid, "tempo");
  });

  it("gives Alertmanager a configuration and secrets by name, and Prometheus a remote store", async () => {
    const values = await valuesOf({
      namespace: "watch",
      zones: 1,
      replicas: 1,
      antiAffinity: "soft",
      series: 2_000_000,
      volumeGiB: 100,
      storageClassName: "ssd",
      externalLabels: { cluster: "main" },
      alertmanager: { configSecret: "alertmanager", secrets: ["pagerduty"] },
      remoteWrite: {
        url: "https://store.example.com/write",
        authentication: {
          kind: "basic",
          username: { name: "store", key: "user" },
          password: { name: "store", key: "password" },
        },
      },
    });
    const { alertmanagerSpec } = values["alertmanager"];
    const { replicas, useExistingSecret, configSecret, secrets } = alertmanagerSpec;
    assert.deepEqual(
      [replicas, useExistingSecret, configSecret, secrets],
      [2, true, "alertmanager", ["pagerduty"]],
    );
    const { prometheusSpec, podDisruptionBudget } = values["prometheus"];
    assert.deepEqual(prometheusSpec.remoteWrite, [
      {
        url: "https://store.example.com/write",
        basicAuth: {
          username: { name: "store", key: "user" },
          password: { name: "store", key: "password" },
        },
      },
    ]);
    assert.deepEqual(
      [prometheusSpec.externalLabels, prometheusSpec.podAntiAffinity, podDisruptionBudget],
      [{ cluster: "main" }, "soft", undefined],
    );
    assert.equal("topologySpreadConstraints" in prometheusSpec, false);
    assert.deepEqual(prometheusSpec.resources.requests, { cpu: "4", memory: "16Gi" });
    const { storageClassName, resources } = prometheusSpec.storageSpec.volumeClaimTemplate.spec;
    assert.deepEqual([storageClassName, resources.requests.storage], ["ssd", "100Gi"]);
    const bearer = await valuesOf({
      remoteWrite: {
        url: "https://store.example.com/write",
        authentication: { kind: "bearer", token: { name: "store", key: "token" } },
      },
    });
    assert.deepEqual(bearer["prometheus"].prometheusSpec.remoteWrite[0].authorization, {
      type: "Bearer",
      credentials: { name: "store", key: "token" },
    });
  });

  it("makes no namespace where one is named", async () => {
    const recording = await built({ namespace: "watch" });
    assert.deepEqual(recording.ofType("kubernetes:core/v1:Namespace"), []);
    assert.equal(recording.only(RELEASE).inputs["namespace"], "watch");
  });

  it("refuses what cannot be run", async () => {
    const refusals: [PrometheusStackArgs, RegExp][] = [
      [{ release: "a-name-that-the-chart-would-cut" }, /release: got/],
      [{ series: 10 }, /series: got 10/],
      [{ scrapeSeconds: 0 }, /scrapeSeconds: got 0/],
      [{ retentionDays: 0.5 }, /retentionDays: got 0\.5/],
      [{ volumeGiB: 1 }, /volumeGiB: got 1/],
      [{ replicas: 0 }, /replicas: got 0; allowed is a whole number of Prometheus servers/],
      [{ alertmanager: { replicas: 1 } }, /alertmanager\.replicas: got 1/],
      [{ zones: 0 }, /zones: got 0/],
      [{ grafana: { domain: "example.com" } }, /grafana\.issuer/],
      [{ passwordGeneration: 0 }, /passwordGeneration: got 0/],
    ];
    for (const [args, expected] of refusals) {
      await record(() => assert.throws(() => new PrometheusStack("monitoring", args), expected));
    }
  });
});
