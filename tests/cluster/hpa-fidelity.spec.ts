import assert from "node:assert/strict";

import { removeCluster, startCluster } from "../../sandbox/cluster/cluster";
import { KubernetesClient, connectionFromKubeconfig } from "../../sandbox/cluster/kubernetes-client";
import { clusterParts, prepareToolchain } from "../../sandbox/sandbox";
import { CPU_SCENARIOS } from "../helpers/fidelity/hpa-scenarios";
import { TooSlow, runOnRealController } from "../helpers/fidelity/real-controller";
import { SYNC_SECONDS, type Scenario, type Sync } from "../helpers/fidelity/scenario";
import { runSimulated } from "../helpers/fidelity/simulated-controller";
import "../helpers/sandbox-folder";

const CLUSTER = "fidelity";

/** Of the real controller; what is not named has Kubernetes's default. */
const FLAGS = [
  "--controllers=horizontal-pod-autoscaler-controller,serviceaccount-controller",
  `--horizontal-pod-autoscaler-sync-period=${SYNC_SECONDS * 1000}ms`,
  "--concurrent-horizontal-pod-autoscaler-syncs=20",
  "--kube-api-qps=500",
  "--kube-api-burst=1000",
];

/** A machine that is busy with something else runs what came too late again. */
const ROUNDS = 3;

const silent = (): void => undefined;

async function onTheRealController(scenarios: readonly Scenario[]): Promise<Map<Scenario, readonly Sync[]>> {
  const { controllerManager, ...toolchain } = await prepareToolchain(silent);
  const controllers = { controllerManager: controllerManager.path, controllerManagerFlags: FLAGS };
  const results = new Map<Scenario, readonly Sync[]>();
  for (let round = 1, left = scenarios; round <= ROUNDS && left.length > 0; round++) {
    const parts = { ...clusterParts({ controllerManager, ...toolchain }), controllers };
    const { kubeconfig } = await startCluster(CLUSTER, parts, silent);
    const client = new KubernetesClient(connectionFromKubeconfig(kubeconfig));
    try {
      const found = await runOnRealController(client, left);
      for (const [index, one] of left.entries()) {
        const syncs = found[index];
        if (syncs !== undefined && !(syncs instanceof TooSlow)) results.set(one, syncs);
      }
      left = left.filter((one) => !results.has(one));
    } finally {
      client.close();
      await removeCluster(CLUSTER);
    }
  }
  return results;
}

describe("the simulated HorizontalPodAutoscaler and the real one", function () {
  this.timeout(600_000);
  let real: Map<Scenario, readonly Sync[]>;

  before(async () => {
    real = await onTheRealController(CPU_SCENARIOS);
  });

  for (const scenario of CPU_SCENARIOS) {
    it(`agree step for step: ${scenario.name}`, () => {
      const syncs = real.get(scenario);
      assert.ok(syncs, "this machine was too slow to follow the controller, three times");
      assert.deepEqual(
        runSimulated(scenario, syncs),
        syncs.map(({ replicasAfter }) => replicasAfter),
      );
    });
  }

  it("were shown something that made the real one move", () => {
    const moved = [...real.values()].filter((syncs) =>
      syncs.some(({ replicasBefore, replicasAfter }) => replicasBefore !== replicasAfter),
    );
    assert.ok(moved.length >= CPU_SCENARIOS.length / 2);
  });
});
