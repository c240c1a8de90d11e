import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { transformed, type Transform } from "../shared/transform";

/** Arguments of `DisruptionBudget`. */
export interface DisruptionBudgetArgs {
  /** Name of the object: that of the workload. */
  readonly workload: pulumi.Input<string>;
  readonly namespace: pulumi.Input<string>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Labels of the pods. */
  readonly matchLabels: Readonly<Record<string, string>>;
  /** Pods that a drain may take at once, whole number >= 1. @default 1 */
  readonly maxUnavailable?: number;
  readonly transform?: { readonly disruptionBudget?: Transform<k8s.policy.v1.PodDisruptionBudgetArgs> };
}

/**
 * How many pods of a workload may be taken away on purpose at the same time.
 *
 * A number that may be missing never blocks a drain, whatever the replicas are, as a number that has to be there can. A
 * pod that is not ready anyway may always go.
 */
export class DisruptionBudget extends pulumi.ComponentResource {
  readonly disruptionBudget: k8s.policy.v1.PodDisruptionBudget;

  constructor(name: string, args: DisruptionBudgetArgs, opts?: pulumi.ComponentResourceOptions) {
    const { workload, namespace, labels, matchLabels, maxUnavailable = 1, transform = {} } = args;
    super(COMPONENT_TYPES.disruptionBudget, name, {}, opts);
    this.disruptionBudget = new k8s.policy.v1.PodDisruptionBudget(
      ...transformed<k8s.policy.v1.PodDisruptionBudgetArgs>(
        transform.disruptionBudget,
        name,
        {
          metadata: { name: workload, namespace, ...(labels === undefined ? {} : { labels }) },
          spec: { selector: { matchLabels }, maxUnavailable, unhealthyPodEvictionPolicy: "AlwaysAllow" },
        },
        { parent: this },
      ),
    );
    this.registerOutputs({});
  }
}
