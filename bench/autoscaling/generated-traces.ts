/**
 * Traces that are made up, each of a kind that breaks some forecast: 22 days of minutes from a seed, the same on every machine.
 * The formula's constants were chosen on other ones, made by another program.
 */
import { Random } from "../../simulation/traffic/random";

const DAY = 1440;
const DAYS = 22;
const MINUTES = DAYS * DAY;

/** What a kind is made of: its own random numbers, and a day's shape. */
interface Sketch {
  readonly random: Random;
  /** Between two numbers, evenly. */
  readonly between: (least: number, most: number) => number;
  /** Slow noise around 0: its standard deviation, and the minutes after which it has forgotten itself. */
  readonly noise: (deviation: number, minutes: number) => Float64Array;
  /** A day with one or two humps, weekends lower, each day's level its own; largest about 1. */
  readonly daily: Float64Array;
}

type Kind = (sketch: Sketch) => Float64Array;

const each = (of: (minute: number) => number): Float64Array =>
  Float64Array.from({ length: MINUTES }, (_, minute) => of(minute));
const hour = (minute: number): number => (minute % DAY) / 60;
const day = (minute: number): number => Math.floor(minute / DAY);
const at = (values: Float64Array, minute: number): number => values[minute] as number;
const step = (x: number): number => 1 / (1 + Math.exp(-x));

const KINDS: Readonly<Record<string, Kind>> = {
  "office hours": ({ between, noise, random }) => {
    const [start, width, end] = [between(6, 9.5), between(2, 12) / 60, between(16, 19)];
    const slow = noise(0.04, 30);
    const shift = Array.from({ length: DAYS }, () => 0.05 * random.normal());
    return each((minute) => {
      const open = step((4 * (hour(minute) - start - (shift[day(minute)] ?? 0))) / width);
      const week = day(minute) % 7 >= 5 ? 0.25 : 1;
      return 1500 * (0.08 + open * step((end - hour(minute)) / 0.3) * week) * Math.exp(at(slow, minute));
    });
  },
  "few requests": ({ daily, noise }) => {
    const slow = noise(0.25, 15);
    return each((minute) => 60 * at(daily, minute) * Math.exp(at(slow, minute)));
  },
  "viral spikes": ({ daily, noise, random, between }) => {
    const slow = noise(0.05, 60);
    const load = each((minute) => at(daily, minute) * Math.exp(at(slow, minute)));
    for (let count = DAYS * 3; count > 0; count--) {
      const [from, size, fade] = [random.below(MINUTES), between(0.3, 2.5), between(3, 25)];
      for (let i = 0; i < 150 && from + i < MINUTES; i++) {
        load[from + i]! += size * at(daily, from) * Math.exp(-i / fade) * Math.min(1, (i + 1) / 2);
      }
    }
    return load.map((value) => 3000 * value);
  },
  "no season": ({ noise }) => {
    const [slow, fast] = [noise(0.5, 40), noise(0.08, 8)];
    return each((minute) => 1000 * Math.exp(at(slow, minute) + at(fast, minute)));
  },
  "batch jobs": ({ daily, noise, random, between }) => {
    const slow = noise(0.1, 15);
    const load = each((minute) => 0.2 * at(daily, minute) * Math.exp(at(slow, minute)));
    for (let job = 0; job < 5; job++) {
      const [start, size, length] = [random.below(DAY), between(0.3, 1.5), between(4, 25)];
      for (let today = 0; today < DAYS; today++) {
        if (random.next() < 0.1) continue;
        const from = today * DAY + start + random.below(3);
        for (let i = 0; i < length && from + i < MINUTES; i++) load[from + i]! += size;
      }
    }
    return load.map((value) => 2000 * value);
  },
  "flash sales": ({ daily, noise, random, between }) => {
    const slow = noise(0.04, 45);
    const usual = Math.round(between(10, 21) * 60);
    const load = each((minute) => at(daily, minute) * Math.exp(at(slow, minute)));
    for (let today = 0; today < DAYS; today++) {
      if (random.next() < 0.35) continue;
      const from = today * DAY + (random.next() < 0.7 ? usual : 540 + random.below(720));
      const [size, fade] = [between(0.8, 3), between(8, 25)];
      for (let i = 0; i < 90 && from + i < MINUTES; i++) load[from + i]! *= 1 + size * Math.exp(-i / fade);
    }
    return load.map((value) => 4000 * value);
  },
  growth: ({ daily, noise }) => {
    const slow = noise(0.12, 15);
    return each((minute) => 2000 * at(daily, minute) * 1.02 ** (minute / DAY) * Math.exp(at(slow, minute)));
  },
  holidays: ({ daily, noise, random }) => {
    const slow = noise(0.12, 15);
    const off = Array.from({ length: DAYS }, () => random.next() < 0.15);
    return each(
      (minute) =>
        2000 * at(daily, minute) * (off[day(minute)] === true ? 0.45 : 1) * Math.exp(at(slow, minute)),
    );
  },
  "clock change": ({ noise, between }) => {
    const [start, slow] = [between(6, 9), noise(0.04, 30)];
    return each((minute) => {
      const local = hour(minute) + (day(minute) >= 15 ? 1 : 0);
      return 2500 * (0.1 + step(15 * (local - start)) * step((22 - local) * 2)) * Math.exp(at(slow, minute));
    });
  },
  outages: ({ daily, noise, random }) => {
    const slow = noise(0.1, 20);
    const load = each((minute) => 2500 * at(daily, minute) * Math.exp(at(slow, minute)));
    for (let count = 0; count < 8; count++) {
      const [from, length] = [random.below(MINUTES - 100), 5 + random.below(50)];
      for (let i = 0; i < length; i++) load[from + i]! *= 0.02;
      for (let i = 0; i < 20; i++) load[from + length + i]! *= 1.6 - 0.03 * i;
    }
    return load;
  },
  "full queue": ({ daily, noise }) => {
    const slow = noise(0.35, 12);
    return each((minute) => 500 * Math.min(1, 1.8 * at(daily, minute) * Math.exp(at(slow, minute))));
  },
  "heavy noise": ({ daily, noise }) => {
    const fast = noise(0.3, 6);
    return each((minute) => 800 * at(daily, minute) * Math.exp(at(fast, minute)));
  },
  shifts: ({ daily, noise, random }) => {
    const slow = noise(0.06, 20);
    const times = Array.from({ length: DAYS }, () => [
      540 + 8 * random.normal(),
      1020 + 15 * random.normal(),
    ]);
    return each((minute) => {
      const [from = 0, to = 0] = times[day(minute)] ?? [];
      const open = day(minute) % 7 < 5 && minute % DAY >= from && minute % DAY < to;
      return 1500 * (0.15 + (open ? 1 : 0) + 0.3 * at(daily, minute)) * Math.exp(at(slow, minute));
    });
  },
  "new levels": ({ daily, noise, random }) => {
    const slow = noise(0.12, 15);
    let level = 0;
    const levels = Array.from({ length: DAYS }, () =>
      random.next() < 0.3 ? (level += 0.25 * random.normal()) : level,
    );
    return each(
      (minute) => 2000 * at(daily, minute) * Math.exp((levels[day(minute)] ?? 0) + at(slow, minute)),
    );
  },
};

