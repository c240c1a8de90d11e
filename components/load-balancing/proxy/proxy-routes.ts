/** Routes of a proxy: which paths are no ordinary requests, and where one ends and the next begins. Pure. */
import { issue, type Issue } from "../../../budget/core/issues";
import type { ROUTE_KINDS } from "../../../budget/load-balancing/settings";

export { ROUTE_KINDS } from "../../../budget/load-balancing/settings";

export type RouteKind = (typeof ROUTE_KINDS)[number];

/** Paths that stay open, by their first segments. */
export interface ProxyRoute {
  /** `/socket.io`: the path itself and everything below it, `/socket.io/…`. A slash at the end changes nothing. */
  readonly path: string;
  readonly kind: RouteKind;
  /** Port of the service's pods that answers it, 1..65535. @default the service's port */
  readonly port?: number;
}

/** The path without a slash at its end. */
export function routeBase({ path }: Pick<ProxyRoute, "path">): string {
  return path.replace(/\/+$/, "");
}

/**
 * Everything wrong with a list of routes: a path that is none, one that is taken by the proxy, two that overlap.
 *
 * @param reserved paths that the proxy answers itself
 */
export function routeIssues(routes: readonly ProxyRoute[], reserved: readonly string[]): Issue[] {
  return routes.flatMap((route, index) => {
    const at = (field: string): string => `routes[${index}].${field}`;
    const issues: Issue[] = [];
    const base = routeBase(route);
    if (!/^(\/[A-Za-z0-9._~-]+)+\/?$/.test(route.path) || reserved.includes(base)) {
      const allowed = `a path like /socket.io/, other than ${reserved.join(" and ")}`;
      const fix = "Give the first segments that the paths of the route share.";
      issues.push(issue(at("path"), route.path, { allowed, fix }));
    }
    if (
      route.port !== undefined &&
      !(Number.isInteger(route.port) && route.port >= 1 && route.port <= 65_535)
    ) {
      const fix = "Give the port of the service's pods that answers the route, or leave it out.";
      issues.push(issue(at("port"), route.port, { allowed: "a whole number from 1 to 65535", fix }));
    }
    const other = routes.slice(0, index).find((earlier) => overlap(routeBase(earlier), base));
    if (other !== undefined) {
      issues.push(
        issue(at("path"), route.path, {
          allowed: `a path that does not overlap with ${other.path}`,
          fix: "Keep one of them: a path belongs to one route.",
        }),
      );
    }
    return issues;
  });
}

/** True when one of two paths is the other, or lies below it. */
function overlap(first: string, second: string): boolean {
  return `${first}/`.startsWith(`${second}/`) || `${second}/`.startsWith(`${first}/`);
}

/** Where the requests of a route go: streams and ordinary requests are counted and bounded apart. */
export interface RouteTarget {
  /** Name of the group of servers: `application_streams_3000`. */
  readonly name: string;
  readonly protocol: "http" | "grpc";
  /** Port of its servers, the service's own where it is not given. */
  readonly port: number | undefined;
}

/** Name of the group of servers of the proxy's own service. */
export const OWN_GROUP = "application";

/** Name of the group of servers of another service. No name of a service has an underscore. */
export function groupOf(service: string): string {
  return `service_${service}`;
}

/**
 * @param group of the route's service
 * @returns the group of servers of a route
 */
export function routeTarget({ kind, port }: ProxyRoute, group = OWN_GROUP): RouteTarget {
  const protocol = kind === "grpc" ? "grpc" : "http";
  const name = `${group}_${kind === "grpc" ? "grpc" : "streams"}${port === undefined ? "" : `_${port}`}`;
  return { name, protocol, port };
}

/** Every group of servers that routes need, each once. */
export function routeTargets(routes: readonly ProxyRoute[], group = OWN_GROUP): RouteTarget[] {
  const targets = routes.map((route) => routeTarget(route, group));
  return [...new Map(targets.map((target) => [target.name, target])).values()];
}
