/** Changes for which an object is made anew. */
import { REPLACING } from "./replacing-fields";

/** What the rules depend on besides the kind. */
export interface MutableContent {
  /** Provider option `enableConfigMapMutable`. */
  readonly configMaps: boolean;
  /** Provider option `enableSecretMutable`. */
  readonly secrets: boolean;
  /** The object says `immutable: true`. */
  readonly immutable: boolean;
}

/**
 * The paths among `changed` that force a replacement. ConfigMaps and Secrets count as immutable unless the provider
 * is told otherwise: a new object with a new name rolls out and rolls back with its pods.
 *
 * @param changed paths as the engine writes them; a value that is not known yet counts as all that is below it
 */
export function replacingPaths(
  apiVersion: string,
  kind: string,
  changed: readonly string[],
  content: MutableContent,
): string[] {
  const fields = ["metadata.name", "metadata.namespace", ...fieldsOf(apiVersion, kind, content)];
  return changed.filter((path) => {
    const plain = path.replaceAll(/\[\d+\]/g, "[*]");
    return fields.some((field) => isWithin(plain, field) || isWithin(field, plain));
  });
}

/** The order is the official provider's: for a Secret that counts as immutable its own table is not asked. */
function fieldsOf(
  apiVersion: string,
  kind: string,
  { configMaps, secrets, immutable }: MutableContent,
): readonly string[] {
  if (apiVersion === "v1" && kind === "Secret" && (!secrets || immutable))
    return ["type", "stringData", "data"];
  if (apiVersion === "v1" && kind === "ConfigMap" && (!configMaps || immutable))
    return ["binaryData", "data"];
  return REPLACING[`${apiVersion}/${kind}`] ?? [];
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
}
