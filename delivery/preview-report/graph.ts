/** Who calls whom, with the numbers that were derived for each: the picture's content, without any drawing. */
import { text, valuesOf } from "../../budget/core/derived";
import { own } from "../../budget/core/own";
import { fieldOf } from "../../budget/load-balancing/proxied-plan";
import type { ProxyNumbers } from "../../budget/load-balancing/proxy-plan";
import { expectedClients } from "../../budget/service/connections";
import { VOTERS, clientsPerRouter } from "../../budget/database/mongodb";
import { cacheUsersOf, databaseUsersOf } from "../../budget/service/pool-users";
import type { CacheSummary } from "../../budget/caching/summary";
import { isMongoDbCluster, type DatabaseSummary } from "../../budget/database/summary";
import { number, plural, podRange, rate } from "../../budget/core/format";
import type { StackModel } from "./stack-model";

export interface Box {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
  readonly kind: "client" | "proxy" | "service" | "cache" | "database" | "shard";
  /** Pods at peak in each zone, empty for what is not spread. */
  readonly zones: readonly number[];
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  /** Connections that `from` opens to `to` at worst, where that was derived. */
  readonly connections: number;
  /** Requests/s at peak, where that is known. */
  readonly rps: number;
}

/** Columns of boxes from the outside inwards, and the arrows between them. */
export interface Graph {
  readonly columns: readonly (readonly Box[])[];
  readonly edges: readonly Edge[];
}

/** Beyond this many in a column a picture shows nothing; the rest is one box. */
export const MOST_BOXES = 7;

/** Pods of each zone when they are spread evenly; the first has the most. */
export function podsPerZone(pods: number, zones: number): number[] {
  return Array.from({ length: zones }, (_, zone) => Math.ceil((pods - zone) / zones));
}

export function graphOf(model: StackModel): Graph {
  const columns = [
    clients(model),
    cdns(model),
    publicLoadBalancers(model),
    proxies(model),
    services(model),
    [...databases(model), ...caches(model)],
    model.databases.flatMap(shards),
  ].map(limited);
  // What is not drawn by itself is drawn as a part of its column's last box.
  const drawn = new Map(columns.flatMap(({ ids }) => [...ids]));
  return {
    columns: columns.map(({ boxes }) => boxes).filter((boxes) => boxes.length > 0),
    edges: merged(
      edges(model).flatMap((edge) => {
        const [from, to] = [drawn.get(edge.from), drawn.get(edge.to)];
        return from === undefined || to === undefined ? [] : [{ ...edge, from, to }];
      }),
    ),
  };
}

/** `1,200/s, 36 connections` */
export function describeEdge({ connections, rps }: Edge): string {
  const parts = [rps > 0 ? rate(rps) : "", connections > 0 ? plural(connections, "connection") : ""];
  return parts.filter((part) => part !== "").join(", ");
}

function clients({ proxies: found }: StackModel): Box[] {
  return found.map(({ workload, numbers }) => ({
    id: `clients of ${workload}`,
    title: "Clients",
    detail: `${number(numbers.clients.value)} at once`,
    kind: "client",
    zones: [],
  }));
}

const CDN_TITLES = { cloudfront: "CloudFront", cloudflare: "Cloudflare" } as const;

function cdns({ cdns: found }: StackModel): Box[] {
  return found.map(({ workload, provider, numbers }) => ({
    id: workload,
    title: CDN_TITLES[provider],
    detail: `${text(numbers.hitRatio)} from its cache`,
    kind: "proxy",
    zones: [],
  }));
}

const PUBLIC_TITLES = { aws: "ALB", gcp: "Google load balancer" } as const;

function publicLoadBalancers({ publicLoadBalancers: found }: StackModel): Box[] {
  return found.map(({ workload, cloud, originLocked, firewallMode }) => ({
    id: workload,
    title: PUBLIC_TITLES[cloud],
    detail: originLocked
      ? "for the CDN only"
      : firewallMode === "block"
        ? "behind a firewall"
        : "firewall counts",
    kind: "proxy",
    zones: [],
  }));
}

