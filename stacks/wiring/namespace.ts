import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

import { lateError } from "../../components/shared/issues";
import { publicLoadBalancerLabels } from "./public-load-balancer";
import type { StackConfig } from "../stack-file/config";

/** The namespace of the stack: made here, or one that was there before and stays when the stack goes. */
export function createNamespace(
  config: StackConfig,
  options: pulumi.CustomResourceOptions,
): k8s.core.v1.Namespace {
  const { namespace: name, createNamespace: isMadeHere } = config.cluster;
  const needed = publicLoadBalancerLabels(config);
  if (isMadeHere) {
    return new k8s.core.v1.Namespace(
      "namespace",
      {
        metadata: {
          name,
          // Every component passes the strictest of the Pod Security Standards.
          labels: { "pod-security.kubernetes.io/enforce": "restricted", ...needed },
        },
      },
      options,
    );
  }
  // A look-up: the preview ends here when the namespace is not there.
  const found = k8s.core.v1.Namespace.get("namespace", name, options);
  found.metadata.apply((metadata) => refuseWithout(needed, metadata?.labels ?? {}, name));
  return found;
}

/** @throws pulumi.RunError when the namespace lacks a label without which pods never take requests */
function refuseWithout(
  needed: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
  name: string,
): void {
  const missing = Object.entries(needed).filter(([key, value]) => labels[key] !== value);
  if (missing.length === 0) return;
  const text = missing.map(([key, value]) => `${key}=${value}`).join(" ");
  throw lateError(
    `retrofitlink:cluster.createNamespace: got false; allowed is a namespace with the label ${text}. ` +
      `Run \`kubectl label namespace ${name} ${text}\`.`,
  );
}
