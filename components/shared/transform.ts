import * as pulumi from "@pulumi/pulumi";

/** A part of the arguments: whatever is left out stays. Lists are replaced as a whole. */
export type DeepPartial<T> = T extends pulumi.Output<infer U> | Promise<infer U>
  ? T | DeepPartial<U>
  : T extends readonly unknown[] | ((...args: never[]) => unknown)
    ? T
    : T extends object
      ? { readonly [Key in keyof T]?: DeepPartial<T[Key]> }
      : T;

/**
 * Escape hatch for one child of a component: a part that is merged into the arguments, or a function that receives
 * arguments, options and name, and may change the first two in place or return new arguments. Applied last, so that it
 * wins over every default; what a plan has proven of the object is compared with the result.
 */
export type Transform<Args extends object> =
  DeepPartial<Args> | ((args: Args, opts: pulumi.CustomResourceOptions, name: string) => Args | void);

/** What a constructor of a resource takes. */
export type Child<Args> = [name: string, args: Args, opts: pulumi.CustomResourceOptions];

/** Name, arguments and options of a child after the caller's transform, if there is one. */
export function transformed<Args extends object>(
  transform: Transform<Args> | undefined,
  name: string,
  args: Args,
  opts: pulumi.CustomResourceOptions,
): Child<Args> {
  if (transform === undefined) return [name, args, opts];
  if (typeof transform !== "function") return [name, merged(args, transform) as Args, opts];
  const ownOpts = { ...opts };
  const changed = (
    transform as (args: Args, opts: pulumi.CustomResourceOptions, name: string) => Args | void
  )(args, ownOpts, name);
  return [name, changed ?? args, ownOpts];
}

/** Lays a part over a value: maps key by key, everything else as a whole. What is an output is merged once it is known. */
function merged(value: unknown, part: unknown): unknown {
  if (isLater(value) && isMap(part))
    return (pulumi.output(value) as pulumi.Output<unknown>).apply((known) => merged(known, part));
  if (!isMap(value) || !isMap(part)) return part;
  const keys = new Set([...Object.keys(value), ...Object.keys(part)]);
  return Object.fromEntries(
    [...keys].map((key) => [key, Object.hasOwn(part, key) ? merged(value[key], part[key]) : value[key]]),
  );
}

function isLater(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
