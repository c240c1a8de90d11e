/** Which group of servers takes a request, for both programs: claims of the services and of paths that stay open. */
import { basesOf } from "../../../budget/load-balancing/public-services";
import { routingTables, type Claim, type RoutingTable } from "../../../budget/load-balancing/routing";
import type { ServiceConf } from "./proxy-conf-args";
import { OWN_GROUP, groupOf, routeBase, routeTarget, type ProxyRoute } from "./proxy-routes";

/** Where requests of a claim go. */
export interface RoutedTo<Service> {
  /** Group of servers. */
  readonly group: string;
  /** Undefined for the proxy's own service. */
  readonly service: Service | undefined;
  /** Given where the path stays open. */
  readonly route: ProxyRoute | undefined;
}

/** How logs and metrics call paths of a service: `backend/api`, or `backend/` for all that have no name of their own. */
export function claimOf(service: string, base: string): string {
  return `${service}${base === "" ? "/" : base}`;
}

type Places = Pick<ServiceConf<unknown>, "name" | "hosts" | "paths" | "routes">;

/** Tables of the named hosts, and last that of all others. What no claim holds for goes to the proxy's own service. */
export function proxyTables<Service extends Places>(
  routes: readonly ProxyRoute[],
  services: readonly Service[],
): RoutingTable<RoutedTo<Service>>[] {
  const open = (
    group: string,
    service: Service | undefined,
    hosts: readonly string[],
    ofService: readonly ProxyRoute[],
  ): Claim<RoutedTo<Service>>[] =>
    ofService.map((route) => ({
      hosts,
      base: routeBase(route),
      owner: { group: routeTarget(route, group).name, service, route },
    }));
  return routingTables([
    ...services.flatMap((service) => {
      const { hosts } = service;
      const group = groupOf(service.name);
      const taken = service.routes.map(routeBase);
      const plain = basesOf(service)
        // A path that stays open as a whole has nothing left beside it.
        .filter((base) => !taken.includes(base))
        .map((base) => ({ hosts, base, owner: { group, service, route: undefined } }));
      return [...open(group, service, hosts, service.routes), ...plain];
    }),
    ...open(OWN_GROUP, undefined, [], routes),
  ]);
}
