/**
 * The objects that a stack makes in its namespace, by the names that its file gives. Two of one kind and name would
 * overwrite each other, so the file is refused.
 */
import { DATABASE_NAME } from "../../plan/plan-database";
import { PUBLIC_ADDRESS_JOB } from "../../budget/load-balancing/watched";
import { DASHBOARDS } from "../../budget/monitoring/panel";
import { workloadName } from "../../components/load-balancing/proxy/proxy-args";
import { show, type Issue } from "../../budget/core/issues";
import type { SettingPath } from "../../budget/core/settings";
import { configKey } from "./stack-file-issues";

/** One object: its kind, and which key of the file it comes from. */
export interface NamedObject {
  /** Kind of Kubernetes, or `workload` for the label `app`, by which pods are selected. */
  readonly kind: string;
  readonly name: string;
  readonly owner: SettingPath;
  /** The key holds the name itself, so it can be changed there. */
  readonly renamable: boolean;
}

/** What decides which objects there are. */
export interface NamingParts {
  readonly services: readonly string[];
  /** By name, as they were given. */
  readonly caches: Readonly<
    Record<string, { readonly kind?: unknown; readonly purpose: unknown; readonly standby?: unknown }>
  >;
  /** `kind` of the database as it was given, undefined without one. */
  readonly database: unknown;
  /** Components that are no workload of the cluster, and those that the database brings along. @default none */
  readonly otherComponents?: readonly string[];
  /** `nginx` or `haproxy`; undefined without a load balancer. */
  readonly proxy: "nginx" | "haproxy" | undefined;
  /** Names of Secrets that somebody else makes, by key. */
  readonly givenSecrets: readonly { readonly name: string; readonly owner: SettingPath }[];
}

type Suffixes = readonly (readonly [kind: string, suffix: string])[];

const SERVICE: Suffixes = [
  ["workload", ""],
  ["ServiceAccount", ""],
  ["Deployment", ""],
  // Pause pods that keep room for it.
  ["Deployment", "-headroom"],
  ["CapacityBuffer", ""],
  ["HorizontalPodAutoscaler", ""],
  ["ScaledObject", ""],
  ["VerticalPodAutoscaler", ""],
  ["PodDisruptionBudget", ""],
  ["NetworkPolicy", ""],
  ["Service", "-service"],
  ["Service", "-pods"],
  ["PodMonitor", ""],
];

const IN_CLUSTER_CACHE: Suffixes = [
  ["workload", ""],
  ["Service", ""],
  ["PodDisruptionBudget", ""],
  ["NetworkPolicy", ""],
  ["ConfigMap", "-config"],
  ["Secret", "-credentials"],
  ["PodMonitor", ""],
  ["PodMonitor", "-sentinel"],
];

const PROXY: Suffixes = [
  ["workload", ""],
  ["Deployment", ""],
  ["Service", ""],
  ["Service", "-pods"],
  ["HorizontalPodAutoscaler", ""],
  ["ScaledObject", ""],
  ["PodDisruptionBudget", ""],
  ["NetworkPolicy", ""],
  ["TargetGroupBinding", ""],
  ["ConfigMap", "-config"],
  ["Certificate", "-tls"],
  ["Secret", "-tls"],
  ["PodMonitor", ""],
  ["PodMonitor", "-access"],
];

const DATABASE_OBJECTS: Suffixes = [
  ["workload", ""],
  ["PerconaServerMongoDB", ""],
  ["NetworkPolicy", ""],
  ["NetworkPolicy", "-data-model"],
  ["ServiceAccount", "-backup"],
  ["Secret", "-backup-credentials"],
  ["Secret", "-users"],
  ["Secret", "-application"],
  ["Secret", "-ssl"],
  ["Secret", "-ssl-internal"],
  ["ConfigMap", "-data-model-config"],
  ["PodMonitor", ""],
];

