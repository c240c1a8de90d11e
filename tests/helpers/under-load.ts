import { send, type Answer } from "./send";
import type { RunningProxy } from "./proxy-contract";

/** Asks without a pause until told to stop, in several loops. Resolves with every status, or what went wrong instead. */
export function underLoad(
  proxy: RunningProxy,
  one: () => Promise<Answer> = () => send(proxy.httpPort, "/"),
): () => Promise<Map<number | string, number>> {
  const found = new Map<number | string, number>();
  let going = true;
  const loop = async (): Promise<void> => {
    while (going) {
      const outcome = await one().then(
        ({ status }) => status,
        (error: unknown) => String(error),
      );
      found.set(outcome, (found.get(outcome) ?? 0) + 1);
    }
  };
  const loops = Array.from({ length: 6 }, loop);
  return async () => {
    going = false;
    await Promise.all(loops);
    return found;
  };
}
