/** The numbers of a forecast, read back from its rules. */
import type { CountedForecast, ForecastGroup } from "./forecast-rules";
import { countedRules, FORECAST_SERIES } from "./forecast-rules";

/** Rules as a rendered object or a file has them. */
export interface ReadGroup {
  readonly interval?: string;
  readonly rules: readonly ReadRule[];
}

export interface ReadRule {
  readonly record?: string;
  readonly expr: string | number;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * What `forecastRules` made a group of. The numbers are picked out of the texts, and the rules made of them again: only when
 * these are the group's own, character for character, nothing was changed and the model may stand for them.
 *
 * @returns undefined where the rules are others, or others besides
 */
export function readForecast(group: ReadGroup): CountedForecast | undefined {
  const found = picked(group);
  const seconds = /^(\d+)s$/.exec(group.interval ?? "")?.[1];
  if (found === undefined || seconds === undefined || 60 % Number(seconds) !== 0) return undefined;
  const counted = { ...found, intervalSeconds: Number(seconds) };
  return text(countedRules(counted).rules) === text(group.rules) ? counted : undefined;
}

function picked({ rules }: ReadGroup): Omit<CountedForecast, "intervalSeconds"> | undefined {
  const [first] = rules;
  const { namespace, service } = first?.labels ?? {};
  if (first === undefined || namespace === undefined || service === undefined) return undefined;
  const { asked, believed, benefit, cost, trigger, worth } = FORECAST_SERIES;
  /** Of the rule that records the series: the number after `start` or before `end`. */
  const pick = (record: string, pattern: RegExp, part?: string): number => {
    const rule = rules.find(
      (one) => one.record === record && (part === undefined || one.labels?.["part"] === part),
    );
    return Number(pattern.exec(String(rule?.expr))?.[1] ?? NaN);
  };
  /** A range ends a second short of whole minutes. */
  const minutes = (record: string, part?: string): number => (pick(record, /\[(\d+)s\]/, part) + 1) / 60;
  const member = "service:forecast:member";
  return {
    namespace,
    service,
    load: String(first.expr),
    mode: rules.some(({ record }) => record === trigger) ? "on" : "preview",
    leadMinutes: pick("service:load:ordered", / offset (\d+)m\)$/),
    surge: pick("service:load:surge", / > bool (\S+) \* /),
    days: rules.filter(({ record }) => record === member).length,
    quantile: pick(asked, /\(day\) \(([^ ,]+), /, "season"),
    levels: [pick(member, /, (\S+), \S+\)$/), pick(member, /, (\S+)\)$/)],
    memoryMinutes: minutes(asked, "memory"),
    carriedMinutes: pick(asked, / \+ (\S+) \* \(/, "momentum"),
    judgedMinutes: minutes(cost),
    scale: pick(asked, /^(\S+) \* /),
    fullAt: pick("service:load:too_full", / > bool (\S+) \* /),
    sparedAt: pick("service:load:spared", /^\((\S+) \* /),
    sparedTimes: pick(worth, /^clamp_min\((\S+) \* /),
    worth: pick(worth, /, (\S+)\)$/),
    mostCost: pick(believed, / <= bool (\S+)\)$/),
    chanceMinutes: pick(benefit, / - (\S+), 0\)/),
  };
}

function text(rules: ForecastGroup["rules"] | readonly ReadRule[]): string {
  return JSON.stringify(
    rules.map(({ record, expr, labels = {} }) => [
      record,
      String(expr),
      Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]),
  );
}
