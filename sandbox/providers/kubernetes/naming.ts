import { isProperties, at, UNKNOWN, type Properties } from "../protocol/values";

/** Marks an object whose name was made up, so that the next deployment keeps the name. */
const AUTONAMED = "pulumi.com/autonamed";

/**
 * Gives an object without a name one that is made from the resource's name and seven random characters. An object
 * that was named that way keeps its name, except when it is replaced: then the engine asks without old inputs.
 */
export function withName(news: Properties, olds: Properties, name: string, seed: Uint8Array): Properties {
  const metadata = isProperties(news["metadata"]) ? news["metadata"] : {};
  if (metadata["name"] !== undefined || metadata["generateName"] !== undefined) return news;
  const annotations = isProperties(metadata["annotations"]) ? metadata["annotations"] : {};
  const kept = isAutonamed(olds) ? at(olds, "metadata.name") : undefined;
  return {
    ...news,
    metadata: {
      ...metadata,
      name: kept ?? `${name}-${suffix(seed)}`,
      annotations: { ...annotations, [AUTONAMED]: "true" },
    },
  };
}

export function isAutonamed(inputs: Properties): boolean {
  const annotations = at(inputs, "metadata.annotations");
  return isProperties(annotations) && annotations[AUTONAMED] === "true";
}

/** `namespace/name` or `name`; undefined while either is unknown. */
export function objectId(object: Properties): string | undefined {
  const [name, namespace] = [at(object, "metadata.name"), at(object, "metadata.namespace")];
  if (typeof name !== "string" || name === UNKNOWN || namespace === UNKNOWN) return undefined;
  return typeof namespace === "string" ? `${namespace}/${name}` : name;
}

function suffix(seed: Uint8Array): string {
  return Buffer.from(seed).toString("hex").slice(0, 8);
}
