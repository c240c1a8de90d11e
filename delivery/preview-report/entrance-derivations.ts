/** What the load balancer of the cloud lets through, and how long it waits. */
import type { CloudLoadBalancerSummary } from "../../budget/load-balancing/summary";
import type { Derivation } from "../../report/derivation";
import { duration, number, plural } from "../../budget/core/format";

const SOURCES: Readonly<Record<CloudLoadBalancerSummary["sources"], string>> = {
  internet: "everybody",
  ranges: "the ranges of the stack file",
  cloudfront: "CloudFront",
  cloudflare: "Cloudflare",
};

export function entranceDerivations(summary: CloudLoadBalancerSummary): Derivation[] {
  return [connects(summary), firewall(summary), waits(summary), drains(summary), logs(summary)];
}

function connects({ sources, originLocked }: CloudLoadBalancerSummary): Derivation {
  const locked = sources === "cloudfront" || sources === "cloudflare";
  return {
    name: "Who may connect",
    value: SOURCES[sources],
    formula: originLocked
      ? "by its addresses, and by a secret header that only this stack's CDN sends"
      : "by address",
    from: ["sources", "retrofitlink:cdn.provider"],
    holds: originLocked || !locked,
  };
}

function firewall({ firewallMode, requestsPerFiveMinutes }: CloudLoadBalancerSummary): Derivation {
  return {
    name: "Firewall",
    value: firewallMode === "block" ? "refuses" : "counts only",
    formula:
      requestsPerFiveMinutes > 0
        ? `${number(requestsPerFiveMinutes)} requests of one client in five minutes, and the provider's rules`
        : "the provider's rules; clients are counted at the CDN, which knows them",
    from: ["firewall"],
    holds: true,
  };
}

/** Behind Cloudflare an ALB's one knob for silence and idleness is decided by idleness; the proxy gives up first. */
function waits({ timeouts: { request } }: CloudLoadBalancerSummary): Derivation {
  return {
    name: "Waits for an answer",
    value: duration(request.loadBalancer),
    formula: `${duration(request.loadBalancer)} > ${duration(request.proxy)} of the proxy`,
    from: ["retrofitlink:services"],
    holds: request.loadBalancer > request.proxy,
  };
}

function drains({ timeouts: { drain } }: CloudLoadBalancerSummary): Derivation {
  return {
    name: "Lets a pod go",
    value: duration(drain.deregistration),
    formula: `${duration(drain.deregistration)} without new requests < ${duration(drain.preStop)} that the pod still serves`,
    from: ["retrofitlink:services"],
    holds: drain.deregistration < drain.preStop,
  };
}

function logs({ accessLogDays }: CloudLoadBalancerSummary): Derivation {
  return {
    name: "Access log",
    value: plural(accessLogDays, "day"),
    formula: "in a private, encrypted bucket",
    from: ["accessLogDays"],
    holds: true,
  };
}
