/** Rules of a stack file with a database by Atlas that look at the cluster as well. */
import { atlasRegion, regionsOfAtlas } from "../../budget/database/atlas-regions";
import { show, type ConfigProblem } from "./config-problems";
import type { StackConfig } from "./schema/stack";

/** @param config what is sound by itself of the two blocks */
export function atlasMistakes({
  cluster,
  database,
}: {
  readonly cluster?: StackConfig["cluster"] | undefined;
  readonly database?: StackConfig["database"];
}): ConfigProblem[] {
  if (database?.kind !== "atlas" || cluster === undefined) return [];
  const { cloud } = cluster;
  if (cloud === "local") {
    return [
      {
        path: ["database", "kind"],
        got: show("atlas"),
        allowed: '"percona" where cluster.cloud is "local"',
        fix: "Atlas runs in a cloud, and a private endpoint of that cloud leads to it: choose percona here.",
      },
    ];
  }
  const problems: ConfigProblem[] = [];
  if (atlasRegion(cloud, cluster.region) === undefined) {
    problems.push({
      path: ["cluster", "region"],
      got: show(cluster.region),
      allowed: `a region that Atlas has: ${regionsOfAtlas(cloud).join(", ")}`,
      fix: "Choose one of them, or percona as database.kind.",
    });
  }
  const given = database.clientCidrs.length > 0;
  if (cloud === "aws" && !given) {
    problems.push({
      path: ["database", "clientCidrs"],
      got: "nothing",
      allowed: "at least one IPv4 range of at least 8 bits, like 10.0.0.0/16",
      fix: "Give the addresses of the pods that connect; the private endpoint lets nobody else in.",
    });
  }
  if (cloud === "gcp" && given) {
    problems.push({
      path: ["database", "clientCidrs"],
      got: show(database.clientCidrs),
      allowed: "nothing on gcp, whose endpoints have no list of addresses",
      fix: "Remove the key; the network's own firewall rules decide there.",
    });
  }
  return problems;
}
