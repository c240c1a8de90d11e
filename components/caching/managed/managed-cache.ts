/** What managed caches have in common, whoever runs them. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { CacheUser } from "../../../budget/caching/connections";
import type { ManagedCachePlan } from "../../../budget/caching/plan-managed";
import type { MaintenanceHour } from "../../../budget/caching/settings";
import type { RedisPurpose } from "../../../budget/caching/purpose";
import { commonLabels } from "../../shared/kubernetes";
import { transformed, type Transform } from "../../shared/transform";
import { DEFAULT_NAMESPACE } from "../cache-endpoint";
import { CREDENTIAL_KEYS } from "../redis/redis-pod";

/** Arguments of every managed cache. */
export interface ManagedCacheArgs {
  /** Path in the stack file that the arguments come from: `retrofitlink:caches.redis-cache`. @default none: messages name the property */
  readonly configKey?: string;
  /** Namespace of the services, where the password is put. @default "default" */
  readonly namespace?: pulumi.Input<string>;
  /** A cache evicts what is used least; a session store evicts nothing and keeps snapshots. */
  readonly purpose: RedisPurpose;
  /** Data that has to stay in memory, MiB, above 0. Decides what is rented. */
  readonly workingSetMiB: number;
  /** Services that connect, at their largest. @default none */
  readonly users?: readonly CacheUser[];
  /** Hour of the week, UTC, in which the provider may update the servers. @default Sunday, 3 o'clock */
  readonly maintenance?: MaintenanceHour;
  /** The plan of the whole stack for it. @default it plans alone, from the arguments above */
  readonly plan?: ManagedCachePlan;
}

/** The Secret from which services take the password. */
export function passwordSecret(
  name: string,
  { namespace = DEFAULT_NAMESPACE, purpose }: ManagedCacheArgs,
  password: pulumi.Input<string>,
  transform: Transform<k8s.core.v1.SecretArgs> | undefined,
  options: pulumi.CustomResourceOptions,
): k8s.core.v1.Secret {
  const secretName = `${name}-credentials`;
  return new k8s.core.v1.Secret(
    ...transformed<k8s.core.v1.SecretArgs>(
      transform,
      secretName,
      {
        metadata: { name: secretName, namespace, labels: commonLabels(name, purpose) },
        stringData: { [CREDENTIAL_KEYS.password]: pulumi.secret(password) },
      },
      options,
    ),
  );
}

/** Where that Secret has the password. */
export function passwordEntry(secret: k8s.core.v1.Secret): {
  readonly name: pulumi.Output<string>;
  readonly key: string;
} {
  return { name: secret.metadata.name, key: CREDENTIAL_KEYS.password };
}
