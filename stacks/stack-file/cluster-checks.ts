/** Rules about where a stack runs, and about names that its cloud has to take. */
import { issue, type Issue, issuesOf, nearest, within } from "../../budget/core/issues";
import type { SettingPath } from "../../budget/core/settings";
import { managedCacheName } from "../../budget/caching/settings";

import { AWS_REGIONS, GCP_REGIONS, gcpZones, isOtherPartition } from "./regions";
import type { ClusterConfig } from "./schema/stack";

/** What is sound by itself. */
export interface ClusterParts {
  readonly cluster: ClusterConfig | undefined;
  /** `kind` of each cache as it was given. */
  readonly cacheKinds: Readonly<Record<string, unknown>>;
}

export function clusterIssues({ cluster, cacheKinds }: ClusterParts): Issue[] {
  const names = cacheNameIssues(cacheKinds);
  if (cluster === undefined || cluster.cloud === "local") return names;
  return cluster.cloud === "aws"
    ? [
        ...names,
        ...awsRegionIssues(cluster.region),
        ...subnetIssues(["cluster", "subnetIds"], cluster.subnetIds, cluster.zones),
      ]
    : [...names, ...gcpRegionIssues(cluster)];
}

function awsRegionIssues(region: string): Issue[] {
  if (isOtherPartition(region)) {
    return [
      issue(["cluster", "region"], region, {
        allowed: "a region of AWS outside China, the government's clouds and the European Sovereign Cloud",
        fix: "Choose another region: those are clouds by themselves, without half of what is used here.",
      }),
    ];
  }
  return unknownRegion(region, AWS_REGIONS, "AWS");
}

function gcpRegionIssues({ region, zones }: Extract<ClusterConfig, { cloud: "gcp" }>): Issue[] {
  const unknown = unknownRegion(region, GCP_REGIONS, "Google Cloud");
  const there = gcpZones(region);
  if (unknown.length > 0 || zones <= there.length) return unknown;
  return [
    issue(["cluster", "zones"], zones, {
      allowed: `at most ${there.length}, the zones of ${region}`,
      fix: "Nodes are in fewer zones than that: count again.",
    }),
  ];
}

function unknownRegion(region: string, known: readonly string[], cloud: string): Issue[] {
  if (known.includes(region)) return [];
  const near = nearest(region, known);
  return [
    issue(["cluster", "region"], region, {
      allowed: `a region of ${cloud}: ${known.join(", ")}`,
      fix: near === undefined ? "Give the cluster's region." : `Did you mean "${near}"?`,
    }),
  ];
}

/** Zones without a subnet get nothing: no target of a load balancer, no member of a managed cache. */
export function subnetIssues(path: SettingPath, subnetIds: readonly string[], zones: number): Issue[] {
  const needed = Math.max(2, zones);
  const different = new Set(subnetIds).size;
  if (different === subnetIds.length && different >= needed) return [];
  return [
    {
      path,
      got: different < subnetIds.length ? "a subnet twice" : `${different} subnets`,
      allowed: `at least ${needed} different subnets, for cluster.zones is ${zones}`,
      fix: "Give one subnet for each zone.",
    },
  ];
}

function cacheNameIssues(cacheKinds: Readonly<Record<string, unknown>>): Issue[] {
  return Object.entries(cacheKinds).flatMap(([name, kind]) =>
    kind === "elasticache" || kind === "memorystore"
      ? within(["caches", name], issuesOf(managedCacheName, name))
      : [],
  );
}
