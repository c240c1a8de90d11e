/** A server of the monitoring as a process of a test, in a folder of its own. */
import { rm } from "node:fs/promises";

import { startProgram, type Program } from "../../sandbox/monitoring/child";

/**
 * Starts it, and waits until it is ready.
 *
 * @param folder removed when it ends
 * @returns ends it and removes its folder; safe to repeat
 * @throws UserError with what it said last when it does not become ready
 */
export async function startInFolder(folder: string, program: Program): Promise<() => Promise<void>> {
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const running = await startProgram(program);
    return async () => {
      await running.stop();
      await remove();
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
