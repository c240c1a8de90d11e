/** Who owns which fields of an object, as the official provider sees to it. */
import { createHash } from "node:crypto";

import type { KubernetesObject } from "../../cluster/kubernetes-client";

/** Owner of the fields of a new object; the first update takes them over. */
export const CREATOR = "pulumi-kubernetes";

/** One manager a resource, so that two resources never share a field unnoticed. */
export function fieldManagerOf(urn: string): string {
  return `${CREATOR}-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;
}

type Fields = { readonly [field: string]: Fields };

interface Entry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: Fields;
  readonly [key: string]: unknown;
}

/**
 * Managers whose fields an update takes over before it applies, by the beginning of their name. Source:
 * pulumi/pulumi-kubernetes, provider/pkg/await/await.go, `fixCSAFieldManagers`.
 */
const TAKEN_OVER: readonly (readonly [name: string, operation: string])[] = [
  ["kubectl", "Apply"],
  ["kubectl", "Update"],
  ["before-first-apply", "Update"],
  [CREATOR, "Update"],
  ["pulumi-kubernetes.exe", "Update"],
  ["pulumi-resource-kubernetes", "Update"],
];

/** What the managed fields of an object are once `manager` has taken over; undefined when nothing is to be taken. */
export function takenOver(live: KubernetesObject, manager: string): readonly Entry[] | undefined {
  const entries = managedFields(live);
  const isTaken = ({ manager: name = "", operation, subresource = "" }: Entry): boolean =>
    subresource === "" && TAKEN_OVER.some(([begins, by]) => operation === by && name.startsWith(begins));
  const isOwn = (entry: Entry): boolean => entry.manager === manager && entry.operation === "Apply";
  const taken = entries.filter((entry) => !isOwn(entry) && isTaken(entry));
  const [first] = taken;
  if (first === undefined) return undefined;
  const own = entries.find(isOwn) ?? first;
  const fieldsV1 = [own, ...taken].reduce<Fields>((all, entry) => merged(all, entry.fieldsV1 ?? {}), {});
  const others = entries.filter((entry) => !isOwn(entry) && !taken.includes(entry));
  return [...others, { ...own, manager, operation: "Apply", fieldsV1 }];
}

/**
 * Whether a preview of an update passes over conflicts, which the update itself would not have. Source: the same file,
 * `patchForce`.
 */
export function isForcedAtPreview(live: KubernetesObject): boolean {
  const entries = managedFields(live);
  const creators = [CREATOR, "pulumi-kubernetes.exe", "pulumi-resource-kubernetes"];
  return (
    entries.length === 0 ||
    entries.some(({ manager = "", operation }) => operation === "Update" && creators.includes(manager))
  );
}

function managedFields(live: KubernetesObject): readonly Entry[] {
  return (live.metadata["managedFields"] ?? []) as readonly Entry[];
}

/** A set of fields is a tree whose leaves are empty. */
function merged(one: Fields, other: Fields): Fields {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...keys].map((key) => [key, merged(one[key] ?? {}, other[key] ?? {})]));
}
