import type { Request, Response } from "express";
import { pathOf } from "./request-key";

/** Every answer has the tag of its path: a write to a path invalidates what was read from it, whatever the query. */
export function pathTag(path: string): string {
  return `path:${path}`;
}

type Invalidates = (request: Request) => {
  readonly tags?: readonly string[];
  readonly paths?: readonly string[];
};

/**
 * Invalidates before the last byte of a write's answer is sent: who has the answer to a write and then reads, reads what
 * was written. Only after a write that succeeded (RFC 9111 4.4).
 */
export function invalidateAfterWrite(
  request: Request,
  response: Response,
  invalidates: Invalidates | undefined,
  invalidate: (tags: readonly string[]) => Promise<void>,
): void {
  const end = response.end.bind(response);
  response.end = ((...args: Parameters<typeof end>) => {
    response.end = end;
    const finish = (): void => void end(...args);
    if (response.statusCode >= 400) {
      finish();
      return response;
    }
    const { tags = [], paths = [] } = invalidates?.(request) ?? {};
    const all = [pathOf(request), ...paths].map(pathTag).concat(tags);
    invalidate(all).then(finish, finish);
    return response;
  }) as typeof end;
}
