import assert from "node:assert/strict";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import type { ServiceSummary } from "../../budget/service/summary";
import type { Waiver } from "../../budget/core/waivers";
import { PolicyPackProcess, UNKNOWN, urnOf, type TestResource, type Verdict } from "../helpers/policy-pack";
import { databaseSummary, serviceSummary } from "../unit/delivery/fixtures/stack-run";

const SERVICE: ServiceSummary = serviceSummary("backend", { databasePool: 4, cachePools: {} });
const DATABASE = databaseSummary([SERVICE]);

/** The database with another limit than its plan has. */
const admitting = (value: unknown): object => ({
  ...DATABASE,
  numbers: { ...DATABASE.numbers, maxClients: { ...DATABASE.numbers.maxClients, value } },
});

/** A service and its database, of either kind or none, in the order in which the engine registers them. */
function stack(
  database: object | undefined,
  options: { readonly waivers?: readonly Waiver[]; readonly type?: string } = {},
): TestResource[] {
  const { waivers = [], type = COMPONENT_TYPES.mongoDbCluster } = options;
  const platform = { type: COMPONENT_TYPES.platform, name: "platform" };
  const parent = urnOf(platform);
  return [
    { ...platform, props: { environment: "test", zones: 3, exposedService: "backend", waivers } },
    ...(database === undefined ? [] : [{ type, name: "mongodb", parent, props: database }]),
    { type: COMPONENT_TYPES.elasticService, name: "backend", parent, props: SERVICE },
  ];
}

describe("database-connections-within-limits", function () {
  this.timeout(90_000);
  let pack: PolicyPackProcess;

  beforeEach(async () => {
    pack = await PolicyPackProcess.start();
  });

  afterEach(() => pack.stop());

  const review = (...args: Parameters<typeof stack>): Promise<Verdict[]> => pack.review(stack(...args));

  it("has nothing against a database that was sized by the services of the stack", async () => {
    assert.deepEqual(await review(DATABASE), []);
  });

  it("refuses routers that turn clients away when all services are at their maximum", async () => {
    const [verdict, ...more] = await review(admitting(100));
    assert.deepEqual(more, []);
    assert.deepEqual([verdict?.policy, verdict?.level], ["database-connections-within-limits", "mandatory"]);
    assert.match(
      verdict?.message ?? "",
      /"mongodb" refuses connections when every service is at its maximum and rolls out\n100 connections admitted >= 168 does not hold \(backend: 28 pods \* 1 processes \* \(4 \+ 2\)\)\nchange: retrofitlink:database$/,
    );
  });

  it("judges a managed database by the same sum", async () => {
    const { statefulSets, ...managed } = admitting(107) as typeof DATABASE;
    assert.equal(statefulSets.length, 2);
    const verdicts = await review(managed, { type: COMPONENT_TYPES.atlasCluster });
    assert.equal(verdicts.length, 1);
    assert.match(verdicts[0]?.message ?? "", /107 connections admitted >= 168 does not hold/);
  });

  it("leaves it to the proofs of its plan what it carries", async () => {
    const verdicts = await review(databaseSummary([SERVICE], { cpuCores: 1 }));
    assert.deepEqual(
      verdicts.map(({ policy, level }) => [policy, level]),
      [["database-carries-load", "mandatory"]],
    );
    assert.match(
      verdicts[0]?.message ?? "",
      /a primary of "mongodb" answers the peak within the promised CPU: not kept\n1\.08 busy ≤ 1 core · 70 % = 0\.7 does not hold\nchange: retrofitlink:database\.cpuCores, or retrofitlink:database\.shards, or retrofitlink:database\.queriesPerCore$/,
    );
  });

  it("refuses a service that queries a database which is not in the stack", async () => {
    const [verdict] = await review(undefined);
    assert.match(
      verdict?.message ?? "",
      /"backend" queries a database, and there is none in the stack\nchange: retrofitlink:services\.backend\.database$/,
    );
  });

  it("says that it is not provable when a limit is not known yet", async () => {
    const verdicts = await review(admitting(UNKNOWN));
    assert.deepEqual(
      verdicts.map(({ policy, level }) => [policy, level]),
      [["not-provable", "advisory"]],
    );
  });

  it("lets a waived violation pass and keeps it in the report", async () => {
    const waivers: Waiver[] = [
      {
        policy: "database-connections-within-limits",
        resource: "mongodb",
        reason: "the larger tier comes on Friday",
        expires: "2999-12-31",
      },
    ];
    const verdicts = await review(admitting(100), { waivers });
    assert.deepEqual(
      verdicts.map(({ policy, level }) => [policy, level]),
      [["waivers-in-use", "advisory"]],
    );
  });
});
