/** Arguments over their defaults; an argument that is undefined counts as left out. */
export function withDefaults<Defaults extends object, Args extends object>(
  defaults: Defaults,
  args: Args,
): Args & Required<Pick<Args, keyof Defaults & keyof Args>> {
  const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
  return { ...defaults, ...given } as unknown as Args & Required<Pick<Args, keyof Defaults & keyof Args>>;
}
