import type { ErrorRequestHandler } from "express";
import { MongoServerError } from "mongodb";
import type { LogFields, Logger } from "../shared/logger";

/** An answer that is no success, and no fault of the service. */
export class HttpError extends Error {
  override readonly name = "HttpError";

  /** @param problems what is wrong with the input, a phrase each. @default none */
  constructor(
    readonly status: number,
    message: string,
    readonly problems?: readonly string[],
  ) {
    super(message);
  }
}

/**
 * The last handler: a JSON body for every error. 503 with `Retry-After` where a data store is unavailable, 4xx as
 * thrown, 500 without details for everything else, which is logged.
 */
export function errorHandler(logger: Logger): ErrorRequestHandler {
  // Express tells error handlers by their four parameters.
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  return (error: unknown, request, response, _next) => {
    // The deadline has answered already, or the client has gone.
    if (response.writableEnded || response.destroyed) return;
    if (response.headersSent) {
      // A cut connection tells the client that the answer is not whole.
      response.destroy();
      return;
    }
    const status = statusOf(error);
    if (status >= 500 && status !== 503) {
      logger.error("request failed", { method: request.method, path: request.path, ...describeError(error) });
    }
    const { retryAfterSeconds, problems } = error as {
      readonly retryAfterSeconds?: unknown;
      readonly problems?: unknown;
    };
    if (status === 503) {
      const seconds = typeof retryAfterSeconds === "number" ? retryAfterSeconds : 1;
      response.setHeader("Retry-After", String(seconds));
    }
    const message = status === 500 || !(error instanceof Error) ? "internal error" : error.message;
    response.status(status).json({ error: message, ...(problems === undefined ? {} : { problems }) });
  };
}

function statusOf(error: unknown): number {
  const status: unknown = error instanceof Error && "status" in error ? error.status : undefined;
  return typeof status === "number" && status >= 400 && status < 600 ? status : 500;
}

/** An error for the log. Of the database's only the code: its messages quote documents. */
export function describeError(error: unknown): LogFields {
  if (error instanceof MongoServerError) {
    return { error: error.name, code: error.code, codeName: error.codeName };
  }
  return error instanceof Error ? { error: error.name, stack: error.stack } : { error: typeof error };
}
