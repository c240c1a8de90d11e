/**
 * What KEDA's own admission webhook, its definitions and its scalers refuse, said at preview: there they do not run, and where the
 * webhook runs its failures are ignored. Checked against KEDA 2.20, apis/keda/v1alpha1 and pkg/scalers.
 */
import type * as pulumi from "@pulumi/pulumi";

import { issue, pathOf, type Issue } from "../../budget/core/issues";
import { CRON, OVER_AT_ONCE, isCron } from "../../budget/autoscaling/cron";
import { TIMEZONE, isTimezone } from "../../budget/core/timezone";
import type { EventDrivenAutoscalerArgs } from "./event-driven-args";
import { boundIssues } from "./scaling-metrics";
import { wholeNumberIssues } from "./whole-numbers";
import { credentialsOf, type ScalingTrigger } from "./scaling-triggers";

/** Kubernetes: a value of a label, which the name of a ScaledObject becomes. */
export const LONGEST_NAME = 63;

export function eventDrivenIssues(args: EventDrivenAutoscalerArgs): Issue[] {
  const { target, min, max, triggers, fallback } = args;
  return [
    ...boundIssues(min, max, 0),
    ...nameIssues(target.name),
    ...triggers.flatMap((trigger, index) => triggerIssues(trigger, `triggers[${index}]`)),
    ...togetherIssues(args),
    ...(fallback === undefined ? [] : fallbackIssues(fallback, args)),
    ...timeIssues(args),
  ];
}

/** Its definitions have whole numbers here, and its operator no other number of paused pods. */
function timeIssues({
  pollingSeconds,
  cooldownSeconds,
  fallback,
  pause,
}: EventDrivenAutoscalerArgs): Issue[] {
  return [
    ...wholeNumberIssues("pollingSeconds", pollingSeconds, 1),
    ...wholeNumberIssues("cooldownSeconds", cooldownSeconds, 0),
    ...wholeNumberIssues("fallback.failures", fallback?.failures, 1),
    ...(pause?.kind === "all" ? wholeNumberIssues("pause.replicas", pause.replicas, 0) : []),
  ];
}

function nameIssues(name: unknown): Issue[] {
  if (typeof name !== "string" || name.length <= LONGEST_NAME) return [];
  const fix = "Shorten the name of the workload: KEDA writes it into a label.";
  return [issue(pathOf("target"), name, { allowed: `a name of at most ${LONGEST_NAME} characters`, fix })];
}

function togetherIssues({ min, triggers }: EventDrivenAutoscalerArgs): Issue[] {
  const issues: Issue[] = [];
  if (triggers.length === 0) {
    issues.push(
      issue(pathOf("triggers"), triggers, {
        allowed: "at least one trigger",
        fix: "Say what the replicas follow.",
      }),
    );
  }
  triggers.forEach((trigger, index) => {
    const { name } = trigger;
    if (credentialsOf(trigger).length > 0 && !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
      const fix = "Its TriggerAuthentication is named after it: use small letters, digits and hyphens.";
      const allowed = "a name of Kubernetes";
      issues.push(issue(pathOf(`triggers[${index}].name`), name, { allowed, fix }));
    }
    if (triggers.findIndex((other) => other.name === name) === index) return;
    const fix = "Rename one of the two.";
    issues.push(issue(pathOf(`triggers[${index}].name`), name, { allowed: "a name of its own", fix }));
  });
  if (min === 0 && triggers.length > 0 && triggers.every(({ kind }) => kind === "cpu")) {
    issues.push(
      issue(pathOf("min"), min, {
        allowed: "at least 1 where CPU alone decides",
        fix: "Without a pod there is no CPU to start one from; add another trigger, or keep a pod.",
      }),
    );
  }
  return issues;
}

