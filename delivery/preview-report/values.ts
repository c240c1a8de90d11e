/** Inputs of resources as a person reads them. */
import { stringify } from "yaml";

import { UNKNOWN } from "../../sandbox/providers/protocol/values";

const SECRET = "[secret]";
const LATER = "known after deployment";

/** False when something inside is a secret, or only known after the deployment. */
export function isWhollyKnown(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).every(isWhollyKnown);
  return value !== UNKNOWN && value !== SECRET;
}

/** Inputs as YAML, the way a Kubernetes object is read. Keys that begin with `__` are between Pulumi and its providers. */
export function readable(inputs: Readonly<Record<string, unknown>>): string {
  return stringify(shown(inputs), { lineWidth: 0 }).trimEnd();
}

function shown(value: unknown): unknown {
  if (value === UNKNOWN) return LATER;
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !key.startsWith("__"));
  return Object.fromEntries(entries.map(([key, inner]) => [key, shown(inner)]));
}