/** From clients to a proxy, over what stands in front of it. */
function inwards(
  { cdns: [cdn], publicLoadBalancers: [outer], proxies: fronts, services: all, exposedService }: StackModel,
  to: string,
  connections: number,
): Edge[] {
  const from = `clients of ${to}`;
  const behind = cdn?.workload ?? from;
  const rps = cdn?.numbers.expectedOriginRps.value ?? 0;
  const first =
    cdn === undefined ? [] : [{ from, to: cdn.workload, connections: 0, rps: cdn.numbers.peakRps.value }];
  const held = cdn === undefined ? connections : 0;
  const proxied = [exposedService, ...fronts.flatMap(({ services: others = [] }) => others)];
  const peak = all
    .filter(({ workload }) => proxied.includes(workload))
    .reduce((sum, { demand }) => sum + demand.peakRps, 0);
  if (outer === undefined) return [...first, { from: behind, to, connections: held, rps }];
  return [
    ...first,
    { from: behind, to: outer.workload, connections: held, rps },
    { from: outer.workload, to, connections: 0, rps: rps > 0 ? rps : peak },
  ];
}

function proxies({ proxies: found }: StackModel): Box[] {
  return found.map(({ workload, numbers, zones }) => ({
    id: workload,
    title: workload,
    detail: podRange(numbers.minReplicas.value, numbers.maxReplicas.value),
    kind: "proxy",
    zones: podsPerZone(numbers.maxReplicas.value, zones),
  }));
}

/** The exposed service first, then the others behind a proxy, then those with the highest peak. */
function services({ services: found, proxies: fronts, exposedService }: StackModel): Box[] {
  const behind = fronts.flatMap(({ services: others = [] }) => others);
  const rank = (workload: string): number =>
    workload === exposedService ? 0 : behind.includes(workload) ? 1 : 2;
  return [...found]
    .sort((a, b) => rank(a.workload) - rank(b.workload) || b.demand.peakRps - a.demand.peakRps)
    .map(({ workload, replicas, zones, numbers }) => ({
      id: workload,
      title: workload,
      detail: `${podRange(replicas.min, replicas.max)}, ${text(numbers.target)} CPU`,
      kind: "service",
      zones: podsPerZone(replicas.max, zones),
    }));
}

function caches({ caches: found, zones }: StackModel): Box[] {
  return found.map((cache) => ({
    id: cache.workload,
    title: cache.workload,
    detail: describeCache(cache),
    kind: "cache",
    zones: cache.numbers.members.value > 1 ? podsPerZone(cache.numbers.members.value, zones) : [],
  }));
}

/** What it may forget, or who stands in for the primary; and how large it is. */
function describeCache(cache: CacheSummary): string {
  const { numbers, purpose } = cache;
  const replicas = numbers.members.value - 1;
  if (cache.kind !== "in-cluster") return `${text(cache.numbers.node)}, ${text(numbers.members)}`;
  const size = text(numbers.maxMemory);
  return replicas > 0 ? `1 + ${plural(replicas, "replica")}, ${size}` : `${purpose}, ${size}`;
}

/** What a driver connects to: the routers, or the cluster of a service that hides them. */
function databases({ databases: found }: StackModel): Box[] {
  return found.map((summary) => ({
    id: summary.workload,
    title: summary.workload,
    detail: isMongoDbCluster(summary)
      ? `${plural(summary.numbers.routers.value, "router")}, ${plural(summary.shards, "shard")}`
      : `${summary.numbers.smallestTier.value} to ${summary.numbers.largestTier.value}, ${plural(summary.shards, "shard")}`,
    kind: "database",
    zones: isMongoDbCluster(summary) ? podsPerZone(summary.numbers.routers.value, summary.zones) : [],
  }));
}

function shardIds(summary: DatabaseSummary): string[] {
  return isMongoDbCluster(summary)
    ? [...summary.statefulSets]
    : Array.from({ length: summary.shards }, (_, i) => `${summary.workload}, shard ${i + 1}`);
}

