/**
 * Which section a request goes to. In front of one service its path decides, in front of several a variable that is set
 * once: the first claim of the tables that holds.
 */
import type { HaProxyConfArgs, HaProxyService } from "./haproxy-conf-args";
import type { Line } from "./haproxy-syntax";
import {
  OWN_GROUP,
  groupOf,
  routeBase,
  routeTarget,
  routeTargets,
  type ProxyRoute,
  type RouteTarget,
} from "../proxy-routes";
import { claimOf, proxyTables, type RoutedTo } from "../proxy-routing";

type Services = Pick<HaProxyConfArgs, "routes" | "services" | "serviceName">;

/** Host of a request as it is compared. */
export const HOST = "req.fhdr(Host),host_only,lower";

/** Sections of what stays open, of all services. */
export function streamTargets({ routes, services = [] }: Services): RouteTarget[] {
  return [
    ...routeTargets(routes),
    ...services.flatMap((service) => routeTargets(service.routes, groupOf(service.name))),
  ];
}

/** True for requests of what stays open. */
export const ofTarget = ({ name }: Pick<RouteTarget, "name">): string => `to_${name}`;

/** True for every request of a service, also of what stays open. */
export const ofService = ({ name }: Pick<HaProxyService, "name">): string => `of_${name}`;

/** Conditions that hold for requests of the proxy's own service. */
export function toOwn({ services = [] }: Services): string[] {
  return services.map((service) => `!${ofService(service)}`);
}

/** Set to the paths that a request is claimed by. Not there where it was refused before. */
export const CLAIM = "txn.claim";

/** A claim with the name of its condition, and the word by which the variable and the log know it. */
interface Numbered {
  readonly id: string;
  readonly word: string;
  readonly base: string;
  readonly owner: RoutedTo<HaProxyService>;
}

function numbered({
  routes,
  services = [],
  serviceName = OWN_GROUP,
}: Services): { hosts?: readonly string[]; claims: Numbered[] }[] {
  return proxyTables(routes, services).map(({ hosts, claims }, table) => ({
    ...(hosts === undefined ? {} : { hosts }),
    claims: claims.map((claim, index) => ({
      ...claim,
      id: `claim_${table}_${index}`,
      word: claimOf(claim.owner.service?.name ?? serviceName, claim.base),
    })),
  }));
}

/** The variable. Has to come before the limits, which are those of the service. */
export function routingRules(args: Services): Line[] {
  const { services = [], routes, serviceName = OWN_GROUP } = args;
  const claimed = (base: string, ...condition: string[]): Line => [
    "http-request",
    `set-var(${CLAIM})`,
    `str(${claimOf(serviceName, base)})`,
    ...condition,
  ];
  if (services.length === 0) {
    return [
      claimed(""),
      ...routes.map(routeBase).flatMap((base, index): Line[] => {
        const id = `claim_${index}`;
        return [...pathAcl(id, [base]), claimed(base, "if", id)];
      }),
    ];
  }
  const lines = numbered(args).flatMap(({ hosts, claims }, table): Line[] => {
    const host = `host_${table}`;
    return [
      ...(hosts === undefined ? [] : [["acl", host, HOST, "-m", "str", ...hosts]]),
      ...claims.flatMap(({ id, word, base }): Line[] => [
        ...(base === "" ? [] : decodedAcl(id, base)),
        [
          ...["http-request", `set-var(${CLAIM})`, `str(${word})`, "if", "!claimed"],
          ...(hosts === undefined ? [] : [host]),
          ...(base === "" ? [] : [id]),
        ],
      ]),
    ];
  });
  return [
    ["acl", "claimed", `var(${CLAIM})`, "-m", "found"],
    ...lines,
    claimed("", "if", "!claimed"),
    ...services.flatMap((service) =>
      claimAcl(ofService(service), args, (owner) => owner.service === service),
    ),
  ];
}

/** True for requests whose claim belongs to whom. */
function claimAcl(
  name: string,
  args: Services,
  belongs: (owner: RoutedTo<HaProxyService>) => boolean,
): Line[] {
  const words = numbered(args).flatMap(({ claims }) =>
    claims.filter(({ owner }) => belongs(owner)).map(({ word }) => word),
  );
  return words.length === 0 ? [] : [["acl", name, `var(${CLAIM})`, "-m", "str", ...new Set(words)]];
}

/** Conditions of the sections of what stays open. */
export function targetRules(args: Services): Line[] {
  const { routes, services = [] } = args;
  if (services.length > 0) {
    return streamTargets(args).flatMap((target) =>
      claimAcl(ofTarget(target), args, ({ group }) => group === target.name),
    );
  }
  return routeTargets(routes).flatMap((target) =>
    pathAcls(
      ofTarget(target),
      routes.filter((route) => routeTarget(route).name === target.name),
    ),
  );
}

/** `to_websockets`: paths that may be upgraded. Empty where there are none. */
export function toWebSockets(args: Services): Line[] {
  const { routes, services = [] } = args;
  const isSocket = ({ kind }: Pick<ProxyRoute, "kind">): boolean => kind === "websocket";
  return services.length > 0
    ? claimAcl("to_websockets", args, ({ route }) => route !== undefined && isSocket(route))
    : pathAcls("to_websockets", routes.filter(isSocket));
}

function pathAcls(name: string, routes: readonly ProxyRoute[]): Line[] {
  return routes.length === 0 ? [] : pathAcl(name, routes.map(routeBase));
}

/** As nginx matches it, and as the services read it. */
function decodedAcl(name: string, base: string): Line[] {
  return [
    ["acl", name, "path,url_dec", "-m", "str", base],
    ["acl", name, "path,url_dec", "-m", "beg", `${base}/`],
  ];
}

function pathAcl(name: string, bases: readonly string[]): Line[] {
  return [
    ["acl", name, "path", ...bases],
    ["acl", name, "path_beg", ...bases.map((base) => `${base}/`)],
  ];
}
