import type { IncomingMessage, ServerResponse } from "node:http";

import type { ImageHandler } from "./handler";

/** An HTTP function of Cloud Run functions; of the framework's request and response it uses what Node's have. */
export function forHttp(
  handle: ImageHandler,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const [path = "/"] = (request.url ?? "/").split("?");
    const { status, headers, body } = await handle({
      method: request.method ?? "GET",
      path,
      ifNoneMatch: request.headers["if-none-match"],
    });
    response.writeHead(status, headers).end(body);
  };
}
