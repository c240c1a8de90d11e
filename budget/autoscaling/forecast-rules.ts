/**
 * The forecast of one service as recording rules of Prometheus: no program runs beside it and nothing
 * is trained. Its state is in the series, so it survives a restart. `forecast-model.ts` computes the same numbers without
 * a Prometheus.
 *
 * Ranges end a second short of whole steps: the range of PromQL was closed on both sides until Prometheus 3 and is open on
 * the left since then, and a range of `n` steps less a second holds `n` samples in both.
 */
import {
  DAY_MINUTES,
  forecastNumbers,
  type ForecastNumbers,
  type ForecastPart,
  type ForecastSettings,
  leastJudgedMinutes,
  LEVEL_MINUTES,
  seasonWindow,
  STAY_MINUTES,
} from "./forecast";
import type { RecordingRule } from "../monitoring/recording";
import type { Pods } from "./signals";

/** A group of rules as a rules file and a PrometheusRule have it. */
export interface ForecastGroup {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly RecordingRule[];
}

/** Whose load is forecast, and from what. */
export interface ForecastSource {
  /** Labels of every series: stacks may share a Prometheus, and have services of the same name. */
  readonly namespace: string;
  readonly service: string;
  /** PromQL of the load of the last minute, one series without labels: `sum(rate(http_requests_total{job="backend"}[1m]))`. */
  readonly load: string;
  /** Seconds between two evaluations; a divisor of 60. */
  readonly intervalSeconds: number;
  /** `preview` publishes what would have been asked for, and no trigger. */
  readonly mode: "preview" | "on";
}

export interface ForecastedService extends ForecastSettings, ForecastSource {}

/** The same as its rules have it. */
export interface CountedForecast extends ForecastNumbers, ForecastSource {}

/** Names of the series that others read; all have the labels `namespace` and `service`. */
export const FORECAST_SERIES = {
  /** Load of the last minute. */
  now: "service:load:now",
  /** Load of the last two minutes, what the reactive trigger goes by. */
  recent: "service:load:recent",
  /** The load that the days before let expect for this moment. Dashboards show it; no trigger reads it. */
  expected: "service:forecast:expected",
  /** Weighted absolute error of `expected` over a day: sum of errors by sum of loads. */
  error: "service:forecast:wape1d",
  /** What each part asks for, believed or not; label `part`. In the unit of the load, at the trigger's target. */
  asked: "service:forecast:asked",
  /** 1 as long as a part is believed, else 0; label `part`. */
  believed: "service:forecast:believed",
  /** Share of too full minutes that a part would have saved; label `part`. */
  benefit: "service:forecast:benefit",
  /** Share of pods that a part would have cost; label `part`. */
  cost: "service:forecast:cost",
  /** How many times its cost a part's benefit has to be. */
  worth: "service:forecast:worth",
  /** What all believed parts ask for; 0 when none is believed. */
  gated: "service:forecast:gated",
  /** By how much `gated` is above the reactive trigger: what preview mode would have added. */
  added: "service:forecast:added",
  /** Seconds since `gated` was last there, up to an hour. */
  age: "service:forecast:age_seconds",
  /** What the second trigger of a ScaledObject asks for. Absent in preview mode. */
  trigger: "service:forecast:trigger",
} as const;

/**
 * @returns one group, its rules in the order in which each needs what is before it
 * @throws RangeError when the interval does not divide a minute
 */
export function forecastRules(of: ForecastedService): ForecastGroup {
  const { namespace, service, load, intervalSeconds, mode } = of;
  return countedRules({ ...forecastNumbers(of), namespace, service, load, intervalSeconds, mode });
}

/** @throws RangeError when the interval does not divide a minute */
export function countedRules(of: CountedForecast): ForecastGroup {
  if (60 % of.intervalSeconds !== 0) throw new RangeError(`${of.intervalSeconds} s do not divide a minute`);
  const rules = [...loadRules(of), ...partRules(of), ...judgeRules(of), ...resultRules(of)].map((rule) => ({
    record: rule.record,
    expr: rule.expr,
    labels: { namespace: of.namespace, service: of.service, ...rule.labels },
  }));
  return {
    name: `forecast-${of.service}`,
    interval: `${of.intervalSeconds}s`,
    rules,
  };
}

