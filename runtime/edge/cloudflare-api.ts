/** The least of Cloudflare's API that is needed here: one POST with a token. */

export interface CloudflareApiOptions {
  /** Token with the permissions of the call. A secret. */
  readonly token: string;
  /** @default Cloudflare's */
  readonly baseUrl?: string;
  /** Milliseconds. @default 10,000 */
  readonly timeoutMs?: number;
}

/** What came back. */
export interface CloudflareAnswer {
  readonly status: number;
  /** From `Retry-After`, seconds. */
  readonly retryAfterSeconds: number | undefined;
  readonly body: unknown;
}

/** The API refused a call. The message has its own words, and never the token. */
export class CloudflareApiError extends Error {
  override readonly name = "CloudflareApiError";

  constructor(
    readonly status: number,
    details: string,
  ) {
    super(`Cloudflare answered ${status}: ${details}`);
  }
}

const CLOUDFLARE = "https://api.cloudflare.com/client/v4";

export async function postToCloudflare(
  path: string,
  body: unknown,
  { token, baseUrl = CLOUDFLARE, timeoutMs = 10_000 }: CloudflareApiOptions,
): Promise<CloudflareAnswer> {
  const response = await fetch(`${baseUrl}${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  const retryAfter = Number(response.headers.get("retry-after") ?? "");
  return {
    status: response.status,
    retryAfterSeconds: retryAfter > 0 ? retryAfter : undefined,
    body: parsed(text),
  };
}

/** Messages of `errors`, or what the answer begins with. */
export function errorsOf({ body }: CloudflareAnswer): string {
  const { errors } = (typeof body === "object" && body !== null ? body : {}) as { errors?: unknown };
  const messages = Array.isArray(errors)
    ? errors.flatMap((error: { message?: unknown }) =>
        typeof error.message === "string" ? [error.message] : [],
      )
    : [];
  return messages.length > 0 ? messages.join("; ") : JSON.stringify(body).slice(0, 200);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 200);
  }
}
