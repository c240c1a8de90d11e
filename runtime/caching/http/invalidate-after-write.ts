import type { Request, Response } from "express";
import { pathTag } from "./path-tag";

interface Declared {
  readonly tags?: readonly string[];
  readonly paths?: readonly string[];
}

export interface Invalidated {
  /** Of the request itself, its path among them. */
  readonly tags: readonly string[];
  /** What the route declares. */
  readonly invalidates: ((request: Request) => Declared) | undefined;
}

/** What a handler asks for, or calls, when it comes to its end and the answer has gone out without it. */
const SIGNS_OF_LIFE = ["setHeader", "write", "writeHead", "end"] as const;

/**
 * Invalidates before the last byte of a write's answer is sent: who has the answer to a write and then reads, reads what
 * was written. After a write that was refused there is nothing to invalidate (RFC 9111 4.4). An answer that says nothing
 * about the write, for a deadline or a failure has made it, invalidates as well; the handler may still be at work then, so
 * it does once more when the handler comes to its end.
 */
export function invalidateAfterWrite(
  request: Request,
  response: Response,
  { tags, invalidates }: Invalidated,
  invalidate: (tags: readonly string[]) => Promise<void>,
): void {
  const end = response.end.bind(response) as (...args: unknown[]) => Response;
  const declared = (): Declared => invalidates?.(request) ?? {};
  const invalidateAll = ({ tags: more = [], paths = [] }: Declared): Promise<void> => {
    const places = [...paths, ...placesOf(request, response)];
    return invalidate([...new Set([...tags, ...places.map(pathTag), ...more])]);
  };
  /** What a route declares may need what only a write that went well has left on the request. */
  const invalidateAnyway = async (): Promise<void> => {
    try {
      await invalidateAll(declared());
    } catch {
      await invalidateAll({});
    }
  };
  let state: "open" | "waiting" | "over" = "open";
  response.end = ((...args: unknown[]) => {
    if (state === "waiting") return response;
    const { statusCode } = response;
    const unsaid = saysNothing(statusCode);
    if (state === "over" || (statusCode >= 400 && !unsaid)) {
      state = "over";
      return end(...args);
    }
    const invalidated = unsaid ? invalidateAnyway() : invalidateAll(declared());
    state = "waiting";
    const finish = (): void => {
      state = "over";
      end(...args);
      if (unsaid) onSignOfLife(response, () => void invalidateAnyway());
    };
    invalidated.then(finish, finish);
    return response;
  }) as typeof response.end;
  // A client that left does not end the write.
  response.once("close", () => {
    if (state === "open") void invalidateAnyway();
  });
}

/** Whether the write may have been done, or be under way. */
function saysNothing(status: number): boolean {
  return status >= 500 || status === 408;
}

/** Paths of this host that the answer names as what was made or changed. */
function placesOf(request: Request, response: Response): string[] {
  const here = `http://${request.headers.host ?? "localhost"}`;
  return ["location", "content-location"].flatMap((name) => {
    const place = response.getHeader(name);
    if (typeof place !== "string" || !URL.canParse(place, `${here}${request.originalUrl}`)) return [];
    const { host, pathname } = new URL(place, `${here}${request.originalUrl}`);
    return host === new URL(here).host ? [pathname] : [];
  });
}

/** Tells when somebody still uses an answer that has been ended. */
function onSignOfLife(response: Response, told: () => void): void {
  const own = response as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of SIGNS_OF_LIFE) {
    const method = own[name];
    own[name] = (...args: unknown[]) => {
      told();
      return method?.apply(response, args);
    };
  }
  for (const name of ["headersSent", "writableEnded"]) {
    Object.defineProperty(response, name, {
      configurable: true,
      get: () => {
        told();
        return true;
      },
    });
  }
}