/** Every object that the parts make. */
export function namedObjects(parts: NamingParts): NamedObject[] {
  const { services, caches, database, proxy, givenSecrets } = parts;
  const of = (base: string, owner: SettingPath, suffixes: Suffixes, renamable = true): NamedObject[] =>
    suffixes.map(([kind, suffix]) => ({ kind, name: `${base}${suffix}`, owner, renamable }));
  const isManaged = (kind: unknown): boolean => kind === "elasticache" || kind === "memorystore";
  return [
    ...services.flatMap((name) => of(name, ["services", name], SERVICE)),
    ...Object.entries(caches).flatMap(([name, { kind, purpose, standby }]) => {
      const owner = ["caches", name];
      if (isManaged(kind))
        return of(name, owner, [
          ["workload", ""],
          ["Secret", "-credentials"],
        ]);
      const members: Suffixes =
        purpose === "session" || standby === true
          ? [
              ["StatefulSet", ""],
              ["Service", "-pods"],
            ]
          : [["Deployment", ""]];
      return of(name, owner, [...IN_CLUSTER_CACHE, ...members]);
    }),
    // One for all managed caches.
    ...(Object.values(caches).some(({ kind }) => isManaged(kind))
      ? of("cache-authorities", ["caches"], [["Secret", ""]], false)
      : []),
    ...(proxy === undefined ? [] : of(workloadName(proxy), ["loadBalancer"], PROXY, false)),
    ...(database === undefined ? [] : of(DATABASE_NAME, ["database"], DATABASE_OBJECTS, false)),
    ...of("autoscaling-rules", ["autoscaling"], [["PrometheusRule", ""]], false),
    ...of("monitoring-rules", ["monitoring"], [["PrometheusRule", ""]], false),
    ...of("own-rules", ["monitoring"], [["PrometheusRule", ""]], false),
    ...of(PUBLIC_ADDRESS_JOB, ["monitoring"], [["Probe", ""]], false),
    ...Object.keys(DASHBOARDS).flatMap((name) =>
      of(`dashboard-${name}`, ["monitoring"], [["ConfigMap", ""]], false),
    ),
    ...of("cloudflare-signing-keys", ["cdn"], [["Secret", ""]], false),
    ...givenSecrets.map(({ name, owner }) => ({ kind: "Secret", name, owner, renamable: true })),
  ];
}

/** Names of everything that a policy judges and a waiver may name. */
export function workloadNames(parts: NamingParts): string[] {
  const named = namedObjects(parts).filter(({ kind }) => kind === "workload");
  return [...new Set([...named.map(({ name }) => name), ...(parts.otherComponents ?? [])])];
}

/** Objects of one kind and name, and names that the database keeps to itself; at the key that can be changed. */
export function nameIssues(parts: NamingParts): Issue[] {
  const owners = new Map<string, NamedObject>();
  const reported = new Set<string>();
  const issues: Issue[] = [];
  for (const object of namedObjects(parts)) {
    const key = `${object.kind} ${object.name}`;
    const first = owners.get(key);
    if (first === undefined) {
      owners.set(key, object);
      continue;
    }
    const [wrong, other] = object.renamable ? [object, first] : [first, object];
    const pair = [wrong.owner, other.owner].map(configKey).sort().join(" ");
    if (reported.has(pair)) continue;
    reported.add(pair);
    issues.push(clash(wrong, other));
  }
  if (parts.database !== undefined) {
    const names = [
      ...parts.services.map((name) => ["services", name]),
      ...Object.keys(parts.caches).map((name) => ["caches", name]),
    ];
    for (const path of names) {
      const [, name = ""] = path;
      if (name === DATABASE_NAME || !name.startsWith(`${DATABASE_NAME}-`)) continue;
      issues.push({
        path,
        got: show(name),
        allowed: `a name that does not begin with "${DATABASE_NAME}-" beside a database`,
        fix: "Rename it: what begins so is made by the database and its operator.",
      });
    }
  }
  return issues;
}

function clash({ owner, kind, name }: NamedObject, other: NamedObject): Issue {
  const what = kind === "workload" ? `the label app: ${name}` : `the ${kind} "${name}"`;
  return {
    path: owner,
    got: show(owner[0] === "services" || owner[0] === "caches" ? owner[1] : name),
    allowed: "a name that nothing else of the stack has",
    fix: `Rename it: ${what} is also that of ${configKey(other.owner)}.`,
  };
}
