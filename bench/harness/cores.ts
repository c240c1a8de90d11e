/** What is measured has a core to itself; whoever asks, and whatever answers it, share the other. */
export const CORES = { measured: 0, others: 1 } as const;

/** A program and its arguments, pinned to a core of the machine. */
export function onCore(
  core: number,
  program: string,
  args: readonly string[],
): [program: string, args: string[]] {
  return ["taskset", ["-c", String(core), program, ...args]];
}
