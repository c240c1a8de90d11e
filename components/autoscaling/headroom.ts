import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { issue, pathOf, type Issue } from "../../budget/core/issues";
import {
  commonLabels,
  restrictedContainer,
  restrictedPod,
  spreadOverZonesAndNodes,
} from "../shared/kubernetes";
import { assertValid } from "../shared/issues";
import { transformed, type Transform } from "../shared/transform";
import { IMAGES } from "../shared/versions";

/**
 * Priority of pods that only keep room. The Cluster Autoscaler adds nodes for pods down to this priority
 * (`--expendable-pods-priority-cutoff`), and for none below.
 */
export const PAUSE_PRIORITY = -10;

/** Numeric user of the pause image. */
const PAUSE_USER = 65_535;

/** Arguments of `Headroom`. */
export interface HeadroomArgs {
  /** Name of the Deployment that the room is for. */
  readonly workload: pulumi.Input<string>;
  readonly namespace: pulumi.Input<string>;
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * `capacity-buffer` where the node autoscaler knows CapacityBuffer (Cluster Autoscaler 1.35, Karpenter 1.14 with its feature
   * switched on): it follows the replicas. `pause-pods` everywhere: as many as at the most replicas. @default "pause-pods"
   */
  readonly kind?: "capacity-buffer" | "pause-pods";
  /** Share of the replicas, whole percents, >= 1. */
  readonly percent: number;
  /** Pods that are kept room for at most, whole number >= 1. */
  readonly pods: number;
  /** What a pod requests. */
  readonly resources: { readonly cpuCores: number; readonly memoryMiB: number };
  /** Name of a PriorityClass of negative priority. @default one is made, which takes the right to make it */
  readonly priorityClassName?: pulumi.Input<string>;
  /** Name of the Deployment of pause pods. @default `<name>` */
  readonly app?: string;
  readonly transform?: {
    readonly buffer?: Transform<k8s.apiextensions.CustomResourceArgs>;
    readonly priorityClass?: Transform<k8s.scheduling.v1.PriorityClassArgs>;
    readonly deployment?: Transform<k8s.apps.v1.DeploymentArgs>;
  };
}

/** What is wrong with the arguments. */
export function headroomIssues({ percent, pods }: HeadroomArgs): Issue[] {
  const given = { percent, pods };
  return (["percent", "pods"] as const).flatMap((property) =>
    Number.isInteger(given[property]) && given[property] >= 1
      ? []
      : [
          issue(pathOf(property), given[property], {
            allowed: "a whole number from 1 on",
            fix: "Leave the component out where no room is needed.",
          }),
        ],
  );
}

/**
 * Room on nodes that are there, for the pods that the growth of a load asks for while a new node starts. Pods of a service
 * push pause pods aside at once, and the node autoscaler makes room for these.
 *
 * Trap: nothing may have a lower priority than a pause pod and still count on nodes being added for it.
 *
 * Cost: `pods` times `resources`, all the time.
 */
export class Headroom extends pulumi.ComponentResource {
  readonly buffer: k8s.apiextensions.CustomResource | undefined;
  readonly priorityClass: k8s.scheduling.v1.PriorityClass | undefined;
  readonly deployment: k8s.apps.v1.Deployment | undefined;

  constructor(name: string, args: HeadroomArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("Headroom", name, headroomIssues(args));
    super(COMPONENT_TYPES.headroom, name, {}, opts);
    const child = { parent: this, ...(opts?.dependsOn === undefined ? {} : { dependsOn: opts.dependsOn }) };
    const { transform = {} } = args;
    if (args.kind === "capacity-buffer") {
      this.buffer = new k8s.apiextensions.CustomResource(
        ...transformed<k8s.apiextensions.CustomResourceArgs>(
          transform.buffer,
          `${name}-buffer`,
          capacityBuffer(args),
          child,
        ),
      );
    } else {
      const app = args.app ?? name;
      if (args.priorityClassName === undefined) {
        this.priorityClass = new k8s.scheduling.v1.PriorityClass(
          ...transformed<k8s.scheduling.v1.PriorityClassArgs>(
            transform.priorityClass,
            `${name}-priority`,
            headroomPriorityClass(app),
            child,
          ),
        );
      }
      const priority = args.priorityClassName ?? this.priorityClass?.metadata.name ?? app;
      this.deployment = new k8s.apps.v1.Deployment(
        ...transformed<k8s.apps.v1.DeploymentArgs>(
          transform.deployment,
          `${name}-pause`,
          pauseDeployment(app, args, priority),
          child,
        ),
      );
    }
    this.registerOutputs({});
  }
}

/** The smaller of share and limit counts, whatever the replicas are. */
function capacityBuffer(args: HeadroomArgs): k8s.apiextensions.CustomResourceArgs {
  const { workload, namespace, labels, percent, pods, resources } = args;
  return {
    apiVersion: "autoscaling.x-k8s.io/v1beta1",
    kind: "CapacityBuffer",
    metadata: { name: workload, namespace, ...(labels === undefined ? {} : { labels }) },
    spec: {
      scalableRef: { apiGroup: "apps", kind: "Deployment", name: workload },
      percentage: percent,
      limits: { cpu: `${cores(pods * resources.cpuCores)}`, memory: `${pods * resources.memoryMiB}Mi` },
      provisioningStrategy: "buffer.x-k8s.io/active-capacity",
    },
  };
}

const cores = (value: number): number => Number(value.toFixed(3));

/** The class of pods that only keep room. @param name of the class, which is the cluster's */
export function headroomPriorityClass(name: string): k8s.scheduling.v1.PriorityClassArgs {
  return {
    metadata: { name, labels: commonLabels(name, "headroom") },
    value: PAUSE_PRIORITY,
    // They are pushed aside, and push nobody.
    preemptionPolicy: "Never",
    globalDefault: false,
    description: "Room for pods while a node starts.",
  };
}

function pauseDeployment(
  app: string,
  { namespace, pods, resources }: HeadroomArgs,
  priorityClassName: pulumi.Input<string>,
): k8s.apps.v1.DeploymentArgs {
  const labels = commonLabels(app, "headroom");
  const memory = `${resources.memoryMiB}Mi`;
  return {
    // They may be waiting for a node for ever, and nothing waits for them.
    metadata: { name: app, namespace, labels, annotations: { "pulumi.com/skipAwait": "true" } },
    spec: {
      replicas: pods,
      selector: { matchLabels: { app } },
      template: {
        metadata: { labels },
        spec: {
          priorityClassName,
          // Room is needed at once.
          terminationGracePeriodSeconds: 0,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: restrictedPod(PAUSE_USER),
          topologySpreadConstraints: spreadOverZonesAndNodes(app),
          containers: [
            {
              name: "pause",
              image: IMAGES.pause,
              resources: { requests: { cpu: `${resources.cpuCores}`, memory }, limits: { memory } },
              securityContext: restrictedContainer(),
            },
          ],
        },
      },
    },
  };
}
