/**
 * What V8 may take of the memory of a Node.js process. Everything in MiB.
 *
 * Sources: Node.js's documentation of `--max-old-space-size` and `--max-semi-space-size`: the young generation is up to
 * three semi-spaces, 16 MiB each by default.
 */

/** Share of a process's memory for V8's heap; buffers, code and stacks take the rest. */
const HEAP_SHARE = 0.75;

/** Semi-spaces of a young generation. */
const SEMI_SPACES = 3;

/** A semi-space is one of so many parts of the memory: the young generation takes at most a fifth of it. */
const SEMI_SPACE_PART = 16;

/** Nothing more was gained beyond it, MiB. */
const LARGEST_SEMI_SPACE_MIB = 64;

/** Limits of V8 in one process. */
export interface NodeHeap {
  /** `--max-old-space-size`, MiB. */
  readonly oldSpaceMiB: number;
  /** `--max-semi-space-size`, MiB, a power of two: V8 rounds up to one. */
  readonly semiSpaceMiB: number;
}

/**
 * Shares the memory of a pod among its processes, and of each process between the generations of V8.
 *
 * Without the first limit V8 sizes its heap by the machine and is killed before it collects. The second is there
 * because what a request needs has to die in the young generation: with V8's own 16 MiB whatever is under way at a
 * collection is soon moved to the old one, which V8 then collects the more often the further it has shrunk the heap in a
 * quiet minute. docs/benchmarks.md has what it is worth, measured by `make bench`.
 *
 * @param memoryMiB limit of the pod, at least 16 for each process
 * @param processes Node.js processes in it, whole number >= 1
 */
export function nodeHeap(memoryMiB: number, processes: number): NodeHeap {
  const each = memoryMiB / processes;
  const semiSpaceMiB = Math.min(LARGEST_SEMI_SPACE_MIB, 2 ** Math.floor(Math.log2(each / SEMI_SPACE_PART)));
  return { oldSpaceMiB: Math.floor(HEAP_SHARE * each) - SEMI_SPACES * semiSpaceMiB, semiSpaceMiB };
}

/** The limits as `NODE_OPTIONS` has them. */
export function nodeOptions({ oldSpaceMiB, semiSpaceMiB }: NodeHeap): string {
  return `--max-old-space-size=${oldSpaceMiB} --max-semi-space-size=${semiSpaceMiB}`;
}
