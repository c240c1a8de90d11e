/** What all workloads of a stack have, whichever component makes them. */
import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { StackContents } from "./pod-reads";

type PodSpec = k8s.types.input.core.v1.PodSpec;

/** A node and an image for the first pod of a rollout, seconds: the cluster may have to grow. */
const FIRST_POD_SECONDS = 300;

/** Scheduling and an image that is there already, for every further one; seconds. */
const NEXT_POD_SECONDS = 30;

/** What Pulumi waits anyway, seconds. */
const LEAST_SECONDS = 600;

/** The parts of a workload that a rollout takes its time from. */
export interface RolloutSpec {
  /** Pods that are replaced one after the other; a StatefulSet's. @default 1 */
  readonly replicas?: number;
  readonly minReadySeconds?: number;
  readonly strategy?: { readonly rollingUpdate?: { readonly maxSurge?: number | string } };
  readonly template?: {
    readonly spec?: {
      readonly terminationGracePeriodSeconds?: number;
      readonly containers?: readonly {
        readonly startupProbe?: {
          readonly initialDelaySeconds?: number;
          readonly periodSeconds?: number;
          readonly failureThreshold?: number;
        };
      }[];
    };
  };
}

/**
 * How long a good rollout may take, seconds, at least ten minutes: the first pod, then as many waves as the surge allows,
 * each as long as a start may take and the pod has to stay ready. A StatefulSet also waits for each old pod to end.
 */
export function rolloutSeconds(kind: "Deployment" | "StatefulSet", spec: RolloutSpec): number {
  const { replicas = 1, minReadySeconds = 0, strategy, template } = spec;
  const { containers = [], terminationGracePeriodSeconds = 30 } = template?.spec ?? {};
  const starts = containers.map(({ startupProbe: probe }) =>
    probe === undefined
      ? 0
      : (probe.initialDelaySeconds ?? 0) + (probe.periodSeconds ?? 10) * (probe.failureThreshold ?? 3),
  );
  const pod = NEXT_POD_SECONDS + Math.max(0, ...starts) + minReadySeconds;
  const share = Number.parseFloat(String(strategy?.rollingUpdate?.maxSurge ?? "25%")) / 100;
  const isShare = String(strategy?.rollingUpdate?.maxSurge ?? "25%").endsWith("%");
  const waves = isShare && share > 0 ? Math.ceil(1 / share) : 4;
  const all = kind === "Deployment" ? waves * pod : replicas * (pod + terminationGracePeriodSeconds);
  return Math.max(LEAST_SECONDS, FIRST_POD_SECONDS + all);
}

/** A pod without data of its own is replaced half a minute after its node is gone, and not after five. */
const TOLERATIONS: k8s.types.input.core.v1.Toleration[] = ["unreachable", "not-ready"].map((condition) => ({
  key: `node.kubernetes.io/${condition}`,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds: 30,
}));

/** Settings of a stack that concern every pod. */
export interface WorkloadDefaultsArgs {
  /** Secrets with which images are pulled. @default none: the images are public, or the nodes may pull them */
  readonly imagePullSecrets?: readonly string[];
  /** Name of a PriorityClass by the label `app.kubernetes.io/component` of the pods. @default none: all are alike */
  readonly priorityClasses?: Readonly<Record<string, pulumi.Input<string>>>;
}

/** Annotation of a pod with the digest of what it reads. */
export const READS_ANNOTATION = "checksum/reads";

/**
 * A transformation for the options of the components of a stack: pull secrets, a priority and a digest of all that it reads
 * for every pod, short tolerations for the pods of Deployments, and how long Pulumi waits for a rollout. What a component
 * sets itself stays. One for each stack: it remembers the Secrets and ConfigMaps that it saw.
 */
