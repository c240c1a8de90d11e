/** What a part of the benchmark hands over: plain records, which the report shows as they are. */

/** Median of the rounds, and the quartiles around it. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface Column {
  readonly key: string;
  readonly label: string;
  /** Decimals to show. @default 0 */
  readonly decimals?: number;
  /** Which way is better, for the bars. @default none: no bars */
  readonly better?: "higher" | "lower";
}

export interface Row {
  readonly label: string;
  /** What it is, in half a sentence. */
  readonly note?: string;
  /** Whether it is this project's. */
  readonly ours?: boolean;
  readonly values: Readonly<Record<string, Spread>>;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

export interface Goal {
  readonly goal: string;
  readonly measured: string;
  readonly kept: boolean;
}

export interface PartResult {
  readonly name: string;
  readonly title: string;
  /** What the part asks, in a sentence or two. */
  readonly question: string;
  readonly goals: readonly Goal[];
  readonly tables: readonly Table[];
  /** How it was measured, a sentence each. */
  readonly method: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
}

export interface BenchPart {
  readonly name: string;
  run(print: (line: string) => void): Promise<PartResult>;
}

/** Median and quartiles. @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const position = share * (sorted.length - 1);
    const below = sorted[Math.floor(position)] ?? NaN;
    const above = sorted[Math.ceil(position)] ?? NaN;
    return below + (above - below) * (position - Math.floor(position));
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

/**
 * What one measured to what another did, within each round: what disturbs the machine disturbs neighbours alike.
 *
 * @param ones its rounds @param others those of the other, in the same order @param unit 100 for percent. @default 1
 */
export function ratio<T>(
  ones: readonly T[],
  others: readonly T[],
  what: (one: T) => number,
  unit = 1,
): Spread {
  return spreadOf(ones.map((one, index) => (unit * what(one)) / what(others[index] ?? one)));
}

export function times({ median, low, high }: Spread): string {
  return `${median.toFixed(2)} times (${low.toFixed(2)} to ${high.toFixed(2)})`;
}
