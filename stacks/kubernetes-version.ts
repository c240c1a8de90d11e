/** Whether the cluster is new enough for what is written for it. */
import { execFile } from "node:child_process";

import * as pulumi from "@pulumi/pulumi";

/**
 * Kubernetes 1.30: the first with `preStop.sleep`, metrics of one container and `unhealthyPodEvictionPolicy` in every
 * cluster. An older one refuses the workloads, or drops the fields and says nothing.
 */
const LEAST = { major: 1, minor: 30 } as const;

/** How long the cluster is waited for, seconds. One that does not answer is none as far as a preview is concerned. */
const PATIENCE_SECONDS = 5;

/**
 * What is wrong with the version of a cluster, or undefined.
 *
 * @param answer what `kubectl version --output=json` printed
 */
export function versionProblem(answer: string): string | undefined {
  const version = serverVersion(answer);
  const found = /^v?(\d+)\.(\d+)/.exec(version ?? "");
  if (version === undefined || found === null) return undefined;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major > LEAST.major || (major === LEAST.major && minor >= LEAST.minor)) return undefined;
  return (
    `retrofitlink:cluster: got a cluster with Kubernetes ${version}; allowed is ${LEAST.major}.${LEAST.minor} or later. ` +
    "Upgrade it, or name the context of another one in retrofitlink:cluster.kubeContext."
  );
}

function serverVersion(answer: string): string | undefined {
  try {
    const { serverVersion: server } = JSON.parse(answer) as { serverVersion?: { gitVersion?: string } };
    return server?.gitVersion;
  } catch {
    return undefined;
  }
}

/**
 * Asks the cluster for its version, with the kubeconfig that the stack is deployed with. Without `kubectl`, or without a
 * cluster that answers, nothing is known and nothing refused.
 *
 * @param context of the kubeconfig. @default the current one
 * @param kubectl the program to ask with
 * @throws pulumi.RunError when the cluster is too old
 */
export async function refuseOldCluster(context?: string, kubectl = "kubectl"): Promise<void> {
  const named = context === undefined ? [] : ["--context", context];
  const args = ["version", "--output=json", `--request-timeout=${PATIENCE_SECONDS}s`, ...named];
  const answer = await new Promise<string>((resolve) => {
    execFile(kubectl, args, { timeout: PATIENCE_SECONDS * 1000 }, (_error, stdout) => {
      resolve(stdout);
    });
  });
  const problem = versionProblem(answer);
  if (problem !== undefined) throw new pulumi.RunError(problem);
}