export function workloadDefaults({
  imagePullSecrets = [],
  priorityClasses = {},
}: WorkloadDefaultsArgs): pulumi.ResourceTransformation {
  const contents = new StackContents();
  const secrets = imagePullSecrets.map((name) => ({ name }));
  const pull = secrets.length === 0 ? {} : { imagePullSecrets: secrets };
  return ({ type, props, opts }) => {
    contents.note(type, props);
    const kind = type.split(":").pop();
    const args = props as k8s.apps.v1.DeploymentArgs;
    if (type === "kubernetes:apps/v1:Deployment" || type === "kubernetes:apps/v1:StatefulSet") {
      const stateless = kind === "Deployment" ? { tolerations: TOLERATIONS } : {};
      const spec = inPods(args.spec, { ...stateless, ...pull }, { contents, priorityClasses });
      return { props: { ...waitingFor(kind as "Deployment" | "StatefulSet", args), spec }, opts };
    }
    if (type === "kubernetes:batch/v1:Job") {
      return {
        props: { ...props, spec: inPods(args.spec, pull, { contents, priorityClasses }) },
        opts,
      };
    }
    // Its operator makes the pods.
    if (kind === "PerconaServerMongoDB") {
      return {
        props: { ...props, spec: inside(props["spec"] as object, (spec) => ({ ...pull, ...spec })) },
        opts,
      };
    }
    return undefined;
  };
}

type Metadata = k8s.types.input.meta.v1.ObjectMeta;

function waitingFor(
  kind: "Deployment" | "StatefulSet",
  args: k8s.apps.v1.DeploymentArgs,
): k8s.apps.v1.DeploymentArgs {
  const seconds = inside(args.spec as RolloutSpec, (spec) => String(rolloutSeconds(kind, spec)));
  const metadata = inside((args.metadata ?? {}) as pulumi.Input<Metadata>, (held) => ({
    ...held,
    annotations: inside(held.annotations ?? {}, (annotations) => ({
      "pulumi.com/timeoutSeconds": seconds,
      ...annotations,
    })),
  }));
  return { ...args, metadata };
}

/** What a pod's template takes from the rest of the stack. */
interface Surroundings {
  readonly contents: StackContents;
  readonly priorityClasses: Readonly<Record<string, pulumi.Input<string>>>;
}

function inPods<Spec>(
  spec: pulumi.Input<Spec> | undefined,
  defaults: Partial<PodSpec>,
  { contents, priorityClasses }: Surroundings,
): pulumi.Input<Spec> {
  type Template = {
    readonly metadata?: {
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, pulumi.Input<string>>>;
    };
    readonly spec?: pulumi.Input<PodSpec>;
  };
  return inside((spec ?? {}) as pulumi.Input<{ readonly template?: pulumi.Input<Template> }>, (held) => ({
    ...held,
    template: inside(held.template ?? {}, ({ metadata = {}, spec: pod = {} as PodSpec, ...template }) => {
      const component = metadata.labels?.["app.kubernetes.io/component"] ?? "";
      const priority = Object.hasOwn(priorityClasses, component) ? priorityClasses[component] : undefined;
      const priorityClassName = priority === undefined ? {} : { priorityClassName: priority };
      return {
        ...template,
        metadata: {
          ...metadata,
          annotations: {
            ...metadata.annotations,
            [READS_ANNOTATION]: contents.digest(pod as Parameters<StackContents["digest"]>[0]),
          },
        },
        spec: inside(pod, (found) => ({ ...defaults, ...priorityClassName, ...found })),
      };
    }),
  })) as pulumi.Input<Spec>;
}

/** Changes a plain value as it is: an output would hide all of it while one part of it is unknown. */
function inside<Value, Result>(
  value: pulumi.Input<Value>,
  change: (held: Value) => pulumi.Input<Result>,
): pulumi.Input<Result> {
  return pulumi.Output.isInstance(value) || value instanceof Promise
    ? (pulumi.output(value).apply((held) => change(held as Value)) as pulumi.Output<Result>)
    : change(value);
}
