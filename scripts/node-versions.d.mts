/** Lines of Node.js that the runtime package promises. */
export const LINES: readonly number[];

/**
 * The program of a line: the one that runs this if it is of that line, else one from the cache, fetched when it is not
 * there yet.
 *
 * @throws Error that says what to do when this platform has no package, or the registry does not answer
 */
export function nodeOfLine(line: number): Promise<string>;
