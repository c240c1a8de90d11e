import type { ReportViolation, ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";

import { longestServiceTimeSeconds, podsLost, replicaPlan, replicasForLoad } from "../budget/service/capacity";
import { COMPONENT_TYPES } from "../budget/core/component-types";
import type { ServiceSummary } from "../budget/service/summary";
import { currentReview, type Finding, type Review } from "./review";

const NAME = "replicas-keep-response-time";

function finding(summary: ServiceSummary, key: string, message: string): Finding {
  return { workload: summary.workload, message, change: `${summary.configKey}.${key}` };
}

/** What a service promises and its replicas cannot keep. */
export function brokenPromises(summary: ServiceSummary): Finding[] {
  const { budget, demand, profile, replicas, zones, maxUnavailable, workload } = summary;
  const p95 = budget.responseTimeP95Seconds.target;
  const p99 = budget.responseTimeP99Seconds.target;
  const longest = longestServiceTimeSeconds(budget);
  if (profile.serviceTimeSeconds >= longest) {
    return [
      finding(
        summary,
        "profile.serviceTimeSeconds",
        `no number of pods keeps the response time of "${workload}"\n` +
          `${profile.serviceTimeSeconds} s a request < min(${p95} / ln 20, ${p99} / ln 100) = ${longest.toFixed(4)} s does not hold`,
      ),
    ];
  }
  const found: Finding[] = [];
  const disruption = { zones, maxUnavailable };
  const derived = replicaPlan(demand, profile, budget, disruption);
  for (const [bound, load, rps] of [
    ["min", "base", demand.baseRps],
    ["max", "peak", demand.peakRps],
  ] as const) {
    const needed = replicasForLoad(rps, profile, budget);
    const lost = podsLost(replicas[bound], disruption);
    if (replicas[bound] - lost >= needed) continue;
    found.push(
      finding(
        summary,
        "demand",
        `"${workload}" cannot keep p95 ${p95} s and p99 ${p99} s at its ${load} load when ${lost} of its pods are gone\n` +
          `${replicas[bound]} (${bound}) - ${lost} >= ${needed} pods for ${rps} requests/s does not hold; derived is ${derived[bound]}`,
      ),
    );
  }
  if (replicas.targetUtilization > derived.targetUtilization + 1e-9) {
    const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
    found.push(
      finding(
        summary,
        "profile.maxUtilization",
        `the autoscaler of "${workload}" reacts too late for its growth\n` +
          `${percent(replicas.targetUtilization)} <= ${percent(derived.targetUtilization)} does not hold ` +
          `(${profile.maxUtilization} / (1 + ${demand.growthPerMinute}/min * ${derived.reactionSeconds} s))`,
      ),
    );
  }
  const promised = budget.throughputRps.target;
  if (demand.peakRps < promised) {
    found.push(
      finding(
        summary,
        "demand.peakRps",
        `"${workload}" promises more throughput than it is planned for\n` +
          `${demand.peakRps} requests/s planned >= ${promised} requests/s promised does not hold`,
      ),
    );
  }
  return found;
}

export function checkReplicas(args: ResourceValidationArgs, report: ReportViolation, review: Review): void {
  if (args.type !== COMPONENT_TYPES.elasticService) return;
  review.prove(NAME, args.urn, () => {
    for (const broken of brokenPromises(args.props as unknown as ServiceSummary)) {
      review.judge(NAME, { ...broken, urn: args.urn }, report);
    }
  });
}

/** A component policy: it judges the summary of a component, before there is a single object. */
export const replicasKeepResponseTime: ResourceValidationPolicy = {
  name: NAME,
  description:
    "With a zone or a drained pod missing, every service keeps its response time at base and at peak.",
  enforcementLevel: "mandatory",
  validateResource: (args, report) => checkReplicas(args, report, currentReview),
};
