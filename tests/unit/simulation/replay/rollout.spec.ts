/** A rollout in a replay, held against the second-by-second simulation of a Deployment. */
import assert from "node:assert/strict";

import { Agenda } from "../../../../simulation/agenda";
import { Deployment } from "../../../../simulation/fleet/deployment";
import { rolloutRound, type RolloutPods } from "../../../../simulation/fleet/rollout";
import { NO_SCRIPT, parseScript, type ReplayFault } from "../../../../simulation/replay/faults";
import { ReplayFleet } from "../../../../simulation/replay/fleet";
import { ROOMY, type NodeSettings } from "../../../../simulation/replay/nodes";
import { serviceObjects } from "../../../../simulation/replay/objects";
import type { ReplayResult } from "../../../../simulation/replay/recorder";
import type { Manifest } from "../../../../simulation/replay/rendered";
import { replay } from "../../../../simulation/replay/replay";
import type { Rollout } from "../../../../simulation/replay/service";
import { simulate } from "../../../../simulation/simulate";
import { steady } from "../../../../simulation/traffic/load";
import { BALANCING, LABELS, POD, SERVICE, START, hpa, traceOf } from "./fixtures";

const START_SECONDS = SERVICE.schedulingSeconds + SERVICE.warmUpSeconds;

/** Pods that there are, and that are ready, at each second of a rollout that begins after ten. */
interface Course {
  readonly there: number[];
  readonly ready: number[];
}

/** @param wanted replicas at a second */
function deployed(seconds: number, wanted: (second: number) => number): Course {
  const agenda = new Agenda();
  const deployment = new Deployment(
    {
      zones: 3,
      slots: SERVICE.slots,
      startSeconds: START_SECONDS,
      minReadySeconds: SERVICE.rollout.minReadySeconds,
      maxSurge: 0.25,
      maxUnavailable: 1,
      unlistSeconds: 2,
      proxies: 1,
    },
    wanted(0),
    (at, happen) => {
      agenda.at(at, happen);
    },
  );
  const course: Course = { there: [], ready: [] };
  for (let second = 0; second < seconds; second++) {
    while (agenda.next <= second) agenda.take()?.happen();
    if (second === 10) deployment.rollOut();
    deployment.replicas = wanted(second);
    deployment.reconcile(second);
    course.there.push(deployment.active.length);
    course.ready.push(deployment.active.filter(({ state }) => state === "ready").length);
  }
  return course;
}

function replayed(
  seconds: number,
  wanted: (second: number) => number,
  rollout: Rollout = SERVICE.rollout,
  nodes: NodeSettings = ROOMY,
): Course & { readonly fleet: ReplayFleet } {
  const fleet = new ReplayFleet({ ...SERVICE, rollout }, nodes, wanted(0), START);
  const course: Course = { there: [], ready: [] };
  for (let second = 0; second < seconds; second++) {
    if (second === 10) fleet.rollOut();
    fleet.wanted = wanted(second);
    fleet.reconcile(START + second);
    course.there.push(fleet.there);
    course.ready.push(fleet.pods.filter(({ ready }) => ready).length);
  }
  return { ...course, fleet };
}

describe("a rollout in a replay", () => {
  it("has as many pods, and as many ready, at every second as the short simulation", () => {
    for (let replicas = 1; replicas <= 20; replicas++) {
      const { there, ready, fleet } = replayed(400, () => replicas);
      assert.deepEqual(
        { there, ready },
        deployed(400, () => replicas),
        `${replicas} pods`,
      );
      assert.ok(fleet.pods.every(({ version }) => version === 1));
      assert.ok(Math.min(...ready) === replicas && Math.max(...there) === replicas + Math.ceil(replicas / 4));
    }
  });

  it("has as many while the autoscaler asks for more or fewer, too", () => {
    const courses: readonly ((second: number) => number)[] = [
      (second) => (second < 40 ? 8 : 20),
      (second) => (second < 40 ? 20 : 8),
      (second) => (second < 5 ? 6 : 9),
    ];
    courses.forEach((wanted, index) => {
      const { there, ready } = replayed(600, wanted);
      assert.deepEqual({ there, ready }, deployed(600, wanted), `course ${index}`);
    });
  });

  it("has as many in the whole replay as in the whole simulation", () => {
    const minutes = 8;
    const { ready } = simulate({
      seed: 1,
      seconds: 60 * minutes,
      load: steady(300),
      pod: POD,
      balancing: BALANCING,
      promised: SERVICE.promised,
      replicas: 6,
      zones: 3,
      minReadySeconds: 12,
      faults: [{ kind: "rollout", at: 95 }],
    });
    const result = run([{ kind: "rollout", at: 95 }], { ...traceOf(60 * minutes, () => 5), stepSeconds: 1 }, [
      hpa(40, { minReplicas: 6, maxReplicas: 6 }),
    ]);
    const each = Array.from({ length: minutes }, (_, minute) => ready[60 * minute + 59]);
    assert.deepEqual([...(result.minutes?.ready ?? [])], each);
    // Two more than the replicas are there for a while, and are paid for.
    assert.equal(result.sums.mostReplicas, 8);
    assert.ok(new Set(each).size > 1, String(each));
  });

  function run(
    faults: readonly ReplayFault[],
    trace = traceOf(240, () => 1000),
    manifests: readonly Manifest[] = [hpa()],
    nodes = ROOMY,
  ): ReplayResult {
    const { autoscaler } = serviceObjects(manifests, "backend");
    const script = { ...NO_SCRIPT, faults, nodes };
    return replay({ service: SERVICE, autoscaler, trace, script, labels: LABELS, seed: 0, judgedFrom: 0 });
  }

  it("costs no promise and a few pod-minutes, in steps of 15 s as well", () => {
    const [plain, rolled] = [run([]).sums, run([{ kind: "rollout", at: 3600 }]).sums];
    assert.equal(rolled.violations.any, 0);
    assert.deepEqual(rolled.recovery, [{ fault: "rollout", seconds: 0 }]);
    // 2 of 8 pods more, for a round of 29 s of each quarter: four rounds, and rounded up to steps.
    const more = 60 * (rolled.podHours - plain.podHours);
    assert.ok(more > 2 && more < 8, `${more} pod-minutes`);
  });

  it("waits where no node has room for the surge", () => {
    const full = { ...ROOMY, podsPerNode: 1, startSeconds: 60, maxNodes: 6 };
    const { fleet, ready } = replayed(600, () => 6, SERVICE.rollout, full);
    assert.equal(Math.min(...ready), 6);
    assert.deepEqual([fleet.pods.filter(({ version }) => version === 1).length, fleet.there], [2, 8]);
    const roomy = replayed(600, () => 6, SERVICE.rollout, { ...full, maxNodes: 9 });
    assert.ok(roomy.fleet.pods.every(({ version }) => version === 1));
  });

  it("begins again where another comes before it is over", () => {
    const { fleet } = replayed(30, () => 8);
    fleet.rollOut();
    for (let second = 30; second < 400; second++) {
      fleet.reconcile(START + second);
      assert.ok(fleet.there <= 10);
      assert.ok(fleet.pods.filter(({ ready }) => ready).length >= 8, `${second}`);
    }
    assert.ok(fleet.pods.every(({ version }) => version === 2));
    assert.equal(fleet.there, 8);
  });
});

