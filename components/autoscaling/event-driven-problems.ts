/**
 * What KEDA's own admission webhook refuses, said at preview: there it does not run, and where it runs its failures are
 * ignored. Checked against KEDA 2.20, apis/keda/v1alpha1/scaledobject_webhook.go and pkg/scalers.
 */
import { isCron, isTimezone } from "../../budget/autoscaling/cron";
import type { Problem } from "../shared/problems";
import type { EventDrivenAutoscalerArgs } from "./event-driven-autoscaler";
import { boundProblems } from "./scaling-metrics";
import type { ScalingTrigger } from "./scaling-triggers";

/** Kubernetes: a value of a label, which the name of a ScaledObject becomes. */
export const LONGEST_NAME = 63;

export function eventDrivenProblems(args: EventDrivenAutoscalerArgs): Problem[] {
  const { target, min, max, triggers, fallback } = args;
  return [
    ...boundProblems(min, max, 0),
    ...nameProblems(target.name),
    ...triggers.flatMap((trigger, index) => triggerProblems(trigger, `triggers[${index}]`)),
    ...togetherProblems(args),
    ...(fallback === undefined ? [] : fallbackProblems(fallback, args)),
  ];
}

function nameProblems(name: unknown): Problem[] {
  if (typeof name !== "string" || name.length <= LONGEST_NAME) return [];
  const fix = "Shorten the name of the workload: KEDA writes it into a label.";
  return [{ property: "target", got: name, allowed: `a name of at most ${LONGEST_NAME} characters`, fix }];
}

function togetherProblems({ min, triggers }: EventDrivenAutoscalerArgs): Problem[] {
  const problems: Problem[] = [];
  if (triggers.length === 0) {
    problems.push({
      property: "triggers",
      got: triggers,
      allowed: "at least one trigger",
      fix: "Say what the replicas follow.",
    });
  }
  triggers.forEach(({ name }, index) => {
    if (triggers.findIndex((other) => other.name === name) === index) return;
    const fix = "Rename one of the two.";
    problems.push({ property: `triggers[${index}].name`, got: name, allowed: "a name of its own", fix });
  });
  if (min === 0 && triggers.length > 0 && triggers.every(({ kind }) => kind === "cpu")) {
    problems.push({
      property: "min",
      got: min,
      allowed: "at least 1 where CPU alone decides",
      fix: "Without a pod there is no CPU to start one from; add another trigger, or keep a pod.",
    });
  }
  return problems;
}

function triggerProblems(trigger: ScalingTrigger, at: string): Problem[] {
  switch (trigger.kind) {
    case "cpu":
      return positive(`${at}.utilization`, trigger.utilization);
    case "prometheus":
      return [...positive(`${at}.perPod`, trigger.perPod), ...queryProblems(trigger.query, at)];
    case "cron":
      return cronProblems(trigger, at);
    case "redis-list":
    case "redis-stream":
      return whole(`${at}.perPod`, trigger.perPod);
  }
}

function positive(property: string, got: number): Problem[] {
  return got > 0 && Number.isFinite(got)
    ? []
    : [{ property, got, allowed: "a number above 0", fix: "Give what one pod has of it at the target." }];
}

function whole(property: string, got: number): Problem[] {
  return Number.isInteger(got) && got >= 1
    ? []
    : [{ property, got, allowed: "a whole number from 1 on", fix: "Count what may come to one pod." }];
}

/** What makes one value of many. */
const AGGREGATES = /\b(sum|max|min|avg|count|quantile|group|stddev|stdvar|scalar|vector|topk|bottomk)\b/;

/** A series that a rule has recorded, which is one already when its labels say whose. */
const RECORDED = /^[a-zA-Z_][\w]*:[\w:]*\{[^}]+\}$/;

/** KEDA takes the first of several series, at random: the fleet would follow one pod. */
function queryProblems(query: string, at: string): Problem[] {
  const allowed = "PromQL that answers with one value: an aggregation, or a recorded series with its labels";
  const text = query.trim();
  const isOne = (AGGREGATES.test(text) && !/^[a-z]+\s*(by|without)\s*\(/.test(text)) || RECORDED.test(text);
  return isOne
    ? []
    : [
        {
          property: `${at}.query`,
          got: query,
          allowed,
          fix: "Write sum(…) around it, over all pods of the workload.",
        },
      ];
}

function cronProblems(trigger: Extract<ScalingTrigger, { kind: "cron" }>, at: string): Problem[] {
  const { timezone, start, end, replicas } = trigger;
  const expressions = { start, end };
  return [
    ...(isTimezone(timezone)
      ? []
      : [
          {
            property: `${at}.timezone`,
            got: timezone,
            allowed: "a time zone of the IANA database",
            fix: "Write Europe/Berlin, for one.",
          },
        ]),
    ...(["start", "end"] as const).flatMap((key) =>
      isCron(expressions[key])
        ? []
        : [
            {
              property: `${at}.${key}`,
              got: expressions[key],
              allowed: "a cron expression of five fields",
              fix: "Give minute, hour, day of the month, month and day of the week.",
            },
          ],
    ),
    ...(start === end
      ? [
          {
            property: `${at}.end`,
            got: end,
            allowed: "another time than start",
            fix: "Give when it is over.",
          },
        ]
      : []),
    ...whole(`${at}.replicas`, replicas),
  ];
}

function fallbackProblems(
  fallback: NonNullable<EventDrivenAutoscalerArgs["fallback"]>,
  { triggers, max }: EventDrivenAutoscalerArgs,
): Problem[] {
  const problems: Problem[] = [];
  if (triggers.every(({ kind }) => kind === "cpu")) {
    problems.push({
      property: "fallback",
      got: fallback,
      allowed: "nothing where CPU alone decides",
      fix: "Leave it out: KEDA falls back only for what it asks itself.",
    });
  }
  if (!Number.isInteger(fallback.replicas) || fallback.replicas < 1 || fallback.replicas > max) {
    problems.push({
      property: "fallback.replicas",
      got: fallback.replicas,
      allowed: `a whole number from 1 to max, ${max} (pods)`,
      fix: "Give the pods that an ordinary peak takes.",
    });
  }
  return problems;
}
