/** The timeout chain as a record: what the solver gives, and what components take. */

/** Every timeout of the chain from the CDN to the database, seconds. */
export interface TimeoutChain {
  /** How long each hop waits for an answer. Each is shorter than the one outside it, so that the inner hop reports its own failure. */
  readonly request: {
    /** The CDN's wait for the load balancer; without a CDN what a client should wait at least. */
    readonly edge: number;
    readonly loadBalancer: number;
    readonly proxy: number;
    readonly application: number;
    readonly database: number;
  };
  /** How long each listener keeps an idle connection. Each is longer than the caller's, so that only the caller closes. */
  readonly idle: {
    /** Connections to the load balancer, kept by the CDN; without one what a client of ours may keep. */
    readonly edge: number;
    /** Connections from the CDN or the clients, kept by the load balancer. */
    readonly loadBalancerClient: number;
    /** Connections to the proxy, kept by the load balancer. On AWS the same knob as `loadBalancerClient`. */
    readonly loadBalancer: number;
    /** Connections from the load balancer, kept by the proxy. */
    readonly proxyClient: number;
    /** Connections to the application, kept by the proxy. */
    readonly proxyUpstream: number;
    /** Connections from the proxy, kept by the application. */
    readonly application: number;
  };
  /** Routes that stay open: WebSockets and server-sent events. */
  readonly tunnel: {
    /** Silence after which the CDN closes. */
    readonly edge: number;
    /** Silence after which the load balancer closes. On Google Cloud the life of a connection, silent or not. */
    readonly loadBalancer: number;
    /** Silence after which the proxy closes. */
    readonly proxy: number;
    /** Longest pause between two pings of the application. */
    readonly heartbeat: number;
  };
  /** What happens between the order to stop and the kill. */
  readonly drain: {
    /** Until the outer load balancer sends no new request. */
    readonly deregistration: number;
    /** `preStop` sleep: the pod still serves while it is taken out of every list. */
    readonly preStop: number;
    /** `terminationGracePeriodSeconds`. */
    readonly terminationGrace: number;
    /** What a node that goes away grants its pods. */
    readonly nodeGrace: number;
  };
}

/** A step of the timeout chain, as in `request.proxy`. */
export type ChainStep = {
  [Group in keyof TimeoutChain]: `${Group}.${Extract<keyof TimeoutChain[Group], string>}`;
}[keyof TimeoutChain];
