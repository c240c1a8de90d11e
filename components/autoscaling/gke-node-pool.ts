import * as container from "@pulumi/gcp/container";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { assertValid } from "../shared/issues";
import { transformed, type Transform } from "../shared/transform";
import { boundIssues } from "./scaling-metrics";

/** Arguments of `GkeNodePool`. */
export interface GkeNodePoolArgs {
  readonly project: string;
  /** Region, or zone, of the cluster. */
  readonly location: string;
  readonly cluster: pulumi.Input<string>;
  readonly machineType: string;
  /** Bounds over all zones together, nodes, whole numbers >= 1, `min` <= `max`. */
  readonly min: number;
  readonly max: number;
  /** Machines that Google may take back at 30 seconds' notice. @default false */
  readonly spot?: boolean;
  /** `BALANCED` keeps zones even, which a lost zone is planned with; `ANY` takes what there is, for spot. @default by `spot` */
  readonly locationPolicy?: "BALANCED" | "ANY";
  readonly transform?: { readonly nodePool?: Transform<container.NodePoolArgs> };
}

/**
 * A pool of nodes whose number GKE's own autoscaler decides. A Cluster Autoscaler of one's own has no business there.
 *
 * Cost: between `min` and `max` nodes of `machineType`.
 */
export class GkeNodePool extends pulumi.ComponentResource {
  readonly nodePool: container.NodePool;

  constructor(name: string, args: GkeNodePoolArgs, opts?: pulumi.ComponentResourceOptions) {
    const { project, location, cluster, machineType, min, max, spot = false, transform = {} } = args;
    assertValid("GkeNodePool", name, boundIssues(min, max));
    super(COMPONENT_TYPES.gkeNodePool, name, {}, opts);
    this.nodePool = new container.NodePool(
      ...transformed<container.NodePoolArgs>(
        transform.nodePool,
        name,
        {
          name,
          project,
          location,
          cluster,
          autoscaling: {
            totalMinNodeCount: min,
            totalMaxNodeCount: max,
            locationPolicy: args.locationPolicy ?? (spot ? "ANY" : "BALANCED"),
          },
          management: { autoRepair: true, autoUpgrade: true },
          // A node is there before another goes.
          upgradeSettings: { strategy: "SURGE", maxSurge: 1, maxUnavailable: 0 },
          nodeConfig: {
            machineType,
            spot,
            oauthScopes: ["https://www.googleapis.com/auth/cloud-platform"],
            workloadMetadataConfig: { mode: "GKE_METADATA" },
            shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
          },
        },
        // How many there are now is the autoscaler's.
        { parent: this, ignoreChanges: ["nodeCount", "initialNodeCount"] },
      ),
    );
    this.registerOutputs({});
  }
}
