/** Where the resources of a cloud are made: said once for all below a component, not by each of them. */
import type * as pulumi from "@pulumi/pulumi";

/** Inputs that say where a resource is. */
export type Place = Readonly<Partial<Record<"region" | "project", string>>>;

/**
 * Gives every resource of `cloud` the place, where it takes one and nobody nearer to it has said another. For
 * `transformations` of a component, which reach everything below it:
 *
 *     super(type, name, {}, pulumi.mergeOptions(opts, { transformations: [placedIn("aws", { region })] }));
 *
 * Then the default provider makes resources of every region, with the stack's own `aws:*` settings: an explicit provider
 * for a region would know nothing of its roles, default tags and allowed accounts.
 */
export function placedIn(cloud: "aws" | "gcp", place: Place): pulumi.ResourceTransformation {
  return ({ type, props, opts }) => {
    if (!type.startsWith(`${cloud}:`)) return undefined;
    const inputs = props as Record<string, unknown>;
    // The SDK names all inputs that a type has, also those that were not given; a global one has no region among them.
    const missing = Object.entries(place).filter(([key]) => key in inputs && inputs[key] === undefined);
    return missing.length === 0 ? undefined : { props: { ...inputs, ...Object.fromEntries(missing) }, opts };
  };
}
