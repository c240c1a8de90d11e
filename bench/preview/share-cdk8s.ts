/** The same Kubernetes objects for each service with cdk8s-plus, synthesised to YAML. Prints `seconds objects`. */
import { ApiObject, App, Chart, Size } from "cdk8s";
import * as kplus from "cdk8s-plus-33";

import { serviceCount, stackOf } from "./workload";
import { planService } from "../../budget/service/plan";
import { DEFAULT_BUDGET } from "../../budget/core/performance-budget";
import type { ServiceConfig } from "../../stacks/stack-file/config";

/** ServiceAccount, Deployment, two Services, autoscaler and disruption budget: what ElasticService registers. */
function addService(chart: Chart, name: string, service: ServiceConfig): void {
  const { min, max } = planService({
    service: name,
    ...service,
    budget: DEFAULT_BUDGET,
    zones: 3,
  }).numbers;
  const metadata = {
    namespace: "retrofitlink",
    labels: { app: name, "app.kubernetes.io/part-of": "retrofitlink" },
  };
  const account = new kplus.ServiceAccount(chart, `${name}-account`, { metadata: { ...metadata, name } });
  const deployment = new kplus.Deployment(chart, `${name}-deployment`, {
    metadata: { ...metadata, name },
    serviceAccount: account,
    automountServiceAccountToken: false,
    securityContext: { ensureNonRoot: true, user: 1000, group: 1000, fsGroup: 1000 },
    strategy: kplus.DeploymentStrategy.rollingUpdate({
      maxSurge: kplus.PercentOrAbsolute.percent(25),
      maxUnavailable: kplus.PercentOrAbsolute.absolute(0),
    }),
    containers: [
      {
        name,
        image: service.image,
        portNumber: service.port,
        envVariables: Object.fromEntries(
          ["NODE_ENV", "PORT", "NODE_OPTIONS", "REQUEST_TIMEOUT_MS", "DATABASE_TIMEOUT_MS"].map(
            (variable) => [variable, kplus.EnvValue.fromValue("1")],
          ),
        ),
        resources: {
          cpu: { request: kplus.Cpu.units(service.resources.cpuCores) },
          memory: {
            request: Size.mebibytes(service.resources.memoryMiB),
            limit: Size.mebibytes(service.resources.memoryMiB),
          },
        },
        startup: kplus.Probe.fromHttpGet("/health"),
        readiness: kplus.Probe.fromHttpGet("/ready"),
        liveness: kplus.Probe.fromHttpGet("/health"),
      },
    ],
  });
  for (const suffix of ["service", "pods"]) {
    new kplus.Service(chart, `${name}-${suffix}`, {
      metadata: { ...metadata, name: `${name}-${suffix}` },
      selector: deployment,
      ports: [{ name: "http", port: service.port, targetPort: service.port }],
    });
  }
  new kplus.HorizontalPodAutoscaler(chart, `${name}-autoscaler`, {
    metadata: { ...metadata, name },
    target: deployment,
    minReplicas: min.value,
    maxReplicas: max.value,
    metrics: [kplus.Metric.resourceCpu(kplus.MetricTarget.averageUtilization(64))],
    scaleUp: {
      policies: [{ replicas: kplus.Replicas.percent(100) }, { replicas: kplus.Replicas.absolute(4) }],
    },
  });
  // cdk8s-plus has no disruption budget.
  new ApiObject(chart, `${name}-disruption-budget`, {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { ...metadata, name },
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: name } } },
  });
}

const config = stackOf(serviceCount());
const started = process.hrtime.bigint();
const app = new App();
const chart = new Chart(app, "platform");
for (const [name, service] of Object.entries(config.services)) addService(chart, name, service);
const objects = app.synthYaml().split(/^---$/m).length;
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
process.stdout.write(`${seconds} ${objects}`);
