/** Rules of a stack file about services that are reached beside that of the load balancer. */
import { show, within, type Issue } from "../../budget/core/issues";
import { publicIssues } from "../../budget/load-balancing/public-services";
import { HEALTH_PATH } from "../../components/load-balancing/proxy/proxy-conf-args";
import { routeIssues } from "../../components/load-balancing/proxy/proxy-routes";
import { uncoveredHosts } from "../../components/load-balancing/proxy/proxy-tls";
import type { CdnConfig, ServiceConfig, StackConfig } from "./schema/stack";

/** What is sound by itself. */
interface PublicParts {
  readonly services: Readonly<Record<string, ServiceConfig>>;
  readonly loadBalancer?: StackConfig["loadBalancer"];
  /** Name of the service behind the proxy, also where the rest of the block has issues. */
  readonly exposedService: string | undefined;
  readonly cdn: CdnConfig | undefined;
}

/** Names by which clients reach the proxy, and the key that says so; none where it answers every name. */
function knownHosts({ loadBalancer, cdn }: PublicParts): {
  readonly key: string;
  readonly hosts: readonly string[];
} {
  const { public: outer, hosts = [], tls } = loadBalancer ?? {};
  if (cdn !== undefined) return { key: "cdn.hosts", hosts: cdn.hosts };
  if (outer !== undefined) return { key: "loadBalancer.public.hosts", hosts: outer.hosts };
  return hosts.length > 0
    ? { key: "loadBalancer.hosts", hosts }
    : { key: "loadBalancer.tls.hosts", hosts: tls?.hosts ?? [] };
}

export function publicServiceIssues(parts: PublicParts): Issue[] {
  const { services, exposedService, loadBalancer } = parts;
  const places = Object.entries(services).flatMap(([name, { public: place }]) =>
    place === undefined ? [] : [{ ...place, name }],
  );
  const known = knownHosts(parts);
  return places.flatMap((place, index) => {
    const { name, hosts, routes } = place;
    const at = (issues: readonly Issue[]): Issue[] => within(["services", name, "public"], issues);
    const misplaced = (allowed: string, fix: string): Issue[] =>
      at([{ path: [], got: "a map", allowed, fix }]);
    if (exposedService === undefined) {
      return misplaced("nothing without a load balancer", "Add loadBalancer, or remove the key.");
    }
    if (exposedService === name) {
      return misplaced(
        "nothing for the service of loadBalancer.service, which answers all that no other service has",
        "Remove the key, or name another service in loadBalancer.service.",
      );
    }
    const between = publicIssues(places.slice(0, index + 1), {
      routes: loadBalancer?.routes ?? [],
      reserved: [HEALTH_PATH],
    }).filter(({ service }) => service === name);
    return at([
      ...between.map(({ path, got, allowed, fix }) => ({ path, got, allowed, fix })),
      ...routeIssues(routes, [HEALTH_PATH]),
      ...hostIssues(hosts, known),
    ]);
  });
}

function hostIssues(hosts: readonly string[], known: ReturnType<typeof knownHosts>): Issue[] {
  if (known.hosts.length === 0) return [];
  const strange = uncoveredHosts(hosts, known.hosts);
  return strange.map((host) => ({
    path: ["hosts", hosts.indexOf(host)],
    got: show(host),
    allowed: `one of ${known.key}: ${known.hosts.join(", ")}`,
    fix: `Add it to ${known.key}: by no other name do clients reach the proxy.`,
  }));
}
