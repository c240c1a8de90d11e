import { setTimeout as sleep } from "node:timers/promises";

export interface Patience {
  /** @default 10,000 ms */
  readonly withinMs?: number;
  /** Pause between two questions. @default 20 ms */
  readonly everyMs?: number;
}

/**
 * Asks again until the answer holds, and resolves with that answer.
 *
 * @param holds @default whether the answer is truthy
 * @throws Error with what was waited for and the last answer
 */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  holds: (answer: T) => boolean = Boolean,
  { withinMs = 10_000, everyMs = 20 }: Patience = {},
): Promise<T> {
  for (const deadline = Date.now() + withinMs; ; await sleep(everyMs)) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (Date.now() > deadline) {
      throw new Error(`not within ${withinMs} ms: ${what}; the last answer was ${JSON.stringify(answer)}`);
    }
  }
}
