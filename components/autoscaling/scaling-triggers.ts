/** What a ScaledObject of KEDA follows, and how KEDA has it. Pure. Checked against KEDA 2.20. */
import type * as pulumi from "@pulumi/pulumi";

import { averageUtilization, averageValue } from "./scaling-metrics";

/** One entry of a Secret in the namespace of the workload. */
export interface TriggerSecret {
  readonly name: pulumi.Input<string>;
  readonly key: string;
}

/** How KEDA proves to Prometheus who it is. */
export type MetricAuthentication =
  | { readonly kind: "bearer"; readonly token: TriggerSecret }
  | { readonly kind: "basic"; readonly username: TriggerSecret; readonly password: TriggerSecret }
  | {
      readonly kind: "tls";
      readonly authority?: TriggerSecret;
      readonly certificate: TriggerSecret;
      readonly key: TriggerSecret;
    };

/** A Redis that work waits in. */
export interface RedisAddress {
  /** `host:port`, or of Sentinels `host:port,host:port,…`. */
  readonly addresses: pulumi.Input<string>;
  /** Name to ask Sentinels for. @default `addresses` is the server itself */
  readonly sentinelMaster?: string;
  /** @default none */
  readonly username?: string;
  /** @default none */
  readonly password?: TriggerSecret;
  /** @default false */
  readonly tls?: boolean;
}

/** What the replicas follow. Of several the one that asks for the most pods counts. */
export type ScalingTrigger = {
  /** Unique among those of a ScaledObject. */
  readonly name: string;
} & (
  | {
      readonly kind: "cpu";
      readonly container: string;
      /** Share of the request, above 0; whole percents. */
      readonly utilization: number;
    }
  | {
      readonly kind: "prometheus";
      readonly url: pulumi.Input<string>;
      /** PromQL that answers with one value for the whole workload. */
      readonly query: string;
      /** What one pod has of it at the target, above 0. */
      readonly perPod: number;
      /**
       * No answer is a fault, or nothing to say. `fault` holds what is there and falls back; `nothing` counts as 0, so that the
       * trigger cannot raise the replicas: only for one that stands beside another.
       */
      readonly whenMissing: "fault" | "nothing";
      /** @default none */
      readonly authentication?: MetricAuthentication;
      /** How long an answer may take, seconds, > 0. @default KEDA's own, 3 */
      readonly timeoutSeconds?: number;
      /** Ask each `pollingSeconds` and not each time that the controller looks, which is every 15 s. @default false */
      readonly cached?: boolean;
    }
  | {
      readonly kind: "cron";
      /** Of the IANA database. */
      readonly timezone: string;
      /** Cron expressions of five fields, which differ. */
      readonly start: string;
      readonly end: string;
      /** Pods that there are at least from start to end, whole number >= 1. */
      readonly replicas: number;
    }
  | {
      readonly kind: "redis-list";
      readonly redis: RedisAddress;
      readonly list: string;
      /** Entries that may wait for one pod, whole number >= 1. */
      readonly perPod: number;
    }
  | {
      readonly kind: "redis-stream";
      readonly redis: RedisAddress;
      readonly stream: string;
      readonly consumerGroup: string;
      /** Entries that the group has not been given yet, for one pod, whole number >= 1. */
      readonly perPod: number;
    }
);

/** A trigger as KEDA has it. */
export interface KedaTrigger {
  readonly type: string;
  readonly name: string;
  readonly metricType: "AverageValue" | "Utilization";
  readonly metadata: Readonly<Record<string, pulumi.Input<string>>>;
  readonly useCachedMetrics?: boolean;
  readonly authenticationRef?: { readonly name: pulumi.Input<string> };
}

/** What a trigger is told from a Secret: parameter of KEDA, and where it is. */
export interface TriggerCredential extends TriggerSecret {
  readonly parameter: string;
}

/** @param authentication name of its TriggerAuthentication, where it has {@link credentialsOf} */
export function kedaTrigger(trigger: ScalingTrigger, authentication?: pulumi.Input<string>): KedaTrigger {
  const { name } = trigger;
  const common =
    authentication === undefined ? { name } : { name, authenticationRef: { name: authentication } };
  switch (trigger.kind) {
    case "cpu":
      return {
        ...common,
        type: "cpu",
        metricType: "Utilization",
        metadata: { value: `${averageUtilization(trigger.utilization)}`, containerName: trigger.container },
      };
    case "prometheus":
      return {
        ...common,
        type: "prometheus",
        metricType: "AverageValue",
        ...(trigger.cached === true ? { useCachedMetrics: true } : {}),
        metadata: {
          serverAddress: trigger.url,
          query: trigger.query,
          threshold: averageValue(trigger.perPod),
          // By default KEDA takes no answer for 0, and a fleet at its peak for idle.
          ignoreNullValues: trigger.whenMissing === "fault" ? "false" : "true",
          ...(trigger.timeoutSeconds === undefined
            ? {}
            : // Milliseconds, as a number without a unit is read.
              { timeout: `${Math.round(trigger.timeoutSeconds * 1000)}` }),
          ...(trigger.authentication === undefined ? {} : { authModes: trigger.authentication.kind }),
        },
      };
    case "cron":
      return {
        ...common,
        type: "cron",
        metricType: "AverageValue",
        metadata: {
          timezone: trigger.timezone,
          start: trigger.start,
          end: trigger.end,
          desiredReplicas: `${trigger.replicas}`,
        },
      };
    case "redis-list":
      return {
        ...common,
        type: trigger.redis.sentinelMaster === undefined ? "redis" : "redis-sentinel",
        metricType: "AverageValue",
        metadata: { ...redisAddress(trigger.redis), listName: trigger.list, listLength: `${trigger.perPod}` },
      };
    case "redis-stream":
      return {
        ...common,
        type: trigger.redis.sentinelMaster === undefined ? "redis-streams" : "redis-sentinel-streams",
        metricType: "AverageValue",
        metadata: {
          ...redisAddress(trigger.redis),
          stream: trigger.stream,
          consumerGroup: trigger.consumerGroup,
          lagCount: `${trigger.perPod}`,
        },
      };
  }
}

function redisAddress(redis: RedisAddress): Record<string, pulumi.Input<string>> {
  const { addresses, sentinelMaster, username, tls = false } = redis;
  return {
    ...(sentinelMaster === undefined ? { address: addresses } : { addresses, sentinelMaster }),
    ...(username === undefined ? {} : { username }),
    ...(tls ? { enableTLS: "true" } : {}),
  };
}

/** Secrets that a trigger needs; none for most. */
export function credentialsOf(trigger: ScalingTrigger): TriggerCredential[] {
  if (trigger.kind === "redis-list" || trigger.kind === "redis-stream") {
    const { password } = trigger.redis;
    return password === undefined ? [] : [{ parameter: "password", ...password }];
  }
  if (trigger.kind !== "prometheus" || trigger.authentication === undefined) return [];
  const { authentication } = trigger;
  switch (authentication.kind) {
    case "bearer":
      return [{ parameter: "bearerToken", ...authentication.token }];
    case "basic":
      return [
        { parameter: "username", ...authentication.username },
        { parameter: "password", ...authentication.password },
      ];
    case "tls":
      return [
        ...(authentication.authority === undefined ? [] : [{ parameter: "ca", ...authentication.authority }]),
        { parameter: "cert", ...authentication.certificate },
        { parameter: "key", ...authentication.key },
      ];
  }
}
