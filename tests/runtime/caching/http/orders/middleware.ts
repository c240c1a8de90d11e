import compression from "compression";
import compression17 from "compression-1-7";
import cors from "cors";
import type { RequestHandler } from "express";
import session from "express-session";
import session117 from "express-session-1-17";
import session118 from "express-session-1-18";
import helmet from "helmet";
import morgan from "morgan";
import onHeaders from "on-headers";
import responseTime from "response-time";

/** Real middleware, as their own pages say to use it; a new one for each application. */
export const MIDDLEWARE: Readonly<Record<string, () => readonly RequestHandler[]>> = {
  nothing: () => [],
  compression: () => [compression()],
  "compression 1.7": () => [compression17()],
  "express-session": () => [sessionOf(session)],
  "express-session 1.18": () => [sessionOf(session118)],
  "express-session 1.17": () => [sessionOf(session117)],
  helmet: () => [helmet()],
  morgan: () => [morgan("tiny", { stream: { write: () => undefined } })],
  "response-time": () => [responseTime()],
  cors: () => [cors({ origin: ["https://a.example", "https://b.example"], credentials: true })],
  "a wrapped writeHead": () => [plainWrapper],
  "all of them": () => [
    morgan("tiny", { stream: { write: () => undefined } }),
    responseTime(),
    helmet(),
    cors({ origin: ["https://a.example", "https://b.example"] }),
    compression(),
    sessionOf(session),
  ],
};

export const SESSIONS: Readonly<Record<string, typeof session>> = {
  "express-session": session,
  "express-session 1.18": session118,
  "express-session 1.17": session117,
};

export function sessionOf(of: typeof session, saveUninitialized = false): RequestHandler {
  return of({ secret: "a secret of the tests", resave: false, saveUninitialized });
}

/** A cookie that is set as the head is written, for who asks for one. */
export const cookieAtHead: RequestHandler = (request, response, next) => {
  onHeaders(response, () => {
    if (request.headers["x-new-cookie"] !== undefined) response.setHeader("Set-Cookie", "visitor=1; Path=/");
  });
  next();
};

/** As many write it by hand: not twice for one answer, and past the response's own methods. */
const plainWrapper: RequestHandler = (_request, response, next) => {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => typeof response;
  response.writeHead = ((...args: unknown[]) => {
    response.appendHeader("X-Heads", "one");
    return writeHead(...args);
  }) as typeof response.writeHead;
  next();
};
