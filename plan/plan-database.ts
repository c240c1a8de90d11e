/** The database's part of the plan of a stack. */
import type { PerformanceBudget } from "../budget/core/performance-budget";
import { planAtlas, type AtlasPlan } from "../budget/database/atlas-plan";
import { atlasRegion } from "../budget/database/atlas-regions";
import type { DatabaseUser } from "../budget/database/mongodb";
import { planDatabase, type DatabasePlan } from "../budget/database/plan";
import type { StackInputs } from "./stack-inputs";

/** The database of a stack, as messages call it and as its components are called. */
export const DATABASE_NAME = "mongodb";

/** Of either kind. */
export type PlannedDatabase =
  | { readonly kind: "percona"; readonly plan: DatabasePlan }
  | { readonly kind: "atlas"; readonly plan: AtlasPlan };

type OfKind<Kind extends PlannedDatabase["kind"]> = Extract<PlannedDatabase, { kind: Kind }>;

/** The planned database as one of a kind. @throws RangeError where there is none of that kind */
export function plannedOfKind<Kind extends PlannedDatabase["kind"]>(
  kind: Kind,
  planned: PlannedDatabase | undefined,
): OfKind<Kind> {
  const isOfKind = (one: PlannedDatabase): one is OfKind<Kind> => one.kind === kind;
  if (planned === undefined || !isOfKind(planned)) throw new RangeError(`no plan of a database of ${kind}`);
  return planned;
}

/** @throws RangeError for Atlas where it is not, which the checks of the stack file refuse before */
export function planStackDatabase(
  { cluster, database, dataModel }: StackInputs,
  budget: PerformanceBudget,
  users: readonly DatabaseUser[],
): PlannedDatabase | undefined {
  if (database === undefined) return undefined;
  const { retentionDays } = database.backup;
  const common = { database: DATABASE_NAME, users, budget, dataModel };
  if (database.kind === "percona") {
    // On a machine of one's own there is nowhere to put backups.
    const backupDays = cluster.cloud === "local" ? 0 : retentionDays;
    return {
      kind: "percona",
      plan: planDatabase({ ...database, ...common, zones: cluster.zones, backupDays }),
    };
  }
  const { cloud, region: given = "" } = cluster;
  const region = cloud === "local" ? undefined : atlasRegion(cloud, given);
  if (cloud === "local" || region === undefined) throw new RangeError(`Atlas is not in ${cloud} ${given}`);
  return {
    kind: "atlas",
    plan: planAtlas({
      ...database,
      ...common,
      cloud,
      region,
      retentionDays,
    }),
  };
}
