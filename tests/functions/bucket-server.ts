import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers on loopback as far as the function's clients ask: GetObject of S3, metadata and media of Cloud Storage. */
export interface BucketServer {
  readonly url: string;
  /** `GET /originals/images/a.jpg`, in order. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

/** @param files by `bucket/key`. A key that is not there is AccessDenied in S3, as without the right to list. */
export async function startBucketServer(files: Readonly<Record<string, Buffer>>): Promise<BucketServer> {
  const requests: string[] = [];
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://bucket");
    requests.push(`${request.method ?? ""} ${url.pathname}`);
    const gcs = /^(?:\/download)?(?:\/storage\/v1)?\/b\/([^/]+)\/o\/(.+)$/.exec(url.pathname);
    const path =
      gcs === null
        ? decodeURIComponent(url.pathname.slice(1))
        : `${gcs[1]}/${decodeURIComponent(gcs[2] ?? "")}`;
    const content = files[path];
    if (content === undefined) {
      const [status, type, body] =
        gcs === null
          ? [
              403,
              "application/xml",
              "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
            ]
          : [404, "application/json", `{"error":{"code":404,"message":"No such object"}}`];
      response.writeHead(Number(status), { "content-type": String(type) }).end(body);
    } else if (gcs !== null && url.searchParams.get("alt") !== "media") {
      const metadata = { name: gcs[2], bucket: gcs[1], generation: "17", size: String(content.length) };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(metadata));
    } else {
      const etag = `"${createHash("md5").update(content).digest("hex")}"`;
      response.writeHead(200, { etag, "content-length": content.length }).end(content);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
