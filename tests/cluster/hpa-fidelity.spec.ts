import "../helpers/sandbox-folder";

import assert from "node:assert/strict";

import { removeCluster, startCluster } from "../../sandbox/cluster/cluster";
import { KubernetesClient, connectionFromKubeconfig } from "../../sandbox/cluster/kubernetes-client";
import { clusterParts, prepareToolchain } from "../../sandbox/sandbox";
import { CPU_SCENARIOS } from "../helpers/fidelity/cpu-scenarios";
import { METRIC_SCENARIOS } from "../helpers/fidelity/metric-scenarios";
import { runOnRealController } from "../helpers/fidelity/real-controller";
import { SYNC_SECONDS, type Scenario, type Sync } from "../helpers/fidelity/scenario";
import { runSimulated } from "../helpers/fidelity/simulated-controller";

const SCENARIOS = [...CPU_SCENARIOS, ...METRIC_SCENARIOS];

const CLUSTER = "fidelity";

/** Of the real controller; what is not named has Kubernetes's default. */
const FLAGS = [
  "--controllers=horizontal-pod-autoscaler-controller,serviceaccount-controller",
  `--horizontal-pod-autoscaler-sync-period=${SYNC_SECONDS * 1000}ms`,
  "--concurrent-horizontal-pod-autoscaler-syncs=20",
  "--kube-api-qps=500",
  "--kube-api-burst=1000",
];

/**
 * The controller's clock and the script's are some milliseconds apart: a moment at the very end of a window counts for
 * one and not for the other. Whatever differs is tried again; a simulator that is wrong differs each time.
 */
const ROUNDS = 3;

const silent = (): void => undefined;

const decisions = (syncs: readonly Sync[]): number[] => syncs.map(({ replicasAfter }) => replicasAfter);

/** What the simulator made of it: by the clock by which it agrees, if there is one. */
function simulated(scenario: Scenario, syncs: readonly Sync[]): number[] {
  const real = String(decisions(syncs));
  const byAnswer = runSimulated(scenario, syncs);
  const byDecision = runSimulated(scenario, syncs, "decidedAt");
  return String(byAnswer) !== real && String(byDecision) === real ? byDecision : byAnswer;
}

function agrees(scenario: Scenario, syncs: readonly Sync[]): boolean {
  return String(simulated(scenario, syncs)) === String(decisions(syncs));
}

async function onTheRealController(): Promise<Map<Scenario, readonly Sync[]>> {
  const toolchain = await prepareToolchain(silent);
  const controllers = { controllerManager: toolchain.controllerManager.path, controllerManagerFlags: FLAGS };
  const results = new Map<Scenario, readonly Sync[]>();
  let left: readonly Scenario[] = SCENARIOS;
  for (let round = 1; round <= ROUNDS && left.length > 0; round++) {
    const { kubeconfig } = await startCluster(CLUSTER, { ...clusterParts(toolchain), controllers }, silent);
    const client = new KubernetesClient(connectionFromKubeconfig(kubeconfig));
    try {
      const found = await runOnRealController(client, left);
      left.forEach((scenario, index) => results.set(scenario, found[index] ?? []));
    } finally {
      client.close();
      await removeCluster(CLUSTER);
    }
    left = left.filter((scenario) => !agrees(scenario, results.get(scenario) ?? []));
  }
  return results;
}

describe("the simulated HorizontalPodAutoscaler and the real one", function () {
  this.timeout(900_000);
  let real: Map<Scenario, readonly Sync[]>;

  before(async () => {
    real = await onTheRealController();
  });

  for (const scenario of SCENARIOS) {
    it(`agree step for step: ${scenario.name}`, () => {
      const syncs = real.get(scenario) ?? [];
      assert.equal(syncs.length, scenario.steps);
      const moments = syncs.map(({ at }) => (at - (syncs[0]?.at ?? 0)).toFixed(1)).join(" ");
      assert.deepEqual(simulated(scenario, syncs), decisions(syncs), `syncs at ${moments} s`);
    });
  }

  it("are told apart by a simulator that is wrong", () => {
    const wrong = (scenario: Scenario): Scenario => ({ ...scenario, max: scenario.max - 1 });
    const found = SCENARIOS.filter((scenario) => !agrees(wrong(scenario), real.get(scenario) ?? []));
    assert.ok(found.length >= 5, `only ${found.length} scenarios show a maximum that is one lower`);
  });

  it("come in every direction", () => {
    const changes = [...real.values()].flatMap((syncs) =>
      syncs.map(({ replicasBefore, replicasAfter }) => Math.sign(replicasAfter - replicasBefore)),
    );
    for (const sign of [-1, 0, 1]) assert.ok(changes.filter((change) => change === sign).length >= 50);
  });
});
