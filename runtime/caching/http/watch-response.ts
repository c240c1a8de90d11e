import type { Response } from "express";
import { applyHead } from "./answer-head";
import { type AnswerWatch, Pieces, bytesOf } from "./answer-watch";

type Method = (...args: unknown[]) => unknown;

/** How Node.js puts a head together; `writeHead` ends there, whoever has wrapped it. */
interface WithHead {
  _storeHeader: (...args: unknown[]) => unknown;
}

/**
 * Watches an answer on its way out. Nothing is held back or sent in another order: what stands in front and behind sees
 * what it would see without. Middleware that wraps the same methods later, or has wrapped them before, stays in place.
 *
 * @param most of a body written in pieces is collected, bytes
 */
export function watchResponse(response: Response, watch: AnswerWatch, most: number): void {
  const inFront = {
    writeHead: response.writeHead.bind(response) as Method,
    write: response.write.bind(response) as Method,
    end: response.end.bind(response) as Method,
  };
  const pieces = new Pieces(most);
  let whole: Buffer | undefined;
  let state: "open" | "headed" | "off" = "open";
  let sealed = false;
  let ended = false;
  const completed = (): void => {
    if (sealed && ended && state === "headed") watch.complete(whole ?? pieces.body);
  };

  response.writeHead = ((status: number, ...rest: unknown[]) => {
    if (state !== "open" || response.headersSent) return inFront.writeHead(status, ...rest);
    response.statusCode = status;
    applyHead(response, rest);
    state = "headed";
    watch.head(whole);
    return inFront.writeHead(response.statusCode);
  }) as typeof response.writeHead;

  response.write = ((chunk: unknown, encoding: unknown, ...rest: unknown[]) => {
    if (!ended) pieces.add(chunk, encoding);
    return inFront.write(chunk, encoding, ...rest);
  }) as typeof response.write;

  response.end = ((chunk: unknown, encoding: unknown, ...rest: unknown[]) => {
    if (ended || state === "off") return inFront.end(chunk, encoding, ...rest);
    if (state === "headed") pieces.add(chunk, encoding);
    else {
      const other = watch.instead?.();
      if (other !== undefined) {
        state = "off";
        return inFront.end(other.chunk, other.encoding);
      }
      whole = bytesOf(chunk, encoding);
    }
    const result = inFront.end(chunk, encoding, ...rest);
    ended = true;
    completed();
    return result;
  }) as typeof response.end;

  beforeHeadIsSent(response, () => {
    if (state === "off") return;
    watch.sealed();
    sealed = true;
    // Middleware in front may have let the end wait, as one does that stores a session first.
    completed();
  });
}

/**
 * Tells when everybody has had their say about the head, `on-headers` in front too, and headers may be set for the last
 * time.
 */
export function beforeHeadIsSent(response: Response, told: () => void): void {
  const message = response as unknown as WithHead;
  const storeHeader = message._storeHeader;
  message._storeHeader = (...args) => {
    told();
    return storeHeader.apply(response, args);
  };
}
