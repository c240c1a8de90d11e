/** Rules of a database over several of its settings. Pure: the stack file and the components ask them. */
import type { PerformanceBudget } from "../core/performance-budget";
import { show, type Issue } from "../core/issues";
import type { SettingPath } from "../core/settings";
import { show as withUnit } from "../core/format";
import {
  atlasNodes,
  atlasTierRange,
  largestTierRequirements,
  smallestTierRequirements,
  unmet,
  type AtlasLoad,
} from "./atlas";
import { atlasLoad, chosenTiers, type AtlasInputs } from "./atlas-plan";
import { PRIVATE_ENDPOINT_NODES, atlasTiers, type AtlasTier } from "./atlas-tiers";

/** The working set is a part of the data. */
export function workingSetIssues({
  dataGiB,
  workingSetGiB,
}: {
  readonly dataGiB: number;
  readonly workingSetGiB: number;
}): Issue[] {
  if (workingSetGiB <= dataGiB) return [];
  return [
    {
      path: ["workingSetGiB"],
      got: show(workingSetGiB),
      allowed: `at most dataGiB, ${dataGiB} (GiB)`,
      fix: "The working set is a part of the data.",
    },
  ];
}

/** No query may take longer than the budget promises. @param path of its querySeconds */
export function queryTimeIssues(
  path: SettingPath,
  querySeconds: number,
  { databaseQuerySeconds }: Pick<PerformanceBudget, "databaseQuerySeconds">,
): Issue[] {
  if (querySeconds <= databaseQuerySeconds.target) return [];
  return [
    {
      path,
      got: show(querySeconds),
      allowed: `at most ${databaseQuerySeconds.target} (seconds), the budget's query time`,
      fix: "Make the queries cheaper, or loosen databaseQuerySeconds of the budget.",
    },
  ];
}

/** Bounds of Atlas's auto-scaling that were given below the proof, or a load that no tier carries. */
export function atlasIssues(inputs: AtlasInputs): Issue[] {
  return [...endpointIssues(inputs), ...tierIssues(inputs)];
}

function endpointIssues(inputs: AtlasInputs): Issue[] {
  const { cloud, shards, readReplicas, analyticsNodes } = inputs;
  const [nodes, most] = [atlasNodes(inputs), PRIVATE_ENDPOINT_NODES[cloud]];
  if (nodes <= most) return [];
  return [
    {
      path: ["shards"],
      got: show(shards),
      allowed:
        `at most ${most} nodes that a private endpoint of ${cloud} reaches, and these are ` +
        `${shards} * (3 + ${readReplicas} + ${analyticsNodes}) = ${nodes}`,
      fix: "Use fewer shards, read replicas or analytics nodes.",
    },
  ];
}

function tierIssues(inputs: AtlasInputs): Issue[] {
  const load = atlasLoad(inputs);
  const tiers = atlasTiers(load.cloud, load.region);
  const { min, max } = inputs.instanceSizes ?? {};
  const unknown = Object.entries({ min, max }).filter(
    ([, name]) => name !== undefined && !tiers.some((tier) => tier.name === name),
  );
  if (unknown.length > 0) {
    return unknown.map(([bound, name]) => ({
      path: ["instanceSizes", bound],
      got: show(name),
      allowed: `one of ${tiers.map((tier) => tier.name).join(", ")}`,
      fix: "Choose a tier of the general class, or leave it out.",
    }));
  }
  const { smallest, largest } = chosenTiers(inputs, load);
  const lower = smallest ?? tiers.at(-1);
  const upper = largest ?? tiers.at(-1);
  if (lower === undefined || upper === undefined) return [];
  const range = atlasTierRange(load);
  const found = boundIssues({ bound: "min", load, tier: lower, given: min, becomes: range.smallest });
  if (smallest === undefined || found.length > 0) return found;
  if (tiers.indexOf(upper) < tiers.indexOf(lower)) {
    return [
      {
        path: ["instanceSizes", "max"],
        got: show(upper.name),
        allowed: `${lower.name} or larger`,
        fix: "The largest tier is not below the smallest.",
      },
    ];
  }
  return boundIssues({ bound: "max", load, tier: upper, given: max, becomes: range.largest });
}

interface Bound {
  readonly bound: "min" | "max";
  readonly load: AtlasLoad;
  /** The tier that is checked. */
  readonly tier: AtlasTier;
  /** Its name, if it was given. */
  readonly given: string | undefined;
  /** The tier that it becomes when it is left out. */
  readonly becomes: AtlasTier | undefined;
}

function boundIssues({ bound, load, tier, given, becomes }: Bound): Issue[] {
  const requirements = bound === "min" ? smallestTierRequirements(load) : largestTierRequirements(load);
  const least = atlasTiers(load.cloud, load.region).find((one) => unmet(requirements, one).length === 0);
  return unmet(requirements, tier).map(({ name, unit, needed, of, key, fix }) => {
    const has = `${tier.name} has ${withUnit(of(tier), unit)} (${name}), and ${withUnit(needed, unit)} are needed`;
    if (given !== undefined && least !== undefined && becomes !== undefined) {
      return {
        path: ["instanceSizes", bound],
        got: show(given),
        allowed: `${least.name} or larger: ${has}`,
        fix: `Raise it, or leave it out and it becomes ${becomes.name}.`,
      };
    }
    const got = key === "users" ? load.expectedClients : load[key as "dataGiB"];
    return {
      path: [key],
      got: show(got),
      allowed: `what the largest tier of ${load.region} carries: ${has}`,
      fix,
    };
  });
}
