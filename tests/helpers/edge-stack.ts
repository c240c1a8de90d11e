/** A stack of what a request passes before the cluster, in the life of which the CDN changes. */
import assert from "node:assert/strict";
import { join } from "node:path";

import { ROOT } from "../../cli/paths";
import type { StackRun } from "../../engine/stack";
import { CLUSTERS, cdnStackFile, type Provider } from "./cdn";
import { Project, operations } from "./engine";

const from = (path: string): string => JSON.stringify(join(ROOT, path));

/** The way of a request as far as clouds have a part in it: load balancer and CDN. One stack, whatever the file says. */
export function edgeStack(raw: object): Project {
  return new Project("edge-life").program(`
    import { preparePublicLoadBalancer } from ${from("stacks/wiring/public-load-balancer")};
    import { parseStackConfig } from ${from("stacks/stack-file/config")};
    import { createEdge } from ${from("stacks/wiring/edge")};
    import { planStack } from ${from("plan/plan-stack")};
    const { config, issues: problems } = parseStackConfig(${JSON.stringify(raw)});
    if (config === undefined) throw new Error(JSON.stringify(problems));
    const provider = new k8s.Provider("cluster", {});
    const metadata = { name: config.cluster.namespace };
    const namespace = new k8s.core.v1.Namespace("namespace", { metadata }, { provider });
    const prepared = preparePublicLoadBalancer(config, planStack(config), { provider, dependsOn: [namespace] });
    createEdge(config, planStack(config), prepared?.origin, {});
  `);
}

/** Its file: behind one CDN, or behind none. */
export function edgeStackFile(provider: Provider | "none"): Record<string, any> {
  const raw = cdnStackFile(provider === "none" ? "cloudfront" : provider);
  raw["cluster"] = { ...CLUSTERS.aws, namespace: "edge-life" };
  raw["loadBalancer"].public.aws.controller = "present";
  if (provider === "none") {
    delete raw["cdn"];
    raw["loadBalancer"].public.sources = "internet";
  }
  return raw;
}

/** What happens to each resource. @throws AssertionError when the run failed */
export function succeeded(run: StackRun): Set<string> {
  assert.deepEqual([run.errors, run.succeeded], [[], true]);
  return new Set(operations(run));
}

/** Resources in the engine's state: name to what becomes of it when it leaves the stack. */
export function kept(project: Project): string[] {
  const { checkpoint } = JSON.parse(project.state()) as {
    checkpoint: { latest: { resources: { urn: string; retainOnDelete?: boolean }[] } };
  };
  return checkpoint.latest.resources
    .filter(({ retainOnDelete }) => retainOnDelete === true)
    .map(({ urn }) => urn.split("::").pop() ?? "")
    .sort();
}

/** Names of the resources in the engine's state that match. */
export const names = (project: Project, pattern: RegExp): string[] =>
  [...project.state().matchAll(/"urn": ?"([^"]*)"/g)]
    .map(([, urn = ""]) => urn.split("::").pop() ?? "")
    .filter((name) => pattern.test(name));
