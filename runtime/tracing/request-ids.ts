import { randomUUID } from "node:crypto";
import type { RequestHandler } from "express";
import { inRequest, openTelemetry } from "../shared/correlation";

/** Header of the id: the platform's proxies give one to every request, in their logs, too. */
const HEADER = "X-Request-ID";

/** What can stand in a header, a log line and a query without quotes. The proxies take the same from those they trust. */
const PATTERN = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Middleware that gives each request the id of the proxy, or one of its own where there is none. It belongs before everything
 * that logs or queries. The id is in the answer's `X-Request-ID`, in the lines of `jsonLogger`, in the `comment` of what
 * `Database.run` sends, and on the active span of OpenTelemetry as `http.request.header.x-request-id`.
 */
export function requestIds(): RequestHandler {
  return (request, response, next) => {
    const given = request.get(HEADER);
    const requestId = given !== undefined && PATTERN.test(given) ? given : randomUUID();
    response.setHeader(HEADER, requestId);
    openTelemetry()?.trace.getActiveSpan()?.setAttribute("http.request.header.x-request-id", [requestId]);
    inRequest(requestId, next);
  };
}
