import assert from "node:assert/strict";

import { parse } from "yaml";

import { issueText, pathText } from "../../../../budget/core/issues";
import { planServices, planStack } from "../../../../plan/plan-stack";
import { boundsOf } from "../../../../simulation/replay/replay";
import { marginFor, stackService, type StackService } from "../../../../simulation/replay/stack";
import {
  stackFileBlock,
  withSettings,
  type TunedSettings,
} from "../../../../simulation/replay/tuned-settings";
import { scalingRuleGroups } from "../../../../stacks/wiring/autoscaling";
import { parseStackConfig, type StackConfig } from "../../../../stacks/stack-file/config";
import { laid, shippedText, stackFile, type StackFile } from "../../../helpers/stack-file";

const SETTINGS: TunedSettings = {
  kind: "keda",
  target: 0.5,
  min: 4,
  max: 20,
  scaleDownWindowSeconds: 300,
  scaleDownPercent: 10,
  prediction: true,
};

/** Production with printed blocks laid over it, as a person does. @throws AssertionError with what its reader has against it */
function read(...blocks: readonly string[]): StackConfig {
  const file = stackFile(shippedText("production"));
  for (const block of blocks) {
    for (const [key, value] of Object.entries(parse(block) as Record<string, StackFile>))
      laid(file, { [key.replace("retrofitlink:", "")]: value });
  }
  const { config, issues } = parseStackConfig(file);
  assert.deepEqual(
    issues.map((one) => `${pathText(one.path)}: ${issueText(one)}`),
    [],
  );
  assert.ok(config !== undefined);
  return config;
}

const most = ({ objects }: StackService): number => boundsOf(objects.autoscaler)[1];

describe("settings that tuning chose", function () {
  this.timeout(60_000);
  let known: StackService;

  before(async () => {
    known = await stackService(read(), "backend");
  });

  const printed = (settings: Partial<TunedSettings>, headroomPods = 0): string => {
    const all = { ...SETTINGS, ...settings };
    const margin = all.max === most(known) ? undefined : marginFor(read(), known.service.name, all.max);
    return stackFileBlock({ settings: all, headroomPods }, known.service, { margin, nodeStartSeconds: 90 });
  };

  it("are printed as a block that the stack file's reader takes", () => {
    for (const settings of [{}, { prediction: false }, { kind: "hpa", prediction: false } as const]) {
      for (const headroomPods of [0, 2]) read(printed(settings, headroomPods));
    }
  });

  it("are in the block with every key that there is for them", () => {
    const { services, cluster, autoscaling } = read(printed({}, 2));
    const { backend } = services;
    assert.ok(backend?.autoscaling !== undefined);
    const { kind, signal, forecast } = backend.autoscaling;
    assert.deepEqual([kind, signal, forecast?.mode], ["keda", "requests-per-second", "on"]);
    // 20 pods of 8 slots, half busy, 30 ms a request.
    assert.ok(Math.abs(Number(forecast?.mostRps) / ((20 * 8 * 0.5) / 0.03) - 1) < 0.005);
    assert.deepEqual([cluster.nodeStartSeconds, autoscaling.headroom], [90, "pause-pods"]);
    const off = read(printed({ prediction: false })).services["backend"];
    assert.equal(off?.autoscaling?.forecast?.mode, "off");
  });

  it("leave the queues of a service to KEDA, also where CPU is the best", () => {
    const queue = "{name: mails, kind: redis-list, cache: redis-session, list: mails, entriesPerPod: 50}";
    const queues = `retrofitlink:services: {backend: {autoscaling: {queues: [${queue}]}}}`;
    const block = stackFileBlock(
      { settings: { ...SETTINGS, kind: "hpa", prediction: false }, headroomPods: 0 },
      known.service,
      { margin: undefined, nodeStartSeconds: 90, needsKeda: true },
    );
    const { backend } = read(queues, block).services;
    assert.deepEqual([backend?.autoscaling?.kind, backend?.autoscaling?.signal], ["keda", "cpu"]);
  });

  it("bring the most pods that were found into the plan", () => {
    for (const max of [most(known), 18, 20, 40]) {
      const planned = planServices(read(printed({ max })))["backend"]?.plan.numbers.max.value ?? 0;
      // Where the target changes with the peak, a number may be left out.
      assert.ok(planned >= max && planned <= max + 1, `${planned} pods instead of ${max}`);
    }
  });

  it("are judged with the forecast that the stack renders: the same rules, by the same query", () => {
    const { service, objects } = known;
    const config = read(printed({ max: most(known) }));
    const plan = planStack(config);
    const busyAtTarget = plan.services["backend"]?.autoscaling.plan.numbers.busyAtTarget.value ?? 0;
    const group = scalingRuleGroups(config, plan).find(({ name }) => name === "forecast-backend");
    const tried = withSettings(
      objects.autoscaler,
      { ...SETTINGS, target: busyAtTarget },
      service,
      objects.namespace,
    );
    assert.ok(tried.kind === "keda");
    assert.deepEqual(tried.rules, [group]);
    const queries = tried.object.triggers.map((one) => (one.kind === "prometheus" ? one.query : ""));
    assert.match(
      queries[1] ?? "",
      /^clamp_max\(max\(service:forecast:trigger\{namespace="retrofitlink",service="backend"\}\), /,
    );
  });
});