/** `n` minutes of samples, in the old and the new meaning of a range. */
const range = (minutes: number): string => `[${minutes * 60 - 1}s]`;
/** A difference of this many minutes needs the sample at its far end as well. */
const span = (minutes: number, of: ForecastSource): string => `[${minutes * 60 + of.intervalSeconds - 1}s]`;

/** Series of one service by their name. */
export function forecastSelector({
  namespace,
  service,
}: Pick<ForecastSource, "namespace" | "service">): (name: string, more?: string) => string {
  return (name, more = "") => `${name}{namespace="${namespace}",service="${service}"${more}}`;
}

/** What the trigger of a forecast asks. @param most requests/s that were agreed on */
export function forecastTrigger({ namespace, deployment: service }: Pods, most: number): string {
  return `clamp_max(max(${forecastSelector({ namespace, service })(FORECAST_SERIES.trigger)}), ${most})`;
}

function loadRules(of: CountedForecast): RecordingRule[] {
  const at = forecastSelector(of);
  const { now, recent } = FORECAST_SERIES;
  const level = at("service:load:level");
  const least = (LEVEL_MINUTES * 60) / of.intervalSeconds / 2;
  const { minutes, aheadMinutes } = seasonWindow(of);
  return [
    { record: now, expr: of.load },
    { record: recent, expr: `avg_over_time(${at(now)}${span(1, of)})` },
    {
      record: "service:load:level",
      expr:
        `avg_over_time(${at(now)}${range(LEVEL_MINUTES)})` +
        ` and count_over_time(${at(now)}${range(LEVEL_MINUTES)}) >= ${least}`,
    },
    {
      record: "service:load:ordered",
      expr: `max_over_time(${at(recent)}${range(STAY_MINUTES)} offset ${of.leadMinutes}m)`,
    },
    {
      record: "service:load:surge",
      expr: `${at(now)} * (${at(now)} > bool ${of.surge} * ${at("service:load:ordered")})`,
    },
    ...daysOf(of).flatMap((day) => {
      const offset = `offset ${day * DAY_MINUTES - aheadMinutes}m`;
      const factor = `clamp(${level} / (${level} offset ${day}d > 0), ${of.levels.join(", ")})`;
      return [
        {
          record: "service:forecast:member",
          labels: { day: String(day) },
          expr: `max_over_time(${at("service:load:surge")}${range(minutes)} ${offset}) * ${factor}`,
        },
        {
          record: "service:forecast:expected_member",
          labels: { day: String(day) },
          expr: `(${at(recent)} offset ${day * DAY_MINUTES - of.leadMinutes}m) * ${factor}`,
        },
      ];
    }),
  ];
}

const daysOf = ({ days }: ForecastNumbers): number[] => Array.from({ length: days }, (_, i) => i + 1);

/** What each part asks for, in the unit of the load at the trigger's target. */
function partRules(of: CountedForecast): RecordingRule[] {
  const at = forecastSelector(of);
  const { now, asked } = FORECAST_SERIES;
  const member = at("service:forecast:member");
  const rise = `(${at(now)} - min_over_time(${at(now)}${span(1, of)}))`;
  const surges = at("service:load:surge");
  const parts: Record<ForecastPart, string> = {
    season: `quantile without (day) (${of.quantile}, ${member})`,
    peak: `max without (day) (${member})`,
    momentum: `${at(now)} + ${of.carriedMinutes} * ${rise}`,
    memory: `max_over_time(${surges}${range(of.memoryMinutes)})`,
  };
  return Object.entries(parts).map(([part, expr]) => ({
    record: asked,
    labels: { part },
    expr: `${of.scale} * (${expr})`,
  }));
}

