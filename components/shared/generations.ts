/** Passwords in generations: a stack file asks for new ones by a number that it raises by one. */

/** Resource of a generation. The first has the name alone, as it was before there were others. */
export function ofGeneration(name: string, generation: number): string {
  return generation === 1 ? name : `${name}-${generation}`;
}

/**
 * Who signs in with the passwords of a generation, where a user has one password: two users take turns, so that the one
 * before is good until the next generation but one.
 */
export function userOfGeneration(name: string, generation: number): string {
  return generation % 2 === 1 ? name : `${name}-2`;
}

/** The generations whose users there are, the current one first. */
export function livingGenerations(generation: number): readonly [number, ...number[]] {
  return generation === 1 ? [1] : [generation, generation - 1];
}
