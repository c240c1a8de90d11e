import type { ImageHandler } from "./handler";

/** What is read of an event of a Lambda function URL, payload format 2.0. */
export interface FunctionUrlEvent {
  readonly rawPath: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly requestContext: { readonly http: { readonly method: string } };
}

export interface FunctionUrlAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: true;
}

/** A Lambda handler for a function URL with buffered answers. */
export function forFunctionUrl(
  handle: ImageHandler,
): (event: FunctionUrlEvent) => Promise<FunctionUrlAnswer> {
  return async (event) => {
    const { status, headers, body } = await handle({
      method: event.requestContext.http.method,
      path: event.rawPath,
      ifNoneMatch: event.headers?.["if-none-match"],
    });
    return { statusCode: status, headers, body: body.toString("base64"), isBase64Encoded: true };
  };
}
