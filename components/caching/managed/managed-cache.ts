/** What managed caches have in common, whoever runs them. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { maxClients } from "../../../budget/service/connections";
import { managedCacheNeedMiB } from "../../../budget/caching/managed-cache";
import type { RedisPurpose } from "../../../budget/caching/summary";
import { commonLabels } from "../../shared/kubernetes";
import type { Problem } from "../../shared/problems";
import { transformed, type Transform } from "../../shared/transform";
import { userProblems, type RedisUser } from "../redis/redis-args";
import { CREDENTIAL_KEYS } from "../redis/redis-pod";

/** Arguments of every managed cache. */
export interface ManagedCacheArgs {
  /** Path in the stack file that the arguments come from: `retrofitlink:caches.redis-cache`. */
  readonly configKey: string;
  /** Namespace of the services, where the password is put. */
  readonly namespace: string;
  /** A cache evicts what is used least; a session store evicts nothing and keeps snapshots. */
  readonly purpose: RedisPurpose;
  /** Data that has to stay in memory, MiB, > 0. */
  readonly workingSetMiB: number;
  /** Who connects, at their largest. */
  readonly users: readonly RedisUser[];
  /** Hour of the week, UTC, in which the provider may update the servers. @default Sunday, 3 o'clock */
  readonly maintenance?: MaintenanceHour;
}

/** An hour of the week, UTC. */
export interface MaintenanceHour {
  readonly day: Weekday;
  /** 0..23 */
  readonly hour: number;
}

export const WEEKDAYS = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export const DEFAULT_MAINTENANCE: MaintenanceHour = { day: "sunday", hour: 3 };

/** Providers limit a name to 40 characters, of which the engine adds 8 for itself. */
const LONGEST_NAME = 32;

/** What is wrong with the name of a cache that a provider runs, by which its servers are called there. */
export function managedCacheNameProblems(name: string): Problem[] {
  // ElastiCache takes no two hyphens in a row.
  const isSound = /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name) && !name.includes("--");
  if (isSound && name.length <= LONGEST_NAME) return [];
  return [
    {
      property: "name",
      got: name,
      allowed: `a DNS label of at most ${LONGEST_NAME} characters, without two hyphens in a row`,
      fix: "Rename the cache; the provider allows no more.",
    },
  ];
}

/** What is wrong with the arguments that all managed caches have. */
export function managedCacheProblems(name: string, args: ManagedCacheArgs): Problem[] {
  const problems = managedCacheNameProblems(name);
  const check = (ok: boolean, property: string, got: unknown, allowed: string, fix: string): void => {
    if (!ok) problems.push({ property, got, allowed, fix });
  };
  const { workingSetMiB, maintenance = DEFAULT_MAINTENANCE } = args;
  check(
    Number.isFinite(workingSetMiB) && workingSetMiB > 0,
    "workingSetMiB",
    workingSetMiB,
    "a number above 0 (MiB)",
    "Give what a load test measured.",
  );
  check(
    Number.isInteger(maintenance.hour) && maintenance.hour >= 0 && maintenance.hour <= 23,
    "maintenance.hour",
    maintenance.hour,
    "a whole number from 0 to 23 (UTC)",
    "Give an hour in which few people are there.",
  );
  return [...problems, ...userProblems(args.users)];
}

/** Refuses a fleet that the provider's limit turns away. */
export function connectionProblems(users: readonly RedisUser[], limit: number, fix: string): Problem[] {
  const needed = maxClients(users);
  if (needed <= limit) return [];
  const allowed = `services that open at most ${limit} connections, with margin and reserve`;
  return [{ property: "users", got: needed, allowed, fix }];
}

/** Memory for keys and buffers, MiB. */
export function managedNeedMiB({ workingSetMiB, users }: ManagedCacheArgs): number {
  return managedCacheNeedMiB(workingSetMiB, maxClients(users));
}

/** The Secret from which services take the password. */
export function passwordSecret(
  name: string,
  args: ManagedCacheArgs,
  password: pulumi.Input<string>,
  transform: Transform<k8s.core.v1.SecretArgs> | undefined,
  options: pulumi.CustomResourceOptions,
): { readonly name: pulumi.Output<string>; readonly key: string } {
  const secretName = `${name}-credentials`;
  const secret = new k8s.core.v1.Secret(
    ...transformed<k8s.core.v1.SecretArgs>(
      transform,
      secretName,
      {
        metadata: { name: secretName, namespace: args.namespace, labels: commonLabels(name, args.purpose) },
        stringData: { [CREDENTIAL_KEYS.password]: pulumi.secret(password) },
      },
      options,
    ),
  );
  return { name: secret.metadata.name, key: CREDENTIAL_KEYS.password };
}
