/** Cron expressions as KEDA's cron trigger reads them: five fields, months and days of the week also by their English names. */
import type { About } from "../core/settings";

/** What is allowed, for messages about an expression that cannot be read. */
export const CRON: Pick<About, "allowed" | "fix"> = {
  allowed: "a cron expression of five fields: minute, hour, day, month, day of the week",
  fix: 'Write "0 8 * * 1-5" for 8 o\'clock on weekdays.',
};

/** Of a load that is over when it begins. */
export const OVER_AT_ONCE: Pick<About, "allowed" | "fix"> = {
  allowed: "another time than start",
  fix: "Give the time at which the load is over.",
};

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

interface Field {
  readonly least: number;
  readonly most: number;
  /** Names of the values from `least` on. */
  readonly names?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, names: MONTHS },
  { least: 0, most: 6, names: DAYS },
];

/** True for an expression of five fields in which every value is within its field. */
export function isCron(expression: string): boolean {
  const fields = expression.trim().split(/\s+/);
  return fields.length === FIELDS.length && FIELDS.every((field, at) => isField(fields[at] ?? "", field));
}

/** `*`, `5`, `1-5`, `MON-FRI`, `*\/15`, and lists of them. */
function isField(text: string, field: Field): boolean {
  return text.split(",").every((item) => {
    const [range = "", step, ...more] = item.split("/");
    if (more.length > 0 || (step !== undefined && !(/^\d+$/.test(step) && Number(step) > 0))) return false;
    if (range === "*" || range === "?") return true;
    const ends = range.split("-").map((end) => valueOf(end, field));
    const [from, to = from] = ends;
    return ends.length <= 2 && from !== undefined && to !== undefined && from <= to;
  });
}

function valueOf(text: string, { least, most, names = [] }: Field): number | undefined {
  const named = names.indexOf(text.toUpperCase());
  const value = named >= 0 ? least + named : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}
