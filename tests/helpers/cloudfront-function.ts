/** CloudFront Functions outside of CloudFront: events in the documented shape, and a context without Node in it. */
import vm from "node:vm";

export type FunctionQuery = Record<string, string | { value: string; multiValue?: { value: string }[] }>;

export interface ViewerRequest {
  readonly uri: string;
  readonly query?: FunctionQuery;
  readonly method?: string;
  /** Undefined leaves a header out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** An event of version 1.0, as CloudFront documents it for viewer requests. */
export function viewerRequestEvent({ uri, query = {}, method = "GET", headers = {} }: ViewerRequest): object {
  const values = Object.entries(query).map(([name, value]) => [
    name,
    typeof value === "string" ? { value } : value,
  ]);
  const given = Object.entries(headers).filter(([, value]) => value !== undefined);
  return {
    version: "1.0",
    context: {
      distributionDomainName: "d111111abcdef8.cloudfront.net",
      distributionId: "EDFDVBD6EXAMPLE",
      eventType: "viewer-request",
      requestId: "EXAMPLEntjQpEXAMPLE_SG5Z-EXAMPLEPmPfEXAMPLEu3EqEXAMPLE==",
    },
    viewer: { ip: "198.51.100.11" },
    request: {
      method,
      uri,
      querystring: Object.fromEntries(values) as object,
      headers: {
        host: { value: "www.example.com" },
        "user-agent": { value: "Mozilla/5.0" },
        ...Object.fromEntries(given.map(([name, value]) => [name, { value }])),
      },
      cookies: { session: { value: "abc", attributes: "Secure" } },
    },
  };
}

/** What a function answers: the request, changed, or a response. */
export interface FunctionAnswer {
  readonly uri?: string;
  readonly querystring?: object;
  readonly cookies?: object;
  readonly statusCode?: number;
  readonly headers: Readonly<Record<string, { readonly value: string }>>;
  readonly body?: { readonly data: string };
}

/** Runs a function in a fresh context: nothing of Node is there, and nothing is kept between requests. */
export function runFunction(code: string, event: object): FunctionAnswer {
  const call = `${code}\nJSON.stringify(handler(${JSON.stringify(event)}))`;
  return JSON.parse(vm.runInNewContext(call, {}, { timeout: 5_000 }) as string) as FunctionAnswer;
}
