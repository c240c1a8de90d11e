/**
 * Classes of paths and what the edge does with each: the same for every CDN. The components of the CDNs translate it;
 * nothing about caching is decided anywhere else.
 */
import type { EdgeLoadClass } from "./edge";
import { EVERY_PATH, covers } from "./path-patterns";

export type BehaviorClass = "assets" | "images" | "media" | "publicApi" | "api" | "webSocket" | "html";

/** What tells two answers of one path apart, besides the host. Everything else never reaches the origin's answer. */
export interface CacheKey {
  /** Request headers, lower case. Never one that carries who asks. */
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
  readonly query: readonly string[];
}

/** Kept at the edge. Times are seconds and hold where the origin's `Cache-Control` says nothing. */
export interface Cached {
  readonly kind: "cached";
  /** In the browser, where nothing can be purged. */
  readonly browserSeconds: number;
  /** At the edge, where it can. */
  readonly edgeSeconds: number;
  /** After that still given out, while a new copy is fetched. */
  readonly staleWhileRevalidateSeconds: number;
  /** After that still given out, while the origin fails. */
  readonly staleIfErrorSeconds: number;
  /** The name changes with the content. */
  readonly immutable: boolean;
  readonly key: CacheKey;
}

/** Passed on with everything the client sent. */
export interface NotCached {
  readonly kind: "none";
}

/** What the edge does with one class of paths. */
export interface EdgeBehavior {
  readonly class: BehaviorClass;
  /** Patterns with `*`. The most specific one decides. */
  readonly paths: readonly string[];
  /** What answers: the service behind the load balancer, the bucket of built files, or what makes images. */
  readonly target: "service" | "assets" | "images";
  readonly cache: Cached | NotCached;
  /** Brotli and gzip at the edge. */
  readonly compress: boolean;
  /** `read`: GET, HEAD and OPTIONS; anything else is refused at the edge. */
  readonly methods: "read" | "all";
  /** Only with a signature that is valid now. */
  readonly signed: boolean;
  /** The answer is an image whose format follows from the client's `Accept`. */
  readonly negotiatesFormat: boolean;
}

/** Seconds. */
export const YEAR = 31_536_000;
const DAY = 86_400;
const NO_KEY: CacheKey = { headers: [], cookies: [], query: [] };

type Defaults = Omit<EdgeBehavior, "class">;

const READ_ONLY = {
  target: "service",
  compress: true,
  methods: "read",
  signed: false,
  negotiatesFormat: false,
} as const;
const PASSED_ON = {
  target: "service",
  cache: { kind: "none" },
  methods: "all",
  signed: false,
  negotiatesFormat: false,
} as const;

function cached(times: Partial<Omit<Cached, "kind">>): Cached {
  return {
    kind: "cached",
    browserSeconds: 0,
    edgeSeconds: 0,
    staleWhileRevalidateSeconds: 0,
    staleIfErrorSeconds: DAY,
    immutable: false,
    key: NO_KEY,
    ...times,
  };
}

/** What a class is where the stack file says nothing. A class without paths is not there. */
export const BEHAVIOR_DEFAULTS: Readonly<Record<BehaviorClass, Defaults>> = {
  // A build gives each content a name of its own: the copy is right for ever.
  assets: {
    ...READ_ONLY,
    target: "assets",
    paths: ["/assets/*"],
    cache: cached({ browserSeconds: YEAR, edgeSeconds: YEAR, immutable: true }),
  },
  // Images are compressed already.
  images: {
    ...READ_ONLY,
    paths: ["/images/*"],
    cache: cached({
      browserSeconds: DAY,
      edgeSeconds: 30 * DAY,
      staleWhileRevalidateSeconds: DAY,
      key: { ...NO_KEY, query: ["format", "quality", "width"] },
    }),
    compress: false,
    negotiatesFormat: true,
  },
  media: {
    ...READ_ONLY,
    target: "assets",
    paths: [],
    cache: cached({ edgeSeconds: DAY }),
    compress: false,
    signed: true,
  },
  // The same for everybody, and asked for by everybody at once: a second in the cache takes the crowd off the service.
  publicApi: {
    ...READ_ONLY,
    paths: [],
    cache: cached({ edgeSeconds: 1, staleWhileRevalidateSeconds: 5, staleIfErrorSeconds: 60 }),
  },
  api: { ...PASSED_ON, paths: ["/api/*"], compress: true },
  webSocket: { ...PASSED_ON, paths: [], compress: false },
  html: {
    ...READ_ONLY,
    paths: [EVERY_PATH],
    cache: cached({ edgeSeconds: 60, staleWhileRevalidateSeconds: 600 }),
  },
};

export const BEHAVIOR_CLASSES = Object.keys(BEHAVIOR_DEFAULTS) as readonly BehaviorClass[];

