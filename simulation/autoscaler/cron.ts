/**
 * When a schedule comes next: five fields in a time zone, as KEDA's cron trigger reads them.
 *
 * Source: robfig/cron v3 (spec.go, parser.go), which KEDA 2.20 uses.
 */
import { ObjectError } from "./hpa-object";

interface Field {
  readonly allowed: ReadonlySet<number>;
  /** It was a star: of the two kinds of days the other one alone decides. */
  readonly any: boolean;
}

const RANGES = [
  { name: "minute", least: 0, most: 59, words: [] },
  { name: "hour", least: 0, most: 23, words: [] },
  { name: "day of month", least: 1, most: 31, words: [] },
  {
    name: "month",
    least: 1,
    most: 12,
    words: ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  { name: "day of week", least: 0, most: 6, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
] as const;

/** Longest way to a next time, days; beyond it there is none. */
const FARTHEST_DAYS = 5 * 366;

const HOUR = 3_600_000;

export class Schedule {
  private readonly fields: readonly Field[];
  private readonly zone: Intl.DateTimeFormat;
  private readonly offsets = new Map<number, number>();

  /** @throws ObjectError */
  constructor(text: string, timeZone: string, where: string) {
    const parts = text.trim().split(/\s+/);
    if (parts.length !== 5) {
      throw new ObjectError(`${where} is "${text}"; allowed are five fields, as in "0 8 * * 1-5"`);
    }
    this.fields = RANGES.map((range, index) => readField(parts[index] ?? "", range, `${where} ("${text}")`));
    try {
      this.zone = new Intl.DateTimeFormat("en-US", {
        timeZone,
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
      });
    } catch {
      throw new ObjectError(
        `${where}: there is no time zone "${timeZone}"; allowed is one as in Europe/Berlin`,
      );
    }
  }

  /** The first moment after one, milliseconds since 1970; Infinity when there is none. */
  next(after: number): number {
    const [minutes, hours, , months] = this.fields as readonly [Field, Field, Field, Field, Field];
    let at = (Math.floor(after / 60_000) + 1) * 60_000;
    const end = at + FARTHEST_DAYS * 24 * HOUR;
    while (at < end) {
      const local = new Date(at + this.offset(at));
      if (!months.allowed.has(local.getUTCMonth() + 1) || !this.isDay(local)) {
        at = this.utc(Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() + 1), at);
      } else if (!hours.allowed.has(local.getUTCHours())) {
        at += HOUR - (local.getTime() % HOUR);
      } else if (!minutes.allowed.has(local.getUTCMinutes())) at += 60_000;
      else return at;
    }
    return Infinity;
  }

  private isDay(local: Date): boolean {
    const [days, weekdays] = [this.fields[2], this.fields[4]] as readonly Field[] as readonly [Field, Field];
    const [isDay, isWeekday] = [
      days.allowed.has(local.getUTCDate()),
      weekdays.allowed.has(local.getUTCDay()),
    ];
    return days.any || weekdays.any ? isDay && isWeekday : isDay || isWeekday;
  }

  /** The moment of a local time, always later than another. */
  private utc(local: number, after: number): number {
    const guess = local - this.offset(local - this.offset(after));
    return guess > after ? guess : after + 60_000;
  }

  /** What the clock of the zone is ahead of UTC, milliseconds. It changes at whole hours of UTC, or half ones. */
  private offset(at: number): number {
    const slot = Math.floor(at / (HOUR / 2));
    let offset = this.offsets.get(slot);
    if (offset === undefined) {
      const start = slot * (HOUR / 2);
      const part = Object.fromEntries(
        this.zone.formatToParts(start).map(({ type, value }) => [type, Number(value)]),
      );
      const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = part;
      offset = Date.UTC(year, month - 1, day, hour, minute) - start;
      this.offsets.set(slot, offset);
    }
    return offset;
  }
}

function readField(text: string, range: (typeof RANGES)[number], where: string): Field {
  const refuse = (): never => {
    throw new ObjectError(`${where}: "${text}" is no ${range.name}`);
  };
  const number = (word: string): number => {
    const place = (range.words as readonly string[]).indexOf(word.toLowerCase());
    const value = place >= 0 && word !== "" ? place : Number(word);
    const known = range.name === "day of week" && value === 7 ? 0 : value;
    return /^\w+$/.test(word) && known >= range.least && known <= range.most ? known : refuse();
  };
  const allowed = new Set<number>();
  let any = false;
  for (const item of text.split(",")) {
    const [span = "", step] = item.split("/");
    const isAny = span === "*" || span === "?";
    const [from, to] = span.split("-");
    const first = isAny ? range.least : number(from ?? "");
    const last = isAny || (step !== undefined && to === undefined) ? range.most : number(to ?? from ?? "");
    const by = step === undefined ? 1 : Number(step);
    if (!Number.isInteger(by) || by < 1 || first > last) refuse();
    any ||= isAny && by === 1;
    for (let value = first; value <= last; value += by) allowed.add(value);
  }
  return { allowed, any };
}
