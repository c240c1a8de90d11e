/** Rules about what the CDN and the load balancer behind it are both told: hosts, and paths that stay open. */
import { issue, type Issue } from "../../budget/core/issues";
import type { SettingPath } from "../../budget/core/settings";
import { edgeRoutes, type EdgeBehavior } from "../../budget/edge/behaviors";
import { isWithinZone } from "../../components/edge/edge-args";
import { covers, overlap } from "../../budget/edge/path-patterns";
import { routeBase, type ProxyRoute } from "../../components/load-balancing/proxy/proxy-routes";
import type { CdnConfig } from "./schema/stack";

/** A path that stays open, and where the file has it. */
export type OpenPath = Pick<ProxyRoute, "path" | "kind"> & { readonly at: SettingPath };

/** What stands behind the CDN; undefined where that is not sound by itself. */
export interface CdnOrigin {
  /** Names of the cloud's load balancer. */
  readonly hosts: readonly string[] | undefined;
  /** Paths of the proxy that stay open. */
  readonly routes: readonly OpenPath[] | undefined;
}

export function wayIssues(
  cdn: CdnConfig,
  behaviors: readonly EdgeBehavior[],
  { hosts, routes }: CdnOrigin,
): Issue[] {
  return [
    ...(hosts === undefined ? [] : [...hostIssues(cdn, hosts), ...zoneIssues(cdn, hosts)]),
    ...(routes === undefined ? [] : [...routeIssues(behaviors, routes), ...socketIssues(behaviors, routes)]),
  ];
}

/** A name is either that of the CDN or that of what it asks. */
function hostIssues({ hosts, failover }: CdnConfig, origins: readonly string[]): Issue[] {
  const issues = hosts.flatMap((host, index): Issue[] =>
    origins.includes(host)
      ? [
          issue(["cdn", "hosts", index], host, {
            allowed: "a name that is not in loadBalancer.public.hosts: the CDN would ask itself",
            fix: "Give the load balancer a name of its own, like origin.example.com.",
          }),
        ]
      : [],
  );
  const second = failover?.hostname;
  if (second !== undefined && [...hosts, ...origins].includes(second)) {
    issues.push(
      issue(["cdn", "failover", "hostname"], second, {
        allowed: "the name of a second load balancer, in neither cdn.hosts nor loadBalancer.public.hosts",
        fix: "Give the name of another one, or remove the key.",
      }),
    );
  }
  return issues;
}

/** Records of the load balancer's names are written in one place: the zone of Cloudflare, or the cloud's own. */
function zoneIssues({ provider, zone }: CdnConfig, origins: readonly string[]): Issue[] {
  if (provider !== "cloudflare") return [];
  const inside = origins.filter((host) => isWithinZone(host, zone));
  if (inside.length === 0 || inside.length === origins.length) return [];
  return [
    issue(["loadBalancer", "public", "hosts"], origins.join(" "), {
      allowed: `names that are all within ${zone}, where Cloudflare has their records, or all outside of it`,
      fix: "Keep one kind: a CDN connects to the first.",
    }),
  ];
}

/** Every path that stays open has to reach the proxy as the client sent it. */
function routeIssues(behaviors: readonly EdgeBehavior[], routes: NonNullable<CdnOrigin["routes"]>): Issue[] {
  const passing = behaviors.filter(({ cache }) => cache.kind === "none").flatMap(({ paths }) => paths);
  return routes.flatMap((route): Issue[] => {
    const { at } = route;
    if (route.kind === "grpc") {
      const allowed = '"websocket" or "sse" behind a CDN, which asks the load balancer over HTTP/1.1';
      return [
        issue([...at, "kind"], route.kind, {
          allowed,
          fix: "Let clients of gRPC connect to a load balancer without a CDN, in a stack of its own.",
        }),
      ];
    }
    const lost = patternsOf(route).filter((pattern) => !passes(pattern, behaviors));
    if (lost.length === 0) return [];
    return [
      issue([...at, "path"], route.path, {
        allowed: `a path that the CDN passes on: behaviors.webSocket.paths or behaviors.api.paths, which are ${passing.join(", ") || "none"}`,
        fix: `Add ${lost.join(" and ")} to retrofitlink:cdn.behaviors.webSocket.paths; on any other class it is cached, and cannot be upgraded.`,
      }),
    ];
  });
}

/** What is upgraded at the edge and not at the proxy is upgraded nowhere. */
function socketIssues(behaviors: readonly EdgeBehavior[], routes: NonNullable<CdnOrigin["routes"]>): Issue[] {
  const known = routes.flatMap(patternsOf);
  const sockets = behaviors.find((behavior) => behavior.class === "webSocket")?.paths ?? [];
  return sockets.flatMap((pattern, index): Issue[] =>
    known.some((route) => overlap(route, pattern))
      ? []
      : [
          issue(["cdn", "behaviors", "webSocket", "paths", index], pattern, {
            allowed: "a path that loadBalancer.routes has as well: the proxy upgrades no other",
            fix: "Add it there with its kind, or give it to behaviors.api.",
          }),
        ],
  );
}

/** Paths of a route as patterns of a CDN. */
function patternsOf(route: Pick<ProxyRoute, "path">): string[] {
  const base = routeBase(route);
  return route.path.endsWith("/") ? [`${base}/*`] : [base, `${base}/*`];
}

/** True when every request of a pattern belongs to classes that are passed on. */
function passes(pattern: string, behaviors: readonly EdgeBehavior[]): boolean {
  // The most specific first: all before the one that takes in the whole pattern take parts of it.
  for (const { pattern: own, behavior } of edgeRoutes(behaviors)) {
    if (!overlap(own, pattern)) continue;
    if (behavior.cache.kind !== "none") return false;
    if (covers(own, pattern)) return true;
  }
  return false;
}