/** What a stack file may say of a class that is cached. */
export interface CachedOptions {
  readonly paths?: readonly string[] | undefined;
  readonly browserSeconds?: number | undefined;
  readonly edgeSeconds?: number | undefined;
  readonly staleWhileRevalidateSeconds?: number | undefined;
  readonly staleIfErrorSeconds?: number | undefined;
  readonly key?: { readonly [Part in keyof CacheKey]?: readonly string[] | undefined } | undefined;
  readonly signed?: boolean | undefined;
}

/** What a stack file may say of a class that is passed on. */
export interface PassedOnOptions {
  readonly paths?: readonly string[] | undefined;
}

/** Changes of the defaults. */
export interface BehaviorOptions {
  readonly assets?: CachedOptions | undefined;
  readonly images?: CachedOptions | undefined;
  readonly media?: CachedOptions | undefined;
  readonly publicApi?: CachedOptions | undefined;
  readonly api?: PassedOnOptions | undefined;
  readonly webSocket?: PassedOnOptions | undefined;
  readonly html?: Omit<CachedOptions, "paths"> | undefined;
}

/** The behaviours of a CDN: every class that has paths, with its defaults. */
export function edgeBehaviors(options: BehaviorOptions = {}): EdgeBehavior[] {
  return BEHAVIOR_CLASSES.map((name): EdgeBehavior => {
    const defaults = BEHAVIOR_DEFAULTS[name];
    const given: CachedOptions = options[name] ?? {};
    const { paths = defaults.paths, signed = defaults.signed, key, ...times } = given;
    const { cache } = defaults;
    if (cache.kind === "none") return { class: name, ...defaults, paths };
    return {
      class: name,
      ...defaults,
      paths,
      signed,
      cache: { ...cache, ...defined(times), key: { ...cache.key, ...defined(key ?? {}) } },
    };
  }).filter(({ paths }) => paths.length > 0);
}

/**
 * The behaviours where the CDN makes the variants of images: the path of a variant is its whole key, and nothing is
 * left to negotiate.
 *
 * @param target what the CDN asks on a miss: its own function, or the service for the original
 */
export function withImageVariants(
  behaviors: readonly EdgeBehavior[],
  target: "images" | "service",
): EdgeBehavior[] {
  return behaviors.map((behavior) =>
    behavior.class === "images" && behavior.cache.kind === "cached"
      ? { ...behavior, target, negotiatesFormat: false, cache: { ...behavior.cache, key: NO_KEY } }
      : behavior,
  );
}

/** What a CDN does with each class of paths, by what a stack file says of it. */
export function cdnBehaviors({
  provider,
  behaviors,
  images,
}: {
  readonly provider: "cloudfront" | "cloudflare";
  readonly behaviors: BehaviorOptions;
  readonly images?: object | undefined;
}): EdgeBehavior[] {
  const classes = edgeBehaviors(behaviors);
  if (images === undefined) return classes;
  return withImageVariants(classes, provider === "cloudfront" ? "images" : "service");
}

/** The classes as far as they matter to the load. */
export function loadClasses(behaviors: readonly EdgeBehavior[]): EdgeLoadClass[] {
  return behaviors.map(({ class: name, cache, target }) => ({
    name,
    cached: cache.kind === "cached",
    target,
  }));
}

function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** One path pattern and what happens there. */
export interface EdgeRoute {
  readonly pattern: string;
  readonly behavior: EdgeBehavior;
}

/** Every pattern, the more specific before those that cover it, so that the first that matches decides. */
export function edgeRoutes(behaviors: readonly EdgeBehavior[]): EdgeRoute[] {
  const routes = behaviors.flatMap((behavior) => behavior.paths.map((pattern) => ({ pattern, behavior })));
  const depth = ({ pattern }: EdgeRoute): number =>
    routes.filter((other) => covers(other.pattern, pattern)).length;
  return routes
    .map((route) => ({ route, depth: depth(route) }))
    .sort((a, b) => b.depth - a.depth)
    .map(({ route }) => route);
}

/** Patterns of other classes that take paths away from this one. */
export function exceptionsOf(behavior: EdgeBehavior, behaviors: readonly EdgeBehavior[]): string[] {
  return edgeRoutes(behaviors)
    .filter((route) => route.behavior.class !== behavior.class)
    .map(({ pattern }) => pattern)
    .filter((pattern) => behavior.paths.some((own) => covers(own, pattern)));
}

/** `Cache-Control` of a cached class: what the origin should send, and what the edge adds where it sends none. */
export function cacheControl({ cache }: EdgeBehavior): string | undefined {
  if (cache.kind === "none") return undefined;
  const seconds = (directive: string, value: number): string[] =>
    value > 0 ? [`${directive}=${value}`] : [];
  return [
    "public",
    `max-age=${cache.browserSeconds}`,
    `s-maxage=${cache.edgeSeconds}`,
    ...seconds("stale-while-revalidate", cache.staleWhileRevalidateSeconds),
    ...seconds("stale-if-error", cache.staleIfErrorSeconds),
    ...(cache.immutable ? ["immutable"] : []),
  ].join(", ");
}
