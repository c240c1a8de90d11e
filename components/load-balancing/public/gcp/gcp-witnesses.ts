import type { Witness } from "../../../../budget/core/witness";
import type { CompleteGcpArgs } from "./gcp-load-balancer-args";

/** What the objects have to hold so that the proofs are about what runs. */
export function gcpWitnesses(
  name: string,
  { plan: { numbers }, longLivedPaths = [] }: CompleteGcpArgs,
): Witness[] {
  const of =
    (type: string, child: string) =>
    (at: readonly string[], { value }: { readonly value: number }): Witness => ({
      type,
      name: `${name}-${child}`,
      at,
      is: value,
    });
  const service = "gcp:compute/backendService:BackendService";
  const [backend, tunnels] = [of(service, "backend"), of(service, "tunnels")];
  return [
    backend(["timeoutSec"], numbers.responseTimeout),
    backend(["connectionDrainingTimeoutSec"], numbers.deregistration),
    ...(longLivedPaths.length === 0 ? [] : [tunnels(["timeoutSec"], numbers.tunnel)]),
    of("gcp:compute/targetHttpsProxy:TargetHttpsProxy", "https")(
      ["httpKeepAliveTimeoutSec"],
      numbers.clientIdle,
    ),
  ];
}
