import assert from "node:assert/strict";

import { Agenda } from "../../../simulation/agenda";
import { Deployment, type DeploymentSettings } from "../../../simulation/fleet/deployment";

const SETTINGS: DeploymentSettings = {
  zones: 3,
  slots: 4,
  startSeconds: 20,
  minReadySeconds: 10,
  maxSurge: 0.25,
  maxUnavailable: 1,
  unlistSeconds: 2,
  proxies: 1,
};

/** A Deployment and its clock. */
function deployed(replicas: number): {
  deployment: Deployment;
  until: (end: number, look?: () => void) => void;
} {
  const agenda = new Agenda();
  const deployment = new Deployment(SETTINGS, replicas, (at, happen) => {
    agenda.at(at, happen);
  });
  let second = 0;
  return {
    deployment,
    until: (end, look) => {
      for (; second < end; second++) {
        while (agenda.next <= second) agenda.take()?.happen();
        deployment.reconcile(second);
        look?.();
      }
    },
  };
}

const ready = (deployment: Deployment): number =>
  deployment.active.filter(({ state }) => state === "ready").length;

const byZone = (deployment: Deployment): number[] =>
  [0, 1, 2].map((zone) => deployment.active.filter((pod) => pod.zone === zone).length);

describe("pods of a simulated Deployment", () => {
  it("are spread over the zones, also after it shrank", () => {
    const { deployment, until } = deployed(9);
    assert.deepEqual(byZone(deployment), [3, 3, 3]);
    deployment.replicas = 6;
    until(5);
    assert.deepEqual(byZone(deployment), [2, 2, 2]);
  });

  it("take requests when they have started, and not before", () => {
    const { deployment, until } = deployed(3);
    deployment.replicas = 5;
    until(20);
    assert.deepEqual([deployment.active.length, ready(deployment)], [5, 3]);
    until(22);
    assert.equal(ready(deployment), 5);
  });

  it("are all of the new version after a rollout, of which never fewer were ready and never more there", () => {
    const { deployment, until } = deployed(8);
    deployment.rollOut();
    until(300, () => {
      assert.ok(ready(deployment) >= 8);
      assert.ok(deployment.active.length <= 10);
    });
    assert.ok(deployment.pods.every(({ version }) => version === 1));
    assert.equal(deployment.pods.length, 8);
  });

  it("are drained one at a time", () => {
    const { deployment, until } = deployed(6);
    const before = new Set(deployment.pods);
    deployment.drainZone();
    until(120, () => {
      assert.ok(ready(deployment) >= 5);
    });
    assert.equal(deployment.active.filter((pod) => before.has(pod)).length, 4);
    assert.equal(ready(deployment), 6);
  });

  it("of a lost zone are missed at once, leave the lists when that is noticed, and are replaced when they are deleted", () => {
    const { deployment, until } = deployed(7);
    const lost = deployment.loseZone();
    assert.equal(lost.length, 3);
    for (const pod of lost) pod.lose(0);
    until(45);
    assert.deepEqual([ready(deployment), deployment.listed.length, deployment.active.length], [4, 7, 7]);
    deployment.noticeLost(lost, 45);
    until(345);
    assert.deepEqual([deployment.listed.length, deployment.active.length], [4, 7]);
    deployment.evictLost(lost);
    until(370);
    assert.deepEqual([ready(deployment), deployment.listed.length], [7, 7]);
    assert.equal(byZone(deployment).filter((pods) => pods > 0).length, 2);
  });
});
