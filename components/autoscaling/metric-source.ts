import type * as pulumi from "@pulumi/pulumi";

import type { MetricAuthentication } from "./scaling-triggers";

/** A Prometheus that KEDA asks. */
export interface MetricSource {
  /** As a pod of KEDA reaches it: `http://prometheus-operated.monitoring.svc:9090`. */
  readonly url: pulumi.Input<string>;
  /** Namespace of the pods that are measured, as the label `namespace` of their series has it. */
  readonly namespace: string;
  /** @default none */
  readonly authentication?: MetricAuthentication;
}
