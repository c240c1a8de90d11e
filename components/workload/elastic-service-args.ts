import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

import type { ReactionTime } from "../../budget/service/capacity";
import type { Balancing, Demand, Resilience, ServiceProfile } from "../../budget/service/demand";
import type { ServicePlan } from "../../budget/service/plan";
import type { ResourceAttributes, Tracing } from "../../budget/service/tracing";
import {
  DEFAULT_BUDGET,
  mergeBudget,
  type BudgetOverrides,
  type PerformanceBudget,
} from "../../budget/core/performance-budget";
import { PROBE_PATHS } from "../../budget/load-balancing/private-paths";
import { timeoutChain, type TimeoutChain } from "../../budget/timeouts/timeouts";
import type { Destination, OutsideAddress } from "../shared/network-policy";
import type { Transform } from "../shared/transform";
import type { ServiceAutoscaling, ServiceAutoscalingTransforms } from "./service-autoscaling";

/** One entry of a Secret in the service's namespace. */
export interface SecretEntry {
  readonly name: pulumi.Input<string>;
  readonly key: string;
}

/** A cache that the service calls. */
export interface ServiceCache {
  /** Workload name of the cache. The variables are called after it: `redis-cache` gives `REDIS_CACHE_HOST`. */
  readonly name: string;
  readonly host: pulumi.Input<string>;
  /** Port of its Service, 1..65535. */
  readonly port: number;
  /** Connections one process keeps, whole number >= 1. */
  readonly poolSize: number;
  /** Where the password is. */
  readonly passwordSecret: SecretEntry;
  /** Where its servers are. @default outside the cluster, at a private address and `port` */
  readonly destination?: Destination;
  /** Clients have to use TLS. @default false */
  readonly tls?: boolean;
  /** Who knows which of several servers takes writes: `host:port,host:port,…` and the name to ask for. @default none */
  readonly sentinel?: { readonly addresses: pulumi.Input<string>; readonly masterName: string };
}

/** The database that the service queries. */
export interface ServiceDatabase {
  /** Where the connection string is. */
  readonly uriSecret: SecretEntry;
  /** Where the certificate of the servers' authority is, when it is not a public one. */
  readonly caSecret?: SecretEntry;
  /** Where the connection string expects that certificate, an absolute path. */
  readonly caFile: string;
  /** Connections one process keeps to each router, whole number >= 1. */
  readonly poolSize: number;
  /** Tags of the members that are there for reading; empty when there are none. */
  readonly readReplicaTags: string;
  /** Where its servers are. */
  readonly destination: Destination;
}

/** Who may connect to the pods of a service, and where they connect to besides its caches and its database. */
export interface ServiceNetwork {
  /** Pods of the namespace that call it: their labels, and the ports besides `port`, 1..65535. @default none */
  readonly callers?: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly ports?: readonly number[];
  }[];
  /** Namespaces all of whose pods may call it. @default none */
  readonly callerNamespaces?: readonly string[];
  /** Addresses outside the cluster. @default port 443 everywhere */
  readonly outside?: readonly OutsideAddress[];
  /** Namespace whose pods may read the metrics. @default "monitoring" */
  readonly monitoringNamespace?: string;
}

/** Another service that it calls. */
export interface ServiceCall {
  /** Its name. The variable is called after it: `matching` gives `MATCHING_URL`. */
  readonly name: string;
  readonly url: pulumi.Input<string>;
  /** Calls that one request makes on average, for pictures of the system. @default unknown */
  readonly callsPerRequest?: number;
  /** Where its pods are, which the NetworkPolicy lets the pods connect to. */
  readonly destination: Destination;
}

/** With what the service signs URLs that the CDN checks. */
export type ServiceUrlSigning = {
  /** Where the key is: the private key, PEM, or the secret that both sides know. */
  readonly keySecret: SecretEntry;
} & (
  | {
      readonly provider: "cloudfront";
      /** Id of the public key that belongs to it. */
      readonly keyId: pulumi.Input<string>;
    }
  | {
      readonly provider: "cloudflare";
      /** How long the zone's rule takes a signature, seconds, whole number >= 1. */
      readonly lifetimeSeconds: number;
    }
);