function triggerIssues(trigger: ScalingTrigger, at: string): Issue[] {
  switch (trigger.kind) {
    case "cpu":
      return positive(`${at}.utilization`, trigger.utilization);
    case "prometheus":
      return [
        ...positive(`${at}.perPod`, trigger.perPod),
        ...filled(`${at}.url`, trigger.url),
        ...queryIssues(trigger.query, at),
        ...(trigger.timeoutSeconds === undefined
          ? []
          : positive(
              `${at}.timeoutSeconds`,
              trigger.timeoutSeconds,
              "Leave it out for KEDA's own 3 seconds.",
            )),
      ];
    case "cron":
      return cronIssues(trigger, at);
    case "redis-list":
      return [
        ...whole(`${at}.perPod`, trigger.perPod),
        ...filled(`${at}.redis.addresses`, trigger.redis.addresses),
        ...filled(`${at}.list`, trigger.list),
      ];
    case "redis-stream":
      return [
        ...whole(`${at}.perPod`, trigger.perPod),
        ...filled(`${at}.redis.addresses`, trigger.redis.addresses),
        ...filled(`${at}.stream`, trigger.stream),
        // Without a group KEDA counts all entries that ever came, against 5 for a pod.
        ...filled(`${at}.consumerGroup`, trigger.consumerGroup),
      ];
  }
}

/** What the program does not know yet is right. */
function filled(property: string, got: pulumi.Input<string>): Issue[] {
  if (typeof got !== "string" || got.trim() !== "") return [];
  return [
    issue(pathOf(property), got, { allowed: "a text", fix: "Fill it in: KEDA does not start without." }),
  ];
}

function positive(
  property: string,
  got: number,
  fix = "Give what one pod has of it at the target.",
): Issue[] {
  return got > 0 && Number.isFinite(got)
    ? []
    : [issue(pathOf(property), got, { allowed: "a number above 0", fix })];
}

function whole(property: string, got: number): Issue[] {
  return Number.isInteger(got) && got >= 1
    ? []
    : [
        issue(pathOf(property), got, {
          allowed: "a whole number from 1 on",
          fix: "Count what may come to one pod.",
        }),
      ];
}

/** What makes one value of many. */
const AGGREGATES = /\b(sum|max|min|avg|count|quantile|group|stddev|stdvar|scalar|vector|topk|bottomk)\b/;

/** A series that a rule has recorded, which is one already when its labels say whose. */
const RECORDED = /^[a-zA-Z_][\w]*:[\w:]*\{[^}]+\}$/;

/** KEDA takes the first of several series, at random: the fleet would follow one pod. */
function queryIssues(query: string, at: string): Issue[] {
  const allowed = "PromQL that answers with one value: an aggregation, or a recorded series with its labels";
  const text = query.trim();
  const isOne = (AGGREGATES.test(text) && !/^[a-z]+\s*(by|without)\s*\(/.test(text)) || RECORDED.test(text);
  return isOne
    ? []
    : [
        issue(pathOf(`${at}.query`), query, {
          allowed,
          fix: "Write sum(…) around it, over all pods of the workload.",
        }),
      ];
}

function cronIssues(trigger: Extract<ScalingTrigger, { kind: "cron" }>, at: string): Issue[] {
  const { timezone, start, end, replicas } = trigger;
  const expressions = { start, end };
  const wrong = (["start", "end"] as const).filter((key) => !isCron(expressions[key]));
  return [
    ...(isTimezone(timezone) ? [] : [issue(pathOf(`${at}.timezone`), timezone, TIMEZONE)]),
    ...wrong.map((key) => issue(pathOf(`${at}.${key}`), expressions[key], CRON)),
    ...(start === end ? [issue(pathOf(`${at}.end`), end, OVER_AT_ONCE)] : []),
    ...whole(`${at}.replicas`, replicas),
  ];
}

function fallbackIssues(
  fallback: NonNullable<EventDrivenAutoscalerArgs["fallback"]>,
  { triggers, max }: EventDrivenAutoscalerArgs,
): Issue[] {
  const issues: Issue[] = [];
  if (triggers.every(({ kind }) => kind === "cpu")) {
    issues.push(
      issue(pathOf("fallback"), fallback, {
        allowed: "nothing where CPU alone decides",
        fix: "Leave it out: KEDA falls back only for what it asks itself.",
      }),
    );
  }
  if (!Number.isInteger(fallback.replicas) || fallback.replicas < 1 || fallback.replicas > max) {
    issues.push(
      issue(pathOf("fallback.replicas"), fallback.replicas, {
        allowed: `a whole number from 1 to max, ${max} (pods)`,
        fix: "Give the pods that an ordinary peak takes.",
      }),
    );
  }
  return issues;
}
