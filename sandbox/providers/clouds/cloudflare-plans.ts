/**
 * What Cloudflare refuses by the plan of a zone. No resource says the plan, so the stand-in cannot know it: a test that
 * chooses one asks here.
 */
import type { Properties, Value } from "../protocol/values";
import { isProperties } from "../protocol/values";

export type Plan = "free" | "pro" | "business" | "enterprise";

interface RateLimits {
  /** Fields of the expression; undefined where there is no bound. */
  readonly fields?: readonly string[];
  /** Seconds over which requests are counted. */
  readonly periods: readonly number[];
  /** Seconds for which a client is refused, at most. */
  readonly longestTimeout: number;
}

const FREE_FIELDS = ["http.request.uri.path", "cf.bot_management.verified_bot"];

const PRO_FIELDS = [
  ...FREE_FIELDS,
  "http.host",
  "http.request.uri",
  "http.request.full_uri",
  "http.request.uri.query",
];

/** developers.cloudflare.com/waf/rate-limiting-rules, availability. */
const RATE_LIMITS: Readonly<Record<Plan, RateLimits>> = {
  free: { fields: FREE_FIELDS, periods: [10], longestTimeout: 10 },
  pro: { fields: PRO_FIELDS, periods: [10, 60], longestTimeout: 3600 },
  business: {
    fields: [...PRO_FIELDS, "http.request.method", "ip.src", "http.user_agent"],
    periods: [10, 60, 120, 300, 600],
    longestTimeout: 86_400,
  },
  enterprise: { periods: [10, 60, 120, 300, 600, 3600], longestTimeout: 86_400 },
};

type Counts = Readonly<Record<Plan, number>>;

/** developers.cloudflare.com: availability of rewrites, header changes, cache rules. */
const TENS: Counts = { free: 10, pro: 25, business: 50, enterprise: 300 };

/** Rules by phase; the managed rulesets that can be chosen begin with the plan pro. */
const RULES: Readonly<Record<string, Counts>> = {
  http_request_cache_settings: TENS,
  http_request_firewall_custom: { free: 5, pro: 20, business: 100, enterprise: 1000 },
  http_request_firewall_managed: { free: 0, pro: 1000, business: 1000, enterprise: 1000 },
  http_ratelimit: { free: 1, pro: 2, business: 5, enterprise: 100 },
  http_request_late_transform: TENS,
  http_request_transform: TENS,
  http_response_headers_transform: TENS,
};

/** @param ruleset inputs of a `cloudflare:index/ruleset:Ruleset` */
export function planRefusals(plan: Plan, ruleset: Properties): string[] {
  const phase = text(ruleset["phase"]);
  const given: Value = ruleset["rules"];
  const rules = Array.isArray(given) ? (given as readonly Value[]).filter(isProperties) : [];
  const most = RULES[phase]?.[plan] ?? Infinity;
  return [
    ...(rules.length > most
      ? [`${phase}: ${rules.length} rules; allowed are ${most} on the plan ${plan}`]
      : []),
    ...rules.flatMap((rule) => ruleRefusals(plan, phase, rule)),
  ];
}

function ruleRefusals(plan: Plan, phase: string, { expression, ratelimit }: Properties): string[] {
  const condition = text(expression).replace(/"[^"]*"/g, '""');
  const refused = (what: string): string => `${phase}: ${what} on the plan ${plan}`;
  const regex = / matches /.test(condition) && ["free", "pro"].includes(plan);
  const found = regex ? [refused('the operator "matches" is not there')] : [];
  if (!isProperties(ratelimit)) return found;
  const { fields, periods, longestTimeout } = RATE_LIMITS[plan];
  const used = condition.match(/\b(?:http|ip|cf)\.[a-z_.]+/g) ?? [];
  const { period, mitigationTimeout } = ratelimit;
  return [
    ...found,
    ...used
      .filter((field) => fields?.includes(field) === false)
      .map((field) => refused(`the field ${field} is not there`)),
    ...(periods.includes(Number(period)) ? [] : [refused(`a period of ${Number(period)} s is not there`)]),
    ...(Number(mitigationTimeout) > longestTimeout
      ? [refused(`a time-out of ${Number(mitigationTimeout)} s is longer than ${longestTimeout}`)]
      : []),
  ];
}

function text(value: Value): string {
  return typeof value === "string" ? value : "";
}
