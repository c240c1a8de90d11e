import type { Response } from "express";

/** An answer as the handler made it. */
export interface CapturedResponse {
  readonly status: number;
  /** Names as they were set. */
  readonly headers: ReadonlyMap<string, string | readonly string[]>;
  readonly body: Buffer;
}

/** What became of an answer: whole, or sent in pieces, which nobody keeps. */
export type Capture =
  | { readonly kind: "whole"; readonly response: CapturedResponse; readonly send: () => void }
  | { readonly kind: "streamed" };

type End = (chunk?: unknown, encoding?: unknown, callback?: unknown) => Response;

function bodyOf(chunk: unknown, encoding: unknown): Buffer {
  if (chunk === undefined || chunk === null || typeof chunk === "function") return Buffer.alloc(0);
  if (typeof chunk === "string") {
    return Buffer.from(chunk, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8");
  }
  if (Buffer.isBuffer(chunk)) return chunk;
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  throw new TypeError("the end of an answer is text or bytes");
}

function textOf(value: unknown): string | readonly string[] {
  return Array.isArray(value) ? value.map(String) : String(value);
}

/** Sets what `writeHead` was given as if it had been set before. */
function applyHead(response: Response, rest: readonly unknown[]): void {
  const headers = rest.find((one) => typeof one === "object" && one !== null);
  if (headers === undefined) return;
  if (Array.isArray(headers)) {
    const flat = headers.flat() as unknown[];
    for (let at = 0; at + 1 < flat.length; at += 2) {
      response.setHeader(String(flat[at]), textOf(flat[at + 1]));
    }
    return;
  }
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, textOf(value));
  }
}

function headersOf(response: Response): ReadonlyMap<string, string | readonly string[]> {
  // Every outgoing message has it; the types give it to requests alone.
  const { getRawHeaderNames } = response as unknown as { readonly getRawHeaderNames: () => string[] };
  const names = getRawHeaderNames.call(response);
  return new Map(names.map((name) => [name, textOf(response.getHeader(name))]));
}

/**
 * Holds the answer back until it is whole, then tells. What is written in pieces goes through as it comes.
 *
 * @param told gets the whole answer and what sends it: with the headers that are set by then, unless `send` of another
 *   answer is used instead
 */
export function captureResponse(response: Response, told: (capture: Capture) => void): void {
  const original = {
    end: response.end.bind(response),
    write: response.write.bind(response),
    writeHead: response.writeHead.bind(response),
    flushHeaders: response.flushHeaders.bind(response),
  };
  const restore = (): void => void Object.assign(response, original);
  const streamed = (): void => {
    restore();
    told({ kind: "streamed" });
  };
  response.writeHead = ((status: number, ...rest: unknown[]) => {
    response.statusCode = status;
    applyHead(response, rest);
    return response;
  }) as typeof original.writeHead;
  response.flushHeaders = () => {
    streamed();
    response.flushHeaders();
  };
  response.write = ((...args: Parameters<typeof original.write>) => {
    streamed();
    return response.write(...args);
  }) as typeof original.write;
  response.end = ((chunk?: unknown, encoding?: unknown, callback?: unknown) => {
    restore();
    const body = bodyOf(chunk, encoding);
    const captured = { status: response.statusCode, headers: headersOf(response), body };
    told({
      kind: "whole",
      response: captured,
      send: () => void (original.end as End)(chunk, encoding, callback),
    });
    return response;
  }) as typeof original.end;
}

/**
 * Gives a response that has been sent a second life: what a handler does to it now goes nowhere but to `told`. So the
 * same handlers make the new value while the client has the stale one.
 */
export function detachResponse(response: Response, told: (capture: Capture) => void): void {
  const headers = new Map<string, { readonly name: string; value: string | readonly string[] }>();
  let ended = false;
  const finish = (capture: Capture): void => {
    if (ended) return;
    ended = true;
    told(capture);
  };
  const set = (name: string, value: unknown): Response => {
    headers.set(name.toLowerCase(), { name, value: textOf(value) });
    return response;
  };
  const own: Record<string, unknown> = {
    statusCode: 200,
    setHeader: set,
    appendHeader: (name: string, value: unknown) => {
      const before = headers.get(name.toLowerCase())?.value ?? [];
      return set(name, [before, textOf(value)].flat());
    },
    getHeader: (name: string) => headers.get(name.toLowerCase())?.value,
    getHeaders: () => Object.fromEntries([...headers].map(([name, { value }]) => [name, value])),
    getHeaderNames: () => [...headers.keys()],
    getRawHeaderNames: () => [...headers.values()].map(({ name }) => name),
    hasHeader: (name: string) => headers.has(name.toLowerCase()),
    removeHeader: (name: string) => void headers.delete(name.toLowerCase()),
    writeHead: (status: number, ...rest: unknown[]) => {
      response.statusCode = status;
      applyHead(response, rest);
      return response;
    },
    flushHeaders: () => finish({ kind: "streamed" }),
    write: () => {
      finish({ kind: "streamed" });
      return true;
    },
    end: (chunk?: unknown, encoding?: unknown) => {
      const whole = {
        status: response.statusCode,
        headers: headersOf(response),
        body: bodyOf(chunk, encoding),
      };
      finish({ kind: "whole", response: whole, send: () => undefined });
      return response;
    },
    destroy: () => {
      finish({ kind: "streamed" });
      return response;
    },
  };
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(response, name, { value, writable: true, configurable: true });
  }
  const state: Record<string, () => boolean> = {
    headersSent: () => ended,
    writableEnded: () => ended,
    destroyed: () => false,
  };
  for (const [name, get] of Object.entries(state)) {
    Object.defineProperty(response, name, { get, set: () => undefined, configurable: true });
  }
}