/** What each part would have saved and cost, and whether that pays. */
function judgeRules(of: CountedForecast): RecordingRule[] {
  const at = forecastSelector(of);
  const { now, asked, benefit, cost, worth, believed } = FORECAST_SERIES;
  const ordered = at("service:load:ordered");
  const extra = at("service:forecast:extra");
  const full = at("service:load:too_full");
  const judged = range(of.judgedMinutes);
  const perMinute = of.intervalSeconds === 60 ? "" : ` * ${of.intervalSeconds / 60}`;
  const fullMinutes = `(sum_over_time(${full}${judged})${perMinute} + 1)`;
  const least = Math.ceil((leastJudgedMinutes(of) * 60) / of.intervalSeconds);
  return [
    { record: "service:load:too_full", expr: `${at(now)} > bool ${of.fullAt} * ${ordered}` },
    {
      record: "service:forecast:extra",
      expr:
        `clamp_min(max_over_time(${at(asked)}${range(STAY_MINUTES)} offset ${of.leadMinutes}m)` +
        ` - on (namespace, service) group_left () ${ordered}, 0)`,
    },
    {
      record: "service:forecast:saved",
      expr:
        `(${of.fullAt} * (${extra} + on (namespace, service) group_left () ${ordered})` +
        ` >= bool on (namespace, service) group_left () ${at(now)}) * on (namespace, service) group_left () ${full}`,
    },
    {
      record: cost,
      expr:
        `sum_over_time(${extra}${judged}) / on (namespace, service) group_left ()` +
        ` (sum_over_time(${ordered}${judged}) > 0 and count_over_time(${ordered}${judged}) >= ${least})`,
    },
    {
      record: benefit,
      expr:
        `clamp_min(sum_over_time(${at("service:forecast:saved")}${judged})${perMinute} - ${of.chanceMinutes}, 0)` +
        ` / on (namespace, service) group_left () ${fullMinutes}`,
    },
    {
      record: "service:load:spared",
      expr: `(${of.sparedAt} * ${ordered} >= bool ${at(now)}) * ${full}`,
    },
    {
      record: worth,
      expr:
        `clamp_min(${of.sparedTimes} * sum_over_time(${at("service:load:spared")}${judged})${perMinute}` +
        ` / ${fullMinutes}, ${of.worth})`,
    },
    {
      record: believed,
      expr:
        `(${at(benefit)} > bool ${at(cost)} * on (namespace, service) group_left () ${at(worth)})` +
        ` * (${at(cost)} <= bool ${of.mostCost})`,
    },
  ];
}

function resultRules(of: CountedForecast): RecordingRule[] {
  const at = forecastSelector(of);
  const { recent, expected, error, asked, believed, gated, added, age, trigger } = FORECAST_SERIES;
  const result: RecordingRule[] = [
    { record: gated, expr: `max without (part) (${at(asked)} * ${at(believed)})` },
    { record: added, expr: `clamp_min(${at(gated)} - ${at(recent)}, 0)` },
    { record: expected, expr: `quantile without (day) (0.5, ${at("service:forecast:expected_member")})` },
    {
      record: "service:forecast:error",
      expr: `abs((${at(expected)} offset ${of.leadMinutes}m) - ${at(recent)})`,
    },
    {
      record: error,
      expr:
        `sum_over_time(${at("service:forecast:error")}${range(DAY_MINUTES)})` +
        ` / (sum_over_time(${at(recent)}${range(DAY_MINUTES)}) > 0)`,
    },
    { record: "service:forecast:made_at", expr: `timestamp(${at(gated)})` },
    { record: age, expr: `time() - max_over_time(${at("service:forecast:made_at")}[1h])` },
  ];
  return of.mode === "on" ? [...result, { record: trigger, expr: at(gated) }] : result;
}

/** Groups as Prometheus reads them from a file; JSON is YAML. */
export function forecastRulesFile(groups: readonly ForecastGroup[]): string {
  return `${JSON.stringify({ groups }, undefined, 2)}\n`;
}
