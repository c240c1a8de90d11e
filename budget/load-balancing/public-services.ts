/** Services that are reached through one proxy, each at hosts and paths of its own: what is wrong between them. */
import type { Issue } from "../core/issues";
import { show } from "../core/issues";
import { isBelow } from "./routing";

/** Where a service is reached. */
export interface PublicPlace {
  readonly name: string;
  /** @default every host */
  readonly hosts?: readonly string[] | undefined;
  /** Paths with all that is below them. @default every path */
  readonly paths?: readonly string[] | undefined;
  /** Paths of it that stay open. */
  readonly routes?: readonly { readonly path: string }[] | undefined;
}

/** What is around them. */
export interface PublicSurroundings {
  /** Paths that stay open of the proxy's own service. */
  readonly routes: readonly { readonly path: string }[];
  /** Paths that the proxy answers itself. */
  readonly reserved: readonly string[];
}

/** Path without a slash at its end; empty for every path. */
export function pathBase(path: string): string {
  return path.replace(/\/+$/, "");
}

/** First segments of each of its paths. */
export function basesOf({ paths = [] }: Pick<PublicPlace, "paths">): string[] {
  return paths.length === 0 ? [""] : paths.map(pathBase);
}

/** An issue of one of the services, below what says where it is reached. */
export interface PublicIssue extends Issue {
  readonly service: string;
}

export function publicIssues(
  places: readonly PublicPlace[],
  { routes, reserved }: PublicSurroundings,
): PublicIssue[] {
  return places.flatMap((place, index) => {
    const { name, hosts = [], paths = [] } = place;
    const of = (path: Issue["path"], got: unknown, allowed: string, fix: string): PublicIssue => ({
      ...{ service: name, path, got: show(got), allowed, fix },
    });
    if (hosts.length === 0 && paths.length === 0) {
      return [
        {
          service: name,
          path: [],
          got: "no hosts and no paths",
          allowed: "hosts, paths, or both",
          fix: "Say which hosts or paths are the service's.",
        },
      ];
    }
    const twice = (key: "hosts" | "paths", values: readonly string[]): PublicIssue[] =>
      values.flatMap((value, at) =>
        values.indexOf(value) < at ? [of([key, at], value, "each of them once", "Remove the second.")] : [],
      );
    const taken = paths.flatMap((path, at) => {
      const base = pathBase(path);
      const found = reserved.find((one) => one === base);
      const open = hosts.length > 0 ? undefined : routes.find((route) => isBelow(pathBase(route.path), base));
      const below =
        hosts.length > 0 ? undefined : routes.find((route) => isBelow(base, pathBase(route.path)));
      const shadow = open ?? below;
      if (found !== undefined) {
        return [
          of(
            ["paths", at],
            path,
            `a path other than ${found}, which the proxy answers`,
            "Choose another path.",
          ),
        ];
      }
      if (shadow === undefined) return [];
      return [
        of(
          ["paths", at],
          path,
          `a path that does not overlap with ${shadow.path} of loadBalancer.routes`,
          "Move the route to the service, or choose another path: a path belongs to one service.",
        ),
      ];
    });
    return [
      ...twice("hosts", hosts),
      ...twice("paths", paths.map(pathBase)),
      ...taken,
      ...shared(place, places.slice(0, index), of),
      ...outside(place, of),
    ];
  });
}

type Make = (path: Issue["path"], got: unknown, allowed: string, fix: string) => PublicIssue;

/** The same path at the same host of a service before it. A longer path of another service is no conflict: it wins. */
function shared(place: PublicPlace, earlier: readonly PublicPlace[], of: Make): PublicIssue[] {
  const { hosts = [] } = place;
  return earlier.flatMap((other) => {
    const common =
      hosts.length === 0 && (other.hosts ?? []).length === 0
        ? ["every host"]
        : hosts.filter((host) => (other.hosts ?? []).includes(host));
    const [host] = common;
    if (host === undefined) return [];
    return basesOf(place).flatMap((base, at) =>
      basesOf(other).includes(base)
        ? [
            of(
              (place.paths ?? []).length === 0 ? ["hosts", hosts.indexOf(host)] : ["paths", at],
              base === "" ? host : place.paths?.[at],
              `a host and path that ${other.name} has not: ${base === "" ? "all" : base} of ${host}`,
              "Give it to one of the two services, or one of them a longer path.",
            ),
          ]
        : [],
    );
  });
}

/** A path that stays open and that no request of the service has. */
function outside(place: PublicPlace, of: Make): PublicIssue[] {
  const bases = basesOf(place);
  return (place.routes ?? []).flatMap(({ path }, at) =>
    bases.some((base) => isBelow(pathBase(path), base))
      ? []
      : [
          of(
            ["routes", at, "path"],
            path,
            `a path below ${bases.join(" or ")}`,
            "Add the path to paths, or give the route to the service that has it.",
          ),
        ],
  );
}
