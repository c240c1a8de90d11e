/** Arguments over their defaults. What is there and undefined counts as left out. */
export function withDefaults<Defaults extends object, Args extends object>(
  defaults: Defaults,
  args: Args,
): Defaults & Args {
  const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
  return { ...defaults, ...given } as Defaults & Args;
}
