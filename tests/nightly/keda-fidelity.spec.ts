import "../helpers/sandbox-folder";

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

import { freePort } from "../../cli/free-port";
import { removeCluster, startCluster } from "../../sandbox/cluster/cluster";
import { applyAll, hasCondition } from "../../sandbox/cluster/controllers";
import {
  KubernetesClient,
  connectionFromKubeconfig,
  type KubernetesObject,
} from "../../sandbox/cluster/kubernetes-client";
import { liveClusterParts, prepareToolchain } from "../../sandbox/sandbox";
import { eventually } from "../helpers/eventually";
import {
  KEDA_SCENARIOS,
  PHASE_SECONDS,
  namespaceOf,
  scaledObject,
  type Answer,
  type KedaScenario,
} from "../helpers/fidelity/keda-scenarios";
import { SYNC_SECONDS, simulatedKeda } from "../helpers/fidelity/simulated-keda";

const CLUSTER = "keda";
const REPLICAS = 3;
/** So much longer than a phase the real one may take. */
const LATE_SECONDS = 60;
const PAUSED = "autoscaling.keda.sh/paused-replicas";
const silent = (): void => undefined;

const FLAGS = [
  `--horizontal-pod-autoscaler-sync-period=${SYNC_SECONDS}s`,
  "--concurrent-horizontal-pod-autoscaler-syncs=20",
];

/** A Prometheus that answers what a script says. The path begins with the scenario's namespace. */
async function scriptedPrometheus(
  answerOf: (namespace: string) => Answer,
): Promise<{ readonly address: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const [, namespace = ""] = (request.url ?? "").split("/");
    const answer = answerOf(namespace);
    response.setHeader("content-type", "application/json");
    if (answer === "error") {
      response.writeHead(503);
      response.end(JSON.stringify({ status: "error", errorType: "unavailable", error: "scripted" }));
      return;
    }
    const result = answer.map((value, index) => ({
      metric: { series: String(index) },
      value: [Date.now() / 1000, String(value)],
    }));
    response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
  });
  const port = await freePort();
  await once(server.listen(port, "127.0.0.1"), "listening");
  return { address: `http://127.0.0.1:${port}`, server };
}

function workload(namespace: string): KubernetesObject {
  const labels = { app: "scripted" };
  const containers = [{ name: "main", image: "scripted" }];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "scripted", namespace },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
}

/** Replicas at the end of each phase, by the real KEDA. */
async function onTheRealKeda(): Promise<Map<KedaScenario, number[]>> {
  process.env["KEDA"] = "1";
  const toolchain = await prepareToolchain(silent);
  const answers = new Map<string, Answer>();
  const prometheus = await scriptedPrometheus((namespace) => answers.get(namespace) ?? "error");
  const { kubeconfig } = await startCluster(CLUSTER, liveClusterParts(toolchain, FLAGS), silent);
  const client = new KubernetesClient(connectionFromKubeconfig(kubeconfig));
  const replicasOf = async (namespace: string): Promise<number> =>
    ((await client.read(workload(namespace)))?.["spec"] as { replicas: number }).replicas;
  const found = new Map<KedaScenario, number[]>(KEDA_SCENARIOS.map((scenario) => [scenario, []]));
  try {
    for (const scenario of KEDA_SCENARIOS) {
      const name = namespaceOf(scenario);
      answers.set(name, scenario.phases[0] ?? []);
      await applyAll(client, [{ apiVersion: "v1", kind: "Namespace", metadata: { name } }]);
      await applyAll(client, [workload(name)]);
      await client.patch(workload(name), { spec: { replicas: REPLICAS } });
    }
    await eventually(
      "the pods are ready",
      () => client.list("apps/v1", "Deployment"),
      (all) => all.every((one) => (one["status"] as { readyReplicas?: number }).readyReplicas === REPLICAS),
      { withinMs: 120_000, everyMs: 500 },
    );
    const objects = KEDA_SCENARIOS.map(
      (scenario) => scaledObject(scenario, prometheus.address) as unknown as KubernetesObject,
    );
    await applyAll(client, objects);
    const phases = Math.max(...KEDA_SCENARIOS.map((scenario) => scenario.phases.length));
    const autoscaled = KEDA_SCENARIOS.filter(({ annotations }) => annotations?.[PAUSED] === undefined);
    await eventually(
      "KEDA has made the autoscalers, and they have seen their metric",
      () => client.list("autoscaling/v2", "HorizontalPodAutoscaler"),
      (all) => all.filter((one) => hasCondition(one, "ScalingActive")).length === autoscaled.length,
      { withinMs: 240_000, everyMs: 1_000 },
    );
    for (let phase = 0; phase < phases; phase++) {
      for (const scenario of KEDA_SCENARIOS) {
        const answer = scenario.phases[phase];
        if (answer !== undefined) answers.set(namespaceOf(scenario), answer);
      }
      await sleep(PHASE_SECONDS * 1_000);
      const running = KEDA_SCENARIOS.filter((scenario) => scenario.phases[phase] !== undefined);
      const ends = (): Promise<number[]> =>
        Promise.all(running.map((scenario) => replicasOf(namespaceOf(scenario))));
      const expected = running.map((scenario) => simulatedKeda(scenario, REPLICAS)[phase]);
      // On a busy machine the real one is late; where it stays is what is compared.
      for (let more = 0; more < LATE_SECONDS && !isDeepStrictEqual(await ends(), expected); more++) {
        await sleep(1_000);
      }
      const there = await ends();
      for (const [index, scenario] of running.entries()) found.get(scenario)?.push(there[index] ?? NaN);
    }
    return found;
  } finally {
    client.close();
    prometheus.server.closeAllConnections();
    prometheus.server.close();
    await removeCluster(CLUSTER);
  }
}

describe("the simulated KEDA and the real one", function () {
  // The build of KEDA is part of it, where nobody has made it yet.
  this.timeout(7_200_000);
  let real: Map<KedaScenario, number[]>;

  before(async () => {
    real = await onTheRealKeda();
  });

  for (const scenario of KEDA_SCENARIOS) {
    it(`come to the same replicas: ${scenario.name}`, () => {
      assert.deepEqual(simulatedKeda(scenario, REPLICAS), real.get(scenario));
    });
  }
});