/** Arguments of `ElasticService`. */
export interface ElasticServiceArgs {
  /** Path in the stack file that the arguments come from: `retrofitlink:services.backend`. @default messages name the arguments */
  readonly configKey?: string;
  /** @default "default" */
  readonly namespace?: pulumi.Input<string>;
  /** Name of the Deployment and of the `app` label; the Service is `<app>-service`. @default the component's name */
  readonly app?: string;
  /** Image with a tag other than `latest`, or a digest. Judged where it is written out, not where it is computed. */
  readonly image: pulumi.Input<string>;
  /** Port of the container and of the Service, 1024..65535: the container's user may not open lower ones. @default 3000 */
  readonly port?: number;
  /** What its users are promised: overrides of DEFAULT_BUDGET. @default DEFAULT_BUDGET */
  readonly budget?: BudgetOverrides;
  readonly demand: Demand;
  readonly profile: ServiceProfile;
  readonly resources: {
    /** CPU request of a pod, cores, > 0. There is no limit: a throttled pod breaks the percentiles first. */
    readonly cpuCores: number;
    /** Memory request and limit of a pod, MiB, a whole number >= 128 for each process. */
    readonly memoryMiB: number;
    /** What a pod may write to `/tmp`, MiB, a whole number >= 1. A pod that writes more is evicted. @default 256 */
    readonly scratchMiB?: number;
  };
  /** @default nobody may call it but the monitoring */
  readonly network?: ServiceNetwork;
  /** Zones the pods are spread over, whole number >= 1. @default 3 */
  readonly zones?: number;
  /** @default those of a request of ten seconds inside the cluster, see `timeoutChain` */
  readonly timeouts?: TimeoutChain;
  /** Paths of the probes: `live` answers while the process works at all, `ready` while it can take requests. @default /health, /ready */
  readonly health?: { readonly live: string; readonly ready: string };
  /**
   * Variables of the container, besides those that the platform derives. `NODE_OPTIONS` are added to the derived ones. What
   * contradicts something derived is refused, and so is a secret: everybody who may read the Deployment reads these.
   * @default none
   */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Of the pods, for agents of the cluster that read them. A change replaces the pods. @default none */
  readonly annotations?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Variables that the kubelet reads from Secrets, so that no value is in the Deployment. @default none */
  readonly secretEnvironment?: Readonly<Record<string, SecretEntry>>;
  /** Caches whose address, pool and password the container is told. @default none */
  readonly caches?: readonly ServiceCache[];
  /** Certificates, PEM, that the processes trust in addition to the public ones. @default none */
  readonly authorities?: SecretEntry;
  /** @default none */
  readonly database?: ServiceDatabase;
  /** Other services that it calls. @default none */
  readonly calls?: readonly ServiceCall[];
  /** @default none: the service signs nothing */
  readonly urlSigning?: ServiceUrlSigning;
  /** Where it sends its traces, and what is said of it in each. @default none: it is told of no collector */
  readonly tracing?: Tracing & { readonly attributes?: ResourceAttributes };
  /** Processes of a pod that open pools of their own and share its memory, whole number >= 1. @default 1 */
  readonly processesPerPod?: number;
  /** How requests are spread over its pods. @default "least-connections": a proxy stands in front of it */
  readonly balancing?: Balancing;
  /** What it need not survive unharmed. @default nothing */
  readonly resilience?: Resilience;
  /** Share added to the peak, >= 0. @default 0.2 */
  readonly margin?: number;
  /** How long the pieces of a scale-up take, seconds, each >= 0. @default DEFAULT_REACTION */
  readonly reaction?: ReactionTime;
  /** The plan of the whole stack for it. @default it plans alone, from the arguments above */
  readonly plan?: ServicePlan;
  /** What its replicas follow besides CPU, its memory, room for its pods. @default an HPA on CPU */
  readonly autoscaling?: ServiceAutoscaling;
  readonly transform?: ServiceAutoscalingTransforms & {
    readonly serviceAccount?: Transform<k8s.core.v1.ServiceAccountArgs>;
    readonly deployment?: Transform<k8s.apps.v1.DeploymentArgs>;
    readonly service?: Transform<k8s.core.v1.ServiceArgs>;
    readonly pods?: Transform<k8s.core.v1.ServiceArgs>;
    readonly disruptionBudget?: Transform<k8s.policy.v1.PodDisruptionBudgetArgs>;
    readonly networkPolicy?: Transform<k8s.networking.v1.NetworkPolicyArgs>;
  };
}

/** Arguments with their defaults. */
export interface ResolvedServiceArgs extends ElasticServiceArgs {
  readonly namespace: pulumi.Input<string>;
  readonly app: string;
  readonly port: number;
  readonly budget: PerformanceBudget;
  readonly zones: number;
  readonly timeouts: TimeoutChain;
  readonly health: { readonly live: string; readonly ready: string };
}

/** Longest request of a service that names no timeouts, seconds. */
const LONGEST_REQUEST_SECONDS = 10;

/** @param name of the component */
export function resolvedServiceArgs(name: string, args: ElasticServiceArgs): ResolvedServiceArgs {
  return {
    ...args,
    namespace: args.namespace ?? "default",
    app: args.app ?? name,
    port: args.port ?? 3000,
    budget: mergeBudget(DEFAULT_BUDGET, args.budget),
    zones: args.zones ?? 3,
    timeouts:
      args.timeouts ??
      timeoutChain({ maxRequestSeconds: LONGEST_REQUEST_SECONDS, cloud: "local", cdn: "none" }),
    health: args.health ?? PROBE_PATHS,
  };
}
