import type { Response } from "express";
import { applyHead } from "./answer-head";
import { type AnswerWatch, Pieces, bytesOf } from "./answer-watch";

/** State of an outgoing message that Node.js keeps, and middleware asks for. */
interface Sent {
  _header: string | null;
  _closed: boolean;
  destroyed: boolean;
  finished: boolean;
}

/**
 * Gives a response that has been sent a second life: what handlers do to it now goes nowhere but to `watch`. So the same
 * handlers make the new value while the client has the stale one.
 *
 * @param headers that were set before the handlers
 * @param gone told when the handlers gave up
 */
export function detachResponse(
  response: Response,
  headers: ReadonlyMap<string, string>,
  watch: AnswerWatch,
  gone: () => void,
  most: number,
): void {
  const sent = response as unknown as Sent;
  Object.assign(sent, { _header: null, _closed: false, destroyed: false, finished: false });
  response.statusCode = 200;
  response.statusMessage = "";
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  for (const [name, value] of headers) response.setHeader(name, value);
  const pieces = new Pieces(most);
  let whole: Buffer | undefined;
  const head = (): void => {
    if (sent._header === null) response.writeHead(response.statusCode);
  };
  const own = {
    writeHead: (status: number, ...rest: unknown[]) => {
      if (sent._header !== null) return response;
      response.statusCode = status;
      applyHead(response, rest);
      watch.head(whole);
      watch.sealed();
      sent._header = "detached";
      return response;
    },
    flushHeaders: head,
    write: (chunk: unknown, encoding?: unknown) => {
      head();
      pieces.add(chunk, encoding);
      return true;
    },
    end: (chunk?: unknown, encoding?: unknown) => {
      if (sent.finished) return response;
      if (sent._header === null) whole = bytesOf(chunk, encoding);
      else pieces.add(chunk, encoding);
      head();
      sent.finished = true;
      watch.complete(whole ?? pieces.body);
      return response;
    },
    destroy: () => {
      sent.destroyed = true;
      gone();
      return response;
    },
  };
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(response, name, { value, writable: true, configurable: true, enumerable: true });
  }
}
