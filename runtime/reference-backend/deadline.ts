import type { RequestHandler } from "express";

/** When to ask again after a request that took too long, seconds. */
const RETRY_AFTER_SECONDS = 1;

/**
 * Answers 503 when a request has no answer after so many milliseconds: before the proxy in front gives up, so that the
 * reason is in this service's own numbers. What the handler answers later goes nowhere.
 */
export function deadline(timeoutMs: number): RequestHandler {
  return (_request, response, next) => {
    const timer = setTimeout(() => {
      if (response.headersSent) {
        // Half an answer cannot be taken back; a cut connection says that it is not whole.
        response.destroy();
        return;
      }
      response.setHeader("Retry-After", String(RETRY_AFTER_SECONDS));
      response.status(503).json({ error: `no answer within ${timeoutMs} ms` });
    }, timeoutMs);
    response.once("close", () => clearTimeout(timer));
    next();
  };
}
