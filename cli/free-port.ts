import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that the kernel gives to outgoing connections (32768 by default on Linux, 49152 elsewhere). */
const FIRST = 20_000;
const COUNT = 12_000;

/** Each process begins elsewhere, so that two rarely ask for the same port. */
let next = Math.floor(Math.random() * COUNT);

/**
 * A port of 127.0.0.1 that nobody listens on, another one at each call. No outgoing connection takes it before it is
 * used; another process may, so that callers that have to be sure start again then.
 *
 * @throws Error when every port of the range is taken
 */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < COUNT; tried++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port of 127.0.0.1 between ${FIRST} and ${FIRST + COUNT - 1} is free`);
}

/** Whether nobody listens on a port of 127.0.0.1 just now. */
export async function isFree(port: number): Promise<boolean> {
  const listener = createServer();
  try {
    await once(listener.listen(port, "127.0.0.1"), "listening");
  } catch {
    return false;
  }
  listener.close();
  await once(listener, "close");
  return true;
}
