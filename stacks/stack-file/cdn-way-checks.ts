/** Rules about what the CDN and the load balancer behind it are both told: hosts, and paths that stay open. */
import { edgeRoutes, type EdgeBehavior } from "../../budget/edge/behaviors";
import { isWithinZone } from "../../components/edge/edge-args";
import { covers, overlap } from "../../budget/edge/path-patterns";
import { routeBase, type ProxyRoute } from "../../components/load-balancing/proxy/proxy-routes";
import { show, type ConfigPath, type ConfigProblem } from "./config-problems";
import type { CdnConfig } from "./schema/stack";

/** A path that stays open, and where the file has it. */
export type OpenPath = Pick<ProxyRoute, "path" | "kind"> & { readonly at: ConfigPath };

/** What stands behind the CDN; undefined where that is not sound by itself. */
export interface CdnOrigin {
  /** Names of the cloud's load balancer. */
  readonly hosts: readonly string[] | undefined;
  /** Paths of the proxy that stay open. */
  readonly routes: readonly OpenPath[] | undefined;
}

export function wayMistakes(
  cdn: CdnConfig,
  behaviors: readonly EdgeBehavior[],
  { hosts, routes }: CdnOrigin,
): ConfigProblem[] {
  return [
    ...(hosts === undefined ? [] : [...hostMistakes(cdn, hosts), ...zoneMistakes(cdn, hosts)]),
    ...(routes === undefined
      ? []
      : [...routeMistakes(behaviors, routes), ...socketMistakes(behaviors, routes)]),
  ];
}

/** A name is either that of the CDN or that of what it asks. */
function hostMistakes({ hosts, failover }: CdnConfig, origins: readonly string[]): ConfigProblem[] {
  const problems = hosts.flatMap((host, index): ConfigProblem[] =>
    origins.includes(host)
      ? [
          {
            path: ["cdn", "hosts", index],
            got: show(host),
            allowed: "a name that is not in loadBalancer.public.hosts: the CDN would ask itself",
            fix: "Give the load balancer a name of its own, like origin.example.com.",
          },
        ]
      : [],
  );
  const second = failover?.hostname;
  if (second !== undefined && [...hosts, ...origins].includes(second)) {
    problems.push({
      path: ["cdn", "failover", "hostname"],
      got: show(second),
      allowed: "the name of a second load balancer, in neither cdn.hosts nor loadBalancer.public.hosts",
      fix: "Give the name of another one, or remove the key.",
    });
  }
  return problems;
}

/** Records of the load balancer's names are written in one place: the zone of Cloudflare, or the cloud's own. */
function zoneMistakes({ provider, zone }: CdnConfig, origins: readonly string[]): ConfigProblem[] {
  if (provider !== "cloudflare") return [];
  const inside = origins.filter((host) => isWithinZone(host, zone));
  if (inside.length === 0 || inside.length === origins.length) return [];
  return [
    {
      path: ["loadBalancer", "public", "hosts"],
      got: show(origins.join(" ")),
      allowed: `names that are all within ${zone}, where Cloudflare has their records, or all outside of it`,
      fix: "Keep one kind: a CDN connects to the first.",
    },
  ];
}

/** Every path that stays open has to reach the proxy as the client sent it. */
function routeMistakes(
  behaviors: readonly EdgeBehavior[],
  routes: NonNullable<CdnOrigin["routes"]>,
): ConfigProblem[] {
  const passing = behaviors.filter(({ cache }) => cache.kind === "none").flatMap(({ paths }) => paths);
  return routes.flatMap((route): ConfigProblem[] => {
    const { at } = route;
    if (route.kind === "grpc") {
      const allowed = '"websocket" or "sse" behind a CDN, which asks the load balancer over HTTP/1.1';
      return [
        {
          path: [...at, "kind"],
          got: show(route.kind),
          allowed,
          fix: "Let clients of gRPC connect to a load balancer without a CDN, in a stack of its own.",
        },
      ];
    }
    const lost = patternsOf(route).filter((pattern) => !passes(pattern, behaviors));
    if (lost.length === 0) return [];
    return [
      {
        path: [...at, "path"],
        got: show(route.path),
        allowed: `a path that the CDN passes on: behaviors.webSocket.paths or behaviors.api.paths, which are ${passing.join(", ") || "none"}`,
        fix: `Add ${lost.join(" and ")} to retrofitlink:cdn.behaviors.webSocket.paths; on any other class it is cached, and cannot be upgraded.`,
      },
    ];
  });
}

/** What is upgraded at the edge and not at the proxy is upgraded nowhere. */
function socketMistakes(
  behaviors: readonly EdgeBehavior[],
  routes: NonNullable<CdnOrigin["routes"]>,
): ConfigProblem[] {
  const known = routes.flatMap(patternsOf);
  const sockets = behaviors.find((behavior) => behavior.class === "webSocket")?.paths ?? [];
  return sockets.flatMap((pattern, index): ConfigProblem[] =>
    known.some((route) => overlap(route, pattern))
      ? []
      : [
          {
            path: ["cdn", "behaviors", "webSocket", "paths", index],
            got: show(pattern),
            allowed: "a path that loadBalancer.routes has as well: the proxy upgrades no other",
            fix: "Add it there with its kind, or give it to behaviors.api.",
          },
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