export const KIND_NAMES = Object.keys(KINDS);

/** @returns requests of each minute, whole numbers with the noise of independent arrivals */
export function generatedTrace(kind: string, seed: number): Float64Array {
  const make = KINDS[kind];
  if (make === undefined)
    throw new RangeError(`there is no kind "${kind}"; there are ${KIND_NAMES.join(", ")}`);
  const random = new Random(seed * 1009 + KIND_NAMES.indexOf(kind));
  const between = (least: number, most: number): number => least + (most - least) * random.next();
  const noise = (deviation: number, minutes: number): Float64Array => {
    const keeps = Math.exp(-1 / minutes);
    let value = deviation * random.normal();
    return each(() => (value = keeps * value + deviation * Math.sqrt(1 - keeps * keeps) * random.normal()));
  };
  const load = make({ random, between, noise, daily: dailyShape(random, between) });
  // Arrivals are independent: their variance is their mean.
  return load.map((value) => Math.max(0, Math.round(value + Math.sqrt(value) * random.normal())));
}

function dailyShape(random: Random, between: Sketch["between"]): Float64Array {
  const [first, second] = [between(9, 13), between(16, 20)];
  const [wide, wider, evening] = [between(1.5, 3), between(1.5, 3), between(0.4, 1)];
  const [floor, weekend] = [between(0.03, 0.3), between(0.4, 1.1)];
  const levels = Array.from({ length: DAYS }, () => Math.exp(0.06 * random.normal()));
  const hump = (at: number, centre: number, width: number): number => {
    const distance = ((((at - centre + 12) % 24) + 24) % 24) - 12;
    return Math.exp(-0.5 * (distance / width) ** 2);
  };
  return each((minute) => {
    const shape = hump(hour(minute), first, wide) + evening * hump(hour(minute), second, wider);
    const week = day(minute) % 7 >= 5 ? weekend : 1;
    return (floor + (1 - floor) * Math.min(shape, 1)) * week * (levels[day(minute)] ?? 1);
  });
}
