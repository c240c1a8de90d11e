/** Promises about the timeouts between two hops, as the plan of the outer one makes them. */
import { duration } from "../core/format";
import type { Proof } from "../core/proof";
import { PROPAGATION_SECONDS, sharesOneKnob } from "./chain-issues";
import type { TimeoutChain } from "./timeout-chain";

/** A hop whose plan promises something about the next one inwards. */
export type Hop = "CDN" | "load balancer" | "proxy";

/**
 * What a hop promises of its timeouts: it gives up after the hop inside of it, closes idle connections before that one
 * does, bears the silence between two pings, and what is inside ends only when nothing new arrives.
 *
 * @param mend the key that all of them follow from
 */
export function timeoutProofs(hop: Hop, timeouts: TimeoutChain, mend: string): Proof[] {
  const { request, idle, tunnel, drain } = timeouts;
  const inOrder = (
    statement: string,
    [name, seconds]: readonly [string, number],
    [boundName, bound]: readonly [string, number],
    strict = true,
  ): Proof => ({
    policy: "timeouts-in-order",
    statement,
    inequality: `${duration(seconds)} ${name} ${strict ? "<" : "≤"} ${duration(bound)} ${boundName}`,
    holds: strict ? seconds < bound : seconds <= bound,
    mend: [mend],
  });
  const answer = (outer: number, inner: readonly [string, number]): Proof =>
    inOrder(`the ${hop} waits longer for an answer than what is behind it`, inner, [`of the ${hop}`, outer]);
  const idleness = (kept: number, listener: readonly [string, number]): Proof =>
    inOrder(
      `the ${hop} closes an idle connection before what is behind it does`,
      [`of the ${hop}`, kept],
      listener,
    );
  const silence = (borne: number): Proof =>
    inOrder(
      `the ${hop} keeps a WebSocket between two pings`,
      ["between pings", tunnel.heartbeat],
      [`of silence at the ${hop}`, borne],
    );
  switch (hop) {
    case "CDN": {
      const inner = sharesOneKnob(timeouts)
        ? (["of the proxy", request.proxy] as const)
        : (["of the load balancer", request.loadBalancer] as const);
      return [
        answer(request.edge, inner),
        idleness(idle.edge, ["of the load balancer", idle.loadBalancerClient]),
        silence(tunnel.edge),
      ];
    }
    case "load balancer":
      return [
        answer(request.loadBalancer, ["of the proxy", request.proxy]),
        idleness(idle.loadBalancer, ["of the proxy", idle.proxyClient]),
        silence(tunnel.loadBalancer),
        inOrder(
          "a pod still serves when the load balancer has taken it out",
          [
            `of deregistration and ${PROPAGATION_SECONDS} s to notice`,
            drain.deregistration + PROPAGATION_SECONDS,
          ],
          ["before the pod stops", drain.preStop],
        ),
      ];
    case "proxy":
      return [
        answer(request.proxy, ["of the application", request.application]),
        idleness(idle.proxyUpstream, ["of the application", idle.application]),
        silence(tunnel.proxy),
        inOrder(
          "the last request of a pod that ends is answered",
          ["until the pod stops, and the longest request", drain.preStop + request.proxy],
          ["until it is killed", drain.terminationGrace],
        ),
        inOrder(
          "a node that goes away lets its pods end",
          ["until a pod is killed", drain.terminationGrace],
          ["that the node grants", drain.nodeGrace],
          false,
        ),
      ];
  }
}
