/**
 * Request timeouts shrink inwards, idle timeouts grow inwards, and the drain chain fits the grace period. Seconds.
 */

/** Every timeout of the chain from the CDN to the database, seconds. */
export interface TimeoutLadder {
  /** How long each hop waits for an answer. Each is shorter than the one outside it, so that the inner hop reports its own failure. */
  readonly request: {
    readonly edge: number;
    readonly loadBalancer: number;
    readonly proxy: number;
    readonly application: number;
    readonly database: number;
  };
  /** How long each listener keeps an idle connection. Each is longer than the caller's, so that only the caller closes. */
  readonly idle: {
    /** Connections from the CDN, kept by the load balancer. */
    readonly loadBalancer: number;
    /** Connections from the load balancer, kept by the proxy. */
    readonly proxyClient: number;
    /** Connections to the application, kept by the proxy. */
    readonly proxyUpstream: number;
    /** Connections from the proxy, kept by the application. */
    readonly application: number;
  };
  /** What happens between the order to stop and the kill. */
  readonly drain: {
    /** Until the outer load balancer sends no new request. */
    readonly deregistration: number;
    /** `preStop` sleep: the pod still serves while it is taken out of every list. */
    readonly preStop: number;
    /** `terminationGracePeriodSeconds`. */
    readonly terminationGrace: number;
  };
}
