import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { assertValid } from "../shared/issues";
import { transformed } from "../shared/transform";
import type { EventDrivenAutoscalerArgs, ScalingPause } from "./event-driven-args";
import { eventDrivenIssues } from "./event-driven-issues";
import { tolerant } from "./scaling-behavior";
import { credentialsOf, kedaTrigger, type TriggerCredential } from "./scaling-triggers";

export type { EventDrivenAutoscalerArgs, ScalingPause } from "./event-driven-args";
export { eventDrivenIssues } from "./event-driven-issues";
export type { MetricAuthentication, RedisAddress, ScalingTrigger, TriggerSecret } from "./scaling-triggers";

const API_VERSION = "keda.sh/v1alpha1";

/**
 * A ScaledObject of KEDA that owns the replicas of a workload: Prometheus, clocks, queues and CPU, of which the one that asks
 * for the most pods counts. The HPA that KEDA makes of it has the name of the workload, so that `kubectl get hpa` finds it.
 *
 * Trap: KEDA has to be in the cluster, with its definitions. Name its Release in `dependsOn`.
 *
 * Trap: a pause that is forgotten stays. `kubectl get scaledobjects` shows it.
 *
 * Cost: between `min` and `max` pods.
 */
export class EventDrivenAutoscaler extends pulumi.ComponentResource {
  readonly scaledObject: k8s.apiextensions.CustomResource;
  /** Of the triggers that have credentials, by their names. */
  readonly authentications: Readonly<Record<string, k8s.apiextensions.CustomResource>>;

  constructor(name: string, args: EventDrivenAutoscalerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { target, labels, triggers, transform = {} } = args;
    assertValid("EventDrivenAutoscaler", name, eventDrivenIssues(args));
    target.claim(`EventDrivenAutoscaler "${name}"`);
    super(COMPONENT_TYPES.eventDrivenAutoscaler, name, {}, opts);
    // A definition goes only after what it defines, so objects say themselves what they wait for.
    const child = { parent: this, ...(opts?.dependsOn === undefined ? {} : { dependsOn: opts.dependsOn }) };
    const metadata = {
      namespace: target.namespace,
      ...(labels === undefined ? {} : { labels }),
    };
    this.authentications = Object.fromEntries(
      triggers.flatMap((trigger) => {
        const credentials = credentialsOf(trigger);
        if (credentials.length === 0) return [];
        const made = new k8s.apiextensions.CustomResource(
          ...transformed<k8s.apiextensions.CustomResourceArgs>(
            transform.authentication,
            `${name}-${trigger.name}-authentication`,
            {
              apiVersion: API_VERSION,
              kind: "TriggerAuthentication",
              metadata: { ...metadata, name: pulumi.interpolate`${target.name}-${trigger.name}` },
              spec: { secretTargetRef: credentials.map(secretTargetRef) },
            },
            child,
          ),
        );
        return [[trigger.name, made] as const];
      }),
    );
    this.scaledObject = new k8s.apiextensions.CustomResource(
      ...transformed<k8s.apiextensions.CustomResourceArgs>(
        transform.scaledObject,
        name,
        {
          apiVersion: API_VERSION,
          kind: "ScaledObject",
          metadata: { ...metadata, name: target.name, annotations: annotationsOf(args.pause) },
          spec: scaledObjectSpec(
            args,
            triggers.map((trigger) =>
              kedaTrigger(trigger, this.authentications[trigger.name]?.metadata.name),
            ),
          ),
        },
        child,
      ),
    );
    this.registerOutputs({});
  }
}

function secretTargetRef({ parameter, name, key }: TriggerCredential): object {
  return { parameter, name, key };
}

function scaledObjectSpec(
  { target, min, max, triggers, behavior, tolerance, fallback, ...args }: EventDrivenAutoscalerArgs,
  rendered: readonly object[],
): object {
  const isPolled = min === 0 || triggers.some((trigger) => trigger.kind === "prometheus" && trigger.cached);
  const acts = tolerant(behavior, tolerance);
  return {
    scaleTargetRef: target.reference,
    minReplicaCount: min,
    maxReplicaCount: max,
    // Elsewhere the controller asks, each 15 s, and KEDA warns of a key that means nothing.
    ...(isPolled ? { pollingInterval: args.pollingSeconds ?? 15 } : {}),
    ...(min === 0 ? { cooldownPeriod: args.cooldownSeconds ?? 300 } : {}),
    ...(fallback === undefined
      ? {}
      : {
          fallback: {
            failureThreshold: fallback.failures ?? 3,
            replicas: fallback.replicas,
            // "static", KEDA's own, takes pods away at the peak.
            behavior: "currentReplicasIfHigher",
          },
        }),
    advanced: {
      horizontalPodAutoscalerConfig: {
        name: target.name,
        ...(acts === undefined ? {} : { behavior: acts }),
      },
      // When the object goes, the pods stay.
      restoreToOriginalReplicaCount: false,
    },
    triggers: rendered,
  };
}

/**
 * An HPA of the same name that is there already is taken over with its replicas, instead of being refused: so a workload
 * changes from one owner to the other without a jump.
 */
function annotationsOf(pause: ScalingPause | undefined): Record<string, string> {
  const takesOver = { "scaledobject.keda.sh/transfer-hpa-ownership": "true" };
  const prefix = "autoscaling.keda.sh/paused";
  switch (pause?.kind) {
    case undefined:
      return takesOver;
    case "all":
      return pause.replicas === undefined
        ? { ...takesOver, [prefix]: "true" }
        : { ...takesOver, [`${prefix}-replicas`]: `${pause.replicas}` };
    case "scale-in":
    case "scale-out":
      return { ...takesOver, [`${prefix}-${pause.kind}`]: "true" };
  }
}
