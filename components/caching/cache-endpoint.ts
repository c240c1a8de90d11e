import type * as pulumi from "@pulumi/pulumi";

import type { CachePlan } from "../../budget/caching/plan";
import type { Destination } from "../shared/network-policy";

/** Where a cache is that nobody gave a namespace. */
export const DEFAULT_NAMESPACE = "default";

/** How services reach a cache, whatever kind it is. */
export interface CacheEndpoint {
  readonly host: pulumi.Input<string>;
  readonly port: number;
  /** Where the password is, for `secretKeyRef`. */
  readonly passwordSecret: { readonly name: pulumi.Input<string>; readonly key: string };
  /** Where its servers are. @default outside the cluster, at a private address and `port` */
  readonly destination?: Destination;
  /** Clients have to use TLS. @default false */
  readonly tls?: boolean;
  /** Certificate of the authority that signed the server's, PEM, when it is not a public one. */
  readonly authority?: pulumi.Input<string>;
  /** Who knows which of several servers takes writes. `host` reaches any of them. */
  readonly sentinel?: {
    /** `host:port,host:port,…` */
    readonly addresses: pulumi.Input<string>;
    readonly masterName: string;
  };
}

/** What every kind of cache is to the rest of the stack. */
export interface Cache {
  readonly endpoint: CacheEndpoint;
  /** `redis://host:port` or `rediss://host:port`, without the password. */
  readonly url: pulumi.Output<string>;
  /** Connections that one server admits. */
  readonly maxClients: number;
  readonly plan: CachePlan;
}
