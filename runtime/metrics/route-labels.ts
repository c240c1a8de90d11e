import type { Request } from "express";

/** Label of a request that no route matched. */
const UNMATCHED = "unmatched";

/** Label of routes past the bound: an application makes them while it runs. */
const OTHER = "other";

/** Routes of an application with labels of their own. */
const MOST_ROUTES = 500;

/** Places that one route is known at; a router can be mounted more than once. */
const MOST_PLACES = 8;

/** What Express puts into `request.route`: one object for each route of the application. */
interface MatchedRoute {
  readonly path: string | RegExp | readonly (string | RegExp)[];
}

/** One value of `request.params`; a wildcard has a list. */
type ParameterValue = string | readonly string[] | undefined;

/**
 * Names of routes for the labels of metrics: `/tenants/:tenant/items/:item` and not the address as it was sent.
 *
 * Bounded by what the application is made of, and not by what clients ask for: a label belongs to a route object, of
 * which 500 are known, at 8 places each. A route at more places than that, such as one on a router that is mounted at a
 * regular expression, is known as `*` and its own pattern. So no client can use up the labels of another route.
 */
export class RouteLabels {
  private readonly places = new WeakMap<object, Set<string>>();
  private routes = 0;

  /**
   * Notes the route of a request as Express finds it. Noted at the match, for when the answer is through the router may
   * have taken the path it is mounted at off the request again, as it does before an error handler.
   *
   * @returns the label of the last route that matched
   */
  watch(request: Request): () => string {
    let label = UNMATCHED;
    let route: unknown = request.route;
    let base: string | undefined = request.baseUrl;
    const patterns = new Map([[base, foldCase(base)]]);
    Object.defineProperties(request, {
      route: {
        configurable: true,
        enumerable: true,
        get: () => route,
        set: (matched: MatchedRoute | undefined) => {
          route = matched;
          if (matched !== undefined) label = this.labelOf(matched, patterns.get(base ?? "") ?? "*");
        },
      },
      // Express sets it when it enters a router, just after the parameters of the path that the router is mounted at.
      baseUrl: {
        configurable: true,
        enumerable: true,
        get: () => base,
        set: (entered: string | undefined) => {
          // When all routers are done it is what it was before the first: nothing.
          if (
            entered !== undefined &&
            base !== undefined &&
            !patterns.has(entered) &&
            entered.startsWith(base)
          ) {
            const mounted = patternOf(entered.slice(base.length), request.params);
            patterns.set(entered, `${patterns.get(base) ?? ""}${mounted}`);
          }
          base = entered;
        },
      },
    });
    return () => label;
  }

  private labelOf(route: MatchedRoute, place: string): string {
    let places = this.places.get(route);
    if (places === undefined) {
      if (this.routes >= MOST_ROUTES) return OTHER;
      this.routes++;
      places = new Set();
      this.places.set(route, places);
    }
    if (!places.has(place)) {
      if (places.size >= MOST_PLACES) return `*${String(route.path)}`;
      places.add(place);
    }
    return `${place}${String(route.path)}`;
  }
}

/**
 * Pattern of the path that a router is mounted at, from the path as it was sent and the parameters in it.
 *
 * Values are looked for from the end, since a fixed beginning such as `/tenants/` comes first and may equal a value.
 */
function patternOf(path: string, parameters: Readonly<Record<string, ParameterValue>>): string {
  const segments = path.split("/");
  const names = new Map<number, string>();
  for (const [name, value] of Object.entries(parameters).reverse()) {
    if (value === undefined) continue;
    const parts = typeof value === "string" ? [value] : value;
    const at = lastIndexOf(segments, parts, names);
    if (at === undefined) continue;
    parts.forEach((_, index) =>
      names.set(at + index, index === 0 ? (parts === value ? `*${name}` : `:${name}`) : ""),
    );
  }
  return segments
    .map((segment, index) => names.get(index) ?? foldCase(segment))
    .filter((segment, index) => segment !== "" || index === 0)
    .join("/");
}

/** Where `parts` stand one after the other in `segments`, none of them taken: the last place. */
function lastIndexOf(
  segments: readonly string[],
  parts: readonly string[],
  taken: ReadonlyMap<number, string>,
): number | undefined {
  for (let at = segments.length - parts.length; at >= 0; at--) {
    if (parts.every((part, index) => !taken.has(at + index) && decoded(segments[at + index]) === part))
      return at;
  }
  return undefined;
}

function decoded(segment: string | undefined): string | undefined {
  if (segment?.includes("%") !== true) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Express ignores the case of a path unless it is told: all spellings are one route, and one label. */
function foldCase(path: string): string {
  return path.toLowerCase();
}
