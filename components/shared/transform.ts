/**
 * Escape hatch for one child of a component: a partial record laid over the arguments, or a function that receives
 * them and may change them in place or return new ones. Applied last, so that it wins over every default.
 */
export type Transform<Args> = Partial<Args> | ((args: Args, childName: string) => Args | void);

/** The arguments of the child `childName` after the caller's transform, if there is one. */
export function transformed<Args extends object>(
  transform: Transform<Args> | undefined,
  childName: string,
  args: Args,
): Args {
  if (transform === undefined) return args;
  if (typeof transform === "function") return transform(args, childName) ?? args;
  return { ...args, ...transform };
}
