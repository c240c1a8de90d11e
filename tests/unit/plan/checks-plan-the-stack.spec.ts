/** The checks of a stack file judge the stack that is built: what they say is in the numbers of its plan. */
import assert from "node:assert/strict";

import { neededClients } from "../../../budget/caching/connections";
import type { RedisPlan } from "../../../budget/caching/plan-redis";
import { planStack, type StackPlan } from "../../../plan/plan-stack";
import { CATALOGUE } from "../../../product/data-model/catalogue";
import { parseStackConfig, type StackConfig } from "../../../stacks/stack-file/config";
import { shippedConfig } from "../../helpers/preview";
import { edited, shippedText, stackFile, type Change, type StackFile } from "../../helpers/stack-file";
import { VARIANTS } from "../../helpers/variants";

const planOf = (config: StackConfig): StackPlan => planStack({ ...config, dataModel: CATALOGUE });

/** What the checks say of a shipped file with something changed, one line an issue. */
function said(stack: string, ...changes: readonly Change[]): string[] {
  const { issues } = parseStackConfig(stackFile(edited(...changes)(shippedText(stack))));
  return issues.map(({ path, got, allowed }) => `${path.join(".")}: got ${got}; allowed is ${allowed}`);
}

const redisOf = (plan: StackPlan, name: string): RedisPlan["numbers"] =>
  (plan.caches[name]?.plan as RedisPlan).numbers;

/** Nothing that clients reach: calls come from inside the cluster, a connection at a time. */
const withoutProxy: Change = (file) => {
  delete file["loadBalancer"];
  delete file["cdn"];
  file["services"].backend.resilience = { zoneLossSeconds: 60 };
};

/** So many pods that their connections are more than a server of Redis admits, and so tight that balancing decides how many. */
const crowd: Change = (file) => {
  const { backend } = file["services"];
  delete backend.calls;
  backend.demand.peakRps *= 400;
  backend.caches["redis-cache"].callSeconds = 0.005;
  backend.budget = {
    responseTimeP95Seconds: { target: 0.081, warning: 0.082, critical: 0.083 },
    responseTimeP99Seconds: { target: 0.2, warning: 0.25, critical: 0.3 },
  };
};

describe("checks of a stack file", () => {
  for (const stack of ["production", "staging", "local"]) {
    it(`ask of each cache of ${stack} for the memory that its plan needs`, () => {
      const plan = planOf(shippedConfig(stack));
      for (const name of Object.keys(plan.caches)) {
        const { needed } = redisOf(plan, name);
        const limited =
          (memoryLimitMiB: number): Change =>
          (file) =>
            (file["caches"][name].memoryLimitMiB = memoryLimitMiB);
        assert.deepEqual(said(stack, limited(needed.value)), [], name);
        assert.deepEqual(said(stack, limited(needed.value - 1)), [
          `caches.${name}.memoryLimitMiB: got ${needed.value - 1}; allowed is at least ${needed.value} = ${needed.formula} (MiB)`,
        ]);
      }
    });
  }

  for (const variant of ["aws with Atlas", "gcp with Atlas"]) {
    it(`ask for the tier that the plan begins with, ${variant}`, () => {
      const changes = VARIANTS[variant] ?? [];
      const { database } = planOf(shippedConfig("production", ...changes));
      assert.equal(database?.kind, "atlas");
      const smallest = database.plan.numbers.smallestTier.value;
      const from = (min: string): string[] =>
        said("production", ...changes, (file) => (file["database"].instanceSizes = { min }));
      assert.deepEqual(from(smallest), []);
      const lines = from("M30");
      assert.ok(lines.length > 0);
      for (const line of lines) {
        assert.ok(
          line.startsWith(`database.instanceSizes.min: got "M30"; allowed is ${smallest} or larger`),
          line,
        );
      }
    });
  }

  /** The same change of what was read, for a plan of what the checks refuse. */
  function refused(...changes: readonly Change[]): StackPlan {
    const config = structuredClone(shippedConfig("production")) as StackFile;
    for (const change of changes) change(config);
    config["services"].backend.calls = {};
    return planOf(config as unknown as StackConfig);
  }

  it("count connections with the proxy in front, and without where there is none", () => {
    const counted = [[crowd], [crowd, withoutProxy]].map((changes) => {
      const needed = neededClients(refused(...changes).caches["redis-cache"]?.users ?? []).value;
      const lines = said("production", ...changes).filter((line) => line.startsWith("caches.redis-cache:"));
      assert.equal(lines.length, 1, said("production", ...changes).join("\n"));
      assert.match(lines[0] ?? "", new RegExp(`^caches\\.redis-cache: got ${needed};`));
      return needed;
    });
    assert.notEqual(counted[0], counted[1]);
  });
});
