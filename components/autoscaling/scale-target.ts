import * as pulumi from "@pulumi/pulumi";

/**
 * The replicas of one workload, of which there is one owner. Whoever makes the workload makes its target, leaves out
 * `spec.replicas`, and hands the target to one autoscaler.
 */
export class ScaleTarget {
  private owner: string | undefined;

  /** @param name of the workload, in the cluster */
  constructor(
    readonly kind: "Deployment" | "StatefulSet",
    readonly name: pulumi.Input<string>,
    readonly namespace: pulumi.Input<string>,
  ) {}

  /**
   * Makes an autoscaler the owner.
   *
   * @param owner as messages call it: `HorizontalAutoscaler "backend-autoscaler"`
   * @throws pulumi.RunError when there is one already: two would each undo what the other does
   */
  claim(owner: string): void {
    if (this.owner !== undefined) {
      throw new pulumi.RunError(
        `${owner} cannot be built: the replicas belong to ${this.owner}; allowed is one owner of a workload's ` +
          "replicas. Remove one of the two.",
      );
    }
    this.owner = owner;
  }

  /** `scaleTargetRef` of an autoscaler. */
  get reference(): { apiVersion: string; kind: string; name: pulumi.Input<string> } {
    return { apiVersion: "apps/v1", kind: this.kind, name: this.name };
  }
}