describe("the bounds of a rollout", () => {
  const pods = (more: Partial<RolloutPods>): RolloutPods => ({
    replicas: 10,
    old: 10,
    oldAvailable: 10,
    current: 0,
    currentAvailable: 0,
    ...more,
  });

  it("are rounded as the Deployment controller does, and let something move", () => {
    const rounds: readonly (readonly [number | string, number | string, number, number])[] = [
      ["25%", "25%", 3, 2],
      ["25%", 0, 3, 0],
      [0, "25%", 0, 2],
      [0, 0, 0, 1],
      [0, "5%", 0, 1],
      ["100%", 0, 10, 0],
      [0, "100%", 0, 10],
    ];
    for (const [maxSurge, maxUnavailable, start, removeOld] of rounds) {
      assert.deepEqual(
        rolloutRound({ maxSurge, maxUnavailable }, pods({})),
        { start, removeOld, removeCurrent: 0 },
        `${maxSurge} and ${maxUnavailable}`,
      );
    }
  });

  it("let old pods that are broken go first, and only where new ones are there", () => {
    const bounds = { maxSurge: 3, maxUnavailable: 2 };
    // The case of the controller's own comment: 13 - 8 - 5 is 0, so nothing goes.
    const stuck = pods({ old: 8, oldAvailable: 7, current: 5 });
    assert.deepEqual(rolloutRound(bounds, stuck), { start: 0, removeOld: 0, removeCurrent: 0 });
    const helped = pods({ old: 8, oldAvailable: 7, current: 5, currentAvailable: 3 });
    // One that is broken, and two of the ten that are available.
    assert.equal(rolloutRound(bounds, helped).removeOld, 3);
    assert.equal(
      rolloutRound(bounds, pods({ replicas: 4, old: 2, oldAvailable: 2, current: 6 })).removeCurrent,
      2,
    );
  });

  it("are those of the rendered Deployment, or the API server's own", () => {
    const rollout = (spec: object): Rollout =>
      serviceObjects(
        [hpa(), { kind: "Deployment", metadata: { name: "backend" }, spec: { ...spec } }],
        "backend",
      ).rollout;
    const rollingUpdate = { maxSurge: "25%", maxUnavailable: 0 };
    assert.deepEqual(
      rollout({ strategy: { type: "RollingUpdate", rollingUpdate }, minReadySeconds: 12 }),
      SERVICE.rollout,
    );
    assert.deepEqual(rollout({}), { maxSurge: "25%", maxUnavailable: "25%", minReadySeconds: 0 });
    const recreate = rollout({ strategy: { type: "Recreate" } });
    const { ready, there } = replayed(60, () => 6, recreate);
    assert.deepEqual([there[9], there[10], there[11], ready[11], ready[29]], [6, 0, 6, 0, 6]);
  });

  it("are a line of the script, without a length", () => {
    assert.deepEqual(parseScript("faults: [{kind: rollout, at: 1d2h}]", "script.yaml").faults, [
      { kind: "rollout", at: 93_600 },
    ]);
    assert.throws(
      () => parseScript("faults: [{kind: rollout, at: 1d2h, seconds: 60}]", "script.yaml"),
      /a rollout has no seconds/,
    );
  });
});
