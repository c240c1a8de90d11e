/** Rules and alerts that a stack file brings along, beside those of the platform. */
import { z } from "zod";

import { workloadName } from "../core/leaves";
import { about, choice, list, map, number, retold, text } from "../core/settings";
import { runbookOf, type Alert, type Tier } from "./alert";
import { TIERS } from "./routing";
import { alertName } from "./slo";
import { NOTHING_WATCHED, type Watched } from "./watched";

/** An alert of a stack's own. */
export interface OwnAlert {
  readonly kind: "alert";
  readonly name: string;
  /** PromQL that has a value only while it is so. */
  readonly expr: string;
  readonly forSeconds: number;
  readonly tier: Tier;
  readonly summary: string;
  readonly impact: string;
  readonly runbook?: string | undefined;
  /** Service that it is about: it is kept back while the way to all services is shut. */
  readonly service?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** A recording rule of a stack's own. */
export interface OwnRecording {
  readonly kind: "recording";
  readonly name: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

export type OwnRule = OwnAlert | OwnRecording;

/** Labels by which alerts are routed and kept back: the platform sets them. */
export const ROUTING_LABELS = [
  "alertname",
  "tier",
  "severity",
  "noun",
  "subject",
  "scope",
  "service",
] as const;

const expression = text(/\S/, {
  allowed: "PromQL",
  fix: "Give what Prometheus evaluates; try it in its own page first.",
  decides: "rules of Prometheus",
});

const runbook = text(/^(https?:\/\/[^\s/]+(\/\S*)?|[a-z0-9][-a-z0-9]*\.md)$/, {
  allowed:
    "an address like https://wiki.example.com/checkout, or a page of docs/runbooks like checkout-errors.md",
  fix: "Say where somebody who was asleep reads what to do.",
  otherwise: "the page of docs/runbooks named after it",
  decides: "runbook_url",
});

const sentence = text(/^\S(.{0,298}\S)?$/, {
  allowed: "a sentence on one line, 300 characters at most",
  fix: "Say what is wrong to somebody who was asleep.",
});

const labels = map(
  text(/^(?!__)[A-Za-z_][A-Za-z0-9_]*$/, {
    allowed: "a label of Prometheus: letters, digits and underscores, no digit first",
    fix: "Rename the label.",
  }),
  about(z.string(), {
    allowed: "text",
    fix: "Give text; where a number or true is meant, in quotation marks.",
  }),
  { allowed: "a map of labels of Prometheus", fix: "Name labels that tell rules apart.", decides: "labels" },
);

/** What objectives and alerts of a stack's own say alike. */
export const ownAlertSettings = {
  name: alertName,
  tier: choice(TIERS, {
    fix: "P0 wakes somebody, P1 is for the hour, P2 for business hours.",
    decides: "who is told",
  }),
  summary: retold(sentence, { decides: "what is told" }),
  impact: retold(sentence, { fix: "Say what users notice.", otherwise: "none named" }),
  runbook,
  expression,
} as const;

const { name, tier, summary, impact } = ownAlertSettings;

/** Impact where none is given. */
const UNKNOWN_IMPACT = "Not named in the stack file.";

/** Settings of `monitoring.rules`. */
export const ownRuleSettings = list(
  about(
    z.discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("alert"),
        name,
        expr: expression,
        forSeconds: number(
          { unit: "seconds", atLeast: 0, atMost: 604_800, whole: true },
          { fix: "Give how long it has to be so before somebody is told.", decides: "when it fires" },
        ).default(60),
        tier,
        summary,
        impact: impact.default(UNKNOWN_IMPACT),
        runbook: runbook.optional(),
        service: retold(workloadName, { fix: "Name a service of this stack, or leave it out." }).optional(),
        labels: labels.default({}),
      }),
      z.strictObject({
        kind: z.literal("recording"),
        name: text(/^[A-Za-z_:][A-Za-z0-9_:]*$/, {
          allowed: "the name of a series, like checkout:orders:rate5m",
          fix: "Name level, metric and operations, with colons between them.",
        }),
        expr: expression,
        labels: labels.default({}),
      }),
    ]),
    { allowed: '"alert" or "recording"', fix: "Say whether somebody is told, or a series is kept." },
  ),
  {
    allowed: "a list of rules",
    fix: "Give name and expr of each; alerts have tier, summary and a runbook besides.",
    decides: "rules beside those of the platform",
  },
);

/** The page that an alert of a stack's own leads to: a file of docs/runbooks, or an address. */
export function pageOf({ name: alert, runbook: page }: Pick<OwnAlert, "name" | "runbook">): string {
  return page ?? runbookOf({ name: alert });
}

/** @param namespace of the stack */
export function watchOwnRules(namespace: string, rules: readonly OwnRule[]): Watched {
  return {
    ...NOTHING_WATCHED,
    rules: rules.flatMap((rule) =>
      rule.kind === "recording"
        ? {
            record: rule.name,
            expr: rule.expr,
            ...(isEmpty(rule.labels) ? {} : { labels: rule.labels }),
            own: true,
          }
        : [],
    ),
    alerts: rules.flatMap((rule) => (rule.kind === "alert" ? ownAlert(namespace, rule) : [])),
  };
}

function isEmpty(map: object): boolean {
  return Object.keys(map).length === 0;
}

/** Its condition is what its author wrote: there is no example, and no test that follows from it. */
function ownAlert(namespace: string, rule: OwnAlert): Alert {
  const { service } = rule;
  return {
    name: rule.name,
    tier: rule.tier,
    noun: service === undefined ? OWN_NOUN : "service",
    labels: { ...rule.labels, ...(service === undefined ? {} : { namespace, service }) },
    condition: { kind: "state", expr: rule.expr, firing: [], silent: [] },
    forSeconds: rule.forSeconds,
    windowSeconds: 0,
    summary: rule.summary,
    impact: rule.impact,
    dashboard: "performance",
    keys: ["retrofitlink:monitoring.rules"],
    runbook: rule.runbook,
    own: true,
  };
}

/** What alerts of a stack's own are about where they name no service. */
export const OWN_NOUN = "own";
