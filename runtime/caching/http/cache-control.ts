/** What a Cache-Control header says. Seconds. */
export interface CacheControl {
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly private: boolean;
  readonly mustRevalidate: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAge?: number;
  readonly sharedMaxAge?: number;
  readonly staleWhileRevalidate?: number;
}

const NOTHING: CacheControl = {
  noStore: false,
  noCache: false,
  private: false,
  mustRevalidate: false,
  onlyIfCached: false,
};

/** What more seconds than anybody keeps count of are taken for (RFC 9111 1.2.2). */
const LONGEST_SECONDS = 2 ** 31;

/** Quotes may hold commas, as in `private="set-cookie, x"`. */
const DIRECTIVE = /([\w-]+)\s*(?:=\s*("[^"]*"|[^\s,;]*))?/g;

/** Reads the header as RFC 9111 5.2 has it: unknown directives are ignored, numbers that are none mean 0. */
export function parseCacheControl(header: string | undefined): CacheControl {
  if (header === undefined || header === "") return NOTHING;
  const directives = new Map<string, string>();
  for (const [, name = "", value = ""] of header.matchAll(DIRECTIVE)) {
    directives.set(name.toLowerCase(), value.replaceAll('"', ""));
  }
  const seconds = (name: string): number | undefined => {
    const text = directives.get(name);
    if (text === undefined) return undefined;
    return /^\d+$/.test(text) ? Math.min(Number(text), LONGEST_SECONDS) : 0;
  };
  const numbers = {
    maxAge: seconds("max-age"),
    sharedMaxAge: seconds("s-maxage"),
    staleWhileRevalidate: seconds("stale-while-revalidate"),
  };
  return {
    noStore: directives.has("no-store"),
    noCache: directives.has("no-cache"),
    private: directives.has("private"),
    mustRevalidate: directives.has("must-revalidate") || directives.has("proxy-revalidate"),
    onlyIfCached: directives.has("only-if-cached"),
    ...(Object.fromEntries(
      Object.entries(numbers).filter(([, value]) => value !== undefined),
    ) as Partial<CacheControl>),
  };
}
