/** Rules of a stack file with a database by Atlas that look at the cluster as well. */
import { issue, type Issue } from "../../budget/core/issues";
import { NO_CLIENT_CIDRS } from "../../budget/database/settings";
import { atlasRegion, regionsOfAtlas } from "../../budget/database/atlas-regions";
import { DEFAULT_BUDGET, mergeBudget } from "../../budget/core/performance-budget";
import type { DatabaseUser } from "../../budget/database/mongodb";
import { atlasIssues } from "../../budget/database/rules";
import { DATABASE_NAME } from "../../plan/plan-database";
import { databaseUsers, planServices, type ServicesInputs } from "../../plan/plan-stack";
import { CATALOGUE } from "../../product/data-model/catalogue";
import type { StackConfig } from "./schema/stack";

/** What is sound by itself of a stack. */
export interface AtlasParts extends Pick<StackConfig, "services" | "budget"> {
  readonly cluster?: StackConfig["cluster"] | undefined;
  readonly database?: StackConfig["database"];
  /** The service behind the proxy. */
  readonly loadBalancer?: { readonly service: string } | undefined;
}

export function atlasKeyIssues(config: AtlasParts): Issue[] {
  const { cluster, database } = config;
  if (database?.kind !== "atlas" || cluster === undefined) return [];
  const { cloud } = cluster;
  if (cloud === "local") {
    return [
      issue(["database", "kind"], "atlas", {
        allowed: '"percona" where cluster.cloud is "local"',
        fix: "Atlas runs in a cloud, and a private endpoint of that cloud leads to it: choose percona here.",
      }),
    ];
  }
  const issues: Issue[] = [];
  if (atlasRegion(cloud, cluster.region) === undefined) {
    issues.push(
      issue(["cluster", "region"], cluster.region, {
        allowed: `a region that Atlas has: ${regionsOfAtlas(cloud).join(", ")}`,
        fix: "Choose one of them, or percona as database.kind.",
      }),
    );
  }
  const given = database.clientCidrs.length > 0;
  if (cloud === "aws" && !given) {
    issues.push(issue(["database", "clientCidrs"], undefined, NO_CLIENT_CIDRS));
  }
  if (cloud === "gcp" && given) {
    issues.push(
      issue(["database", "clientCidrs"], database.clientCidrs, {
        allowed: "nothing on gcp, whose endpoints have no list of addresses",
        fix: "Remove the key; the network's own firewall rules decide there.",
      }),
    );
  }
  return issues.length > 0 ? issues : tierIssues(config, cluster, database);
}

/** Bounds that were given too small, and a load that no tier carries: what the component would refuse. */
function tierIssues(
  { services, budget, loadBalancer }: AtlasParts,
  cluster: StackConfig["cluster"],
  database: Extract<StackConfig["database"], { kind: "atlas" }>,
): Issue[] {
  const users = usersOf({ services, budget, cluster, loadBalancer });
  const region = cluster.cloud === "local" ? undefined : atlasRegion(cluster.cloud, cluster.region);
  if (users === undefined || cluster.cloud === "local" || region === undefined) return [];
  const issues = atlasIssues({
    ...database,
    database: DATABASE_NAME,
    cloud: cluster.cloud,
    region,
    users,
    budget: mergeBudget(DEFAULT_BUDGET, budget),
    retentionDays: database.backup.retentionDays,
    dataModel: CATALOGUE,
  });
  // What the services open is decided where they are.
  return issues.map((issue) => ({
    ...issue,
    path: issue.path[0] === "users" ? ["services"] : ["database", ...issue.path],
  }));
}

/** Who queries the database, at their largest; undefined when a service has no plan, which is a mistake of its own. */
function usersOf(inputs: ServicesInputs): DatabaseUser[] | undefined {
  try {
    return databaseUsers(inputs, planServices(inputs));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