function shards(summary: DatabaseSummary): Box[] {
  const { readReplicas } = summary;
  const members = VOTERS + readReplicas;
  return shardIds(summary).map((id) => ({
    id,
    title: id,
    detail: readReplicas === 0 ? `${VOTERS} voters` : `${VOTERS} voters + ${readReplicas} for reading`,
    kind: "shard",
    zones: isMongoDbCluster(summary) ? podsPerZone(members, summary.zones) : [],
  }));
}

function databaseEdges({ databases: found, services: all }: StackModel): Edge[] {
  return found.flatMap((summary) => [
    ...databaseUsersOf(all).map((user) => ({
      from: user.workload,
      to: summary.workload,
      connections: clientsPerRouter([user]),
      rps: 0,
    })),
    ...shardIds(summary).map((to) => ({
      from: summary.workload,
      to,
      connections: isMongoDbCluster(summary)
        ? summary.numbers.routers.value * summary.numbers.routerPool.value
        : 0,
      rps: 0,
    })),
  ]);
}

/** Idle connections that one worker keeps to a service. */
function keptTo(numbers: ProxyNumbers, service: string): number {
  return Number((own(numbers, fieldOf(service, "upstreamKeepAlive")) ?? numbers.upstreamKeepAlive).value);
}

/** What services ask each other, at the peak of the one that asks. */
function callEdges({ services: all }: StackModel): Edge[] {
  return all.flatMap(({ workload, demand, calls = {} }) =>
    Object.entries(calls).map(([to, callsPerRequest]) => ({
      from: workload,
      to,
      connections: 0,
      rps: demand.peakRps * callsPerRequest,
    })),
  );
}

function edges(model: StackModel): Edge[] {
  return [
    ...model.proxies.flatMap((proxy) => {
      const { workload, numbers } = proxy;
      const { clients: connections, minReplicas, workers } = valuesOf(numbers);
      const behind = [model.exposedService, ...(proxy.services ?? [])].flatMap((name) =>
        model.services.filter((service) => service.workload === name),
      );
      const peak = behind.reduce((sum, { demand }) => sum + demand.peakRps, 0);
      // What the CDN lets through, by the shares of the peaks; a service is planned for its own, which its card shows.
      const passed = model.cdns[0]?.numbers.expectedOriginRps.value ?? peak;
      return [
        ...inwards(model, workload, connections),
        ...behind.map(({ workload: to, demand }) => ({
          from: workload,
          to,
          connections: minReplicas * workers * keptTo(numbers, to),
          rps: (passed * demand.peakRps) / peak,
        })),
      ];
    }),
    ...callEdges(model),
    ...model.caches.flatMap(({ workload: to }) =>
      cacheUsersOf(to, model.services).map((user) => ({
        from: user.workload,
        to,
        connections: expectedClients([user]),
        rps: 0,
      })),
    ),
    ...databaseEdges(model),
  ];
}

/** The first boxes of a column and one for those left out; and by which box each is drawn. */
function limited(boxes: readonly Box[]): {
  readonly boxes: readonly Box[];
  readonly ids: Map<string, string>;
} {
  const [first] = boxes;
  if (first === undefined || boxes.length <= MOST_BOXES) {
    return { boxes, ids: new Map(boxes.map(({ id }) => [id, id])) };
  }
  const shown = boxes.slice(0, MOST_BOXES - 1);
  const rest = boxes.slice(MOST_BOXES - 1);
  const kind = rest[0]?.kind ?? first.kind;
  const more: Box = {
    id: `more of ${kind}`,
    title: `${number(rest.length)} more`,
    detail: "listed below",
    kind,
    zones: [],
  };
  const ids = new Map([
    ...shown.map(({ id }) => [id, id] as const),
    ...rest.map(({ id }) => [id, more.id] as const),
  ]);
  return { boxes: [...shown, more], ids };
}

/** Arrows between the same two boxes become one. */
function merged(all: readonly Edge[]): Edge[] {
  const byEnds = new Map<string, Edge>();
  for (const edge of all) {
    const key = JSON.stringify([edge.from, edge.to]);
    const before = byEnds.get(key) ?? { ...edge, connections: 0, rps: 0 };
    byEnds.set(key, {
      ...edge,
      connections: before.connections + edge.connections,
      rps: before.rps + edge.rps,
    });
  }
  return [...byEnds.values()];
}
