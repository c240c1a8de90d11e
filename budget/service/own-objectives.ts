/** Objectives of a service that its stack file adds to those of its budget. Units: seconds, shares 0..1. */
import { z } from "zod";

import { within, type Issue } from "../core/issues";
import { percent } from "../core/format";
import { about, list, number, text } from "../core/settings";
import type { PerformanceBudget } from "../core/performance-budget";
import type { Tier } from "../monitoring/alert";
import { ownAlertSettings } from "../monitoring/own-rules";
import { matchers, seriesOf, type Workload } from "../monitoring/series";
import { slo, sloIssues, type Slo } from "../monitoring/slo";
import { bucketIssues, bucketMatcher, responseTimeBuckets } from "./buckets";
import { slow } from "./example-series";

interface OwnObjectiveCommon {
  /** Camel case, the name of its alerts. */
  readonly name: string;
  /** Share of events that have to be good, above 0 and below 1. */
  readonly objective: number;
  /** How urgent it is at most. @default "P0" */
  readonly tier?: Tier | undefined;
  readonly summary?: string | undefined;
  readonly impact?: string | undefined;
  /** A page of docs/runbooks or an address. @default the page named after it */
  readonly runbook?: string | undefined;
}

/** Good events by all of them. */
export interface OwnEvents extends OwnObjectiveCommon {
  readonly kind: "events";
  /** PromQL of events/s of the last five minutes. */
  readonly good: string;
  readonly total: string;
}

/** Requests that were answered in time. */
export interface OwnLatency extends OwnObjectiveCommon {
  readonly kind: "latency";
  /** An edge of the histogram's buckets. */
  readonly withinSeconds: number;
  /** Route as the service counts it: `/api/search`. @default all */
  readonly route?: string | undefined;
}

export type OwnObjective = OwnEvents | OwnLatency;

const { name, tier, summary, impact, runbook, expression } = ownAlertSettings;

const common = {
  name,
  objective: number(
    { unit: "share of events", above: 0, atMost: 1 },
    { fix: "Give a share below 1: 99.9 % is 0.999.", decides: "bounds of its alerts" },
  ),
  tier: tier.optional(),
  summary: summary.optional(),
  impact: impact.optional(),
  runbook: runbook.optional(),
};

/** Settings of `services.<name>.slos`. */
export const ownObjectiveSettings = list(
  about(
    z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("events"), ...common, good: expression, total: expression }),
      z.strictObject({
        kind: z.literal("latency"),
        ...common,
        withinSeconds: number(
          { unit: "seconds", above: 0, atMost: 600 },
          { fix: "Give the bound within which a request counts as good.", decides: "what is good" },
        ),
        route: text(/^\/[^\s"\\]*$/, {
          allowed: "a route as the service counts it, like /api/search",
          fix: "See the label route of http_requests_total; leave it out for all requests.",
          otherwise: "all requests",
        }).optional(),
      }),
    ]),
    { allowed: '"events" or "latency"', fix: "Say what is counted; the other keys depend on it." },
  ),
  {
    allowed: "a list of objectives",
    fix: "Give name, kind and objective of each, and what is counted.",
    decides: "alerts and panels beside those of the budget",
  },
);

/** What is wrong with the objectives of a service, but for their PromQL. */
export function ownObjectiveIssues(
  objectives: readonly OwnObjective[],
  budget: PerformanceBudget,
  path: readonly (string | number)[],
): Issue[] {
  return objectives.flatMap((of, index) =>
    within(
      [...path, index],
      [
        ...sloIssues(of, []),
        ...(of.kind === "latency"
          ? bucketIssues(of.withinSeconds, responseTimeBuckets(budget), ["withinSeconds"])
          : []),
      ],
    ),
  );
}

/** An objective as the platform's own are: the same rules and alerts follow. @param key of the service */
export function objectiveOf(
  of: Workload & { readonly budget: PerformanceBudget; readonly key: string },
  own: OwnObjective,
): Slo {
  const measured = own.kind === "events" ? eventsOf(own) : latencyOf(of, own);
  return {
    name: own.name,
    labels: { namespace: of.namespace, service: of.job },
    subjects: [{ objective: own.objective }],
    mostUrgent: own.tier,
    own: own.kind === "events",
    ...measured,
    about: {
      noun: "service",
      summary: own.summary ?? `${of.job} breaks its objective ${own.name}.`,
      impact: own.impact ?? `More than ${percent(1 - own.objective)} of what users do is not as promised.`,
      dashboard: "performance",
      keys: [`${of.key}.slos`],
      runbook: own.runbook,
    },
  };
}

/** Rules and alerts of all objectives that a service adds. */
export function ownObjectives(
  of: Workload & { readonly budget: PerformanceBudget; readonly key: string },
  objectives: readonly OwnObjective[],
): ReturnType<typeof slo>[] {
  return objectives.map((own) => slo(objectiveOf(of, own)));
}

type Measured = Pick<Slo, "bad" | "all" | "example">;

/** Where nothing is good there may be no series of it, and then everything is bad. */
function eventsOf({ good, total }: OwnEvents): Measured {
  const [fine, all] = [`sum(${good})`, `sum(${total})`];
  // What is written is opaque: nobody can say with which series it comes about.
  return { all, bad: `${all} - (${fine} or 0 * ${all})`, example: () => [] };
}

function latencyOf(
  of: Workload & { readonly budget: PerformanceBudget },
  { withinSeconds, route }: OwnLatency,
): Measured {
  const only = route === undefined ? [] : [matchers({ route })];
  const rate = (metric: string, more: readonly string[]): string => {
    const text = [...only, ...more].join(",");
    return `sum(rate(${metric}{${seriesOf(of, text === "" ? undefined : text)}}[5m]))`;
  };
  const all = rate("http_request_duration_seconds_count", []);
  const fast = rate("http_request_duration_seconds_bucket", [bucketMatcher(withinSeconds)]);
  return {
    all,
    bad: `${all} - (${fast} or 0 * ${all})`,
    example: (share, perMinute) => slow(of, withinSeconds, responseTimeBuckets(of.budget), share, perMinute),
  };
}
