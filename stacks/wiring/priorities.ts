import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

import { PRIORITIES, priorityClassName, type PriorityTier } from "../../components/shared/priorities";
import type { StackConfig } from "../stack-file/config";
import { asksItself } from "./monitoring";

/** Names of the PriorityClasses of a stack, by the label `app.kubernetes.io/component` of the pods. */
export type PriorityClasses = Partial<Record<PriorityTier, pulumi.Output<string>>>;

/** The tiers that a stack has pods of. */
function tiersOf(config: StackConfig): PriorityTier[] {
  const { caches, database, loadBalancer } = config;
  const inCluster = Object.values(caches).filter(({ kind }) => kind === undefined || kind === "in-cluster");
  const has: Readonly<Record<PriorityTier, boolean>> = {
    session: inCluster.some(({ purpose }) => purpose === "session"),
    database: database?.kind === "percona",
    cache: inCluster.some(({ purpose }) => purpose === "cache"),
    "load-balancer": loadBalancer !== undefined,
    service: true,
    monitoring: asksItself(config),
    "data-model": database !== undefined,
  };
  return (Object.keys(PRIORITIES) as PriorityTier[]).filter((tier) => has[tier]);
}

/** One class for each tier of the stack; none where the stack file says that the program may not make them. */
export function createPriorityClasses(
  config: StackConfig,
  options: pulumi.CustomResourceOptions,
): PriorityClasses {
  if (!config.cluster.priorityClasses) return {};
  return Object.fromEntries(
    tiersOf(config).map((tier) => [
      tier,
      new k8s.scheduling.v1.PriorityClass(
        `priority-${tier}`,
        {
          metadata: {
            name: priorityClassName(config.environment, tier),
            labels: { "app.kubernetes.io/part-of": "retrofitlink", "app.kubernetes.io/managed-by": "pulumi" },
          },
          value: PRIORITIES[tier],
          description: `RetroFitLink ${config.environment}: ${tier}`,
        },
        options,
      ).metadata.name,
    ]),
  );
}
