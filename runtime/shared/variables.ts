/** Environment variables are the contract between the platform and a service. Read here, all mistakes at once. */

/** `process.env`, or a part of it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that are missing or wrong, all of them in one message. Never shows the value of a secret. */
export class VariablesError extends Error {
  override readonly name = "VariablesError";

  /** @param problems one sentence each: the variable, what it is, and what is allowed */
  constructor(readonly problems: readonly string[]) {
    super(`environment variables are missing or wrong:\n${problems.map((line) => `  - ${line}`).join("\n")}`);
  }
}

/** What a whole number may be. */
export interface WholeNumber {
  /** Least value. @default 1 */
  readonly least?: number;
  /** Largest value. @default 2^31 - 1, above which timers fire at once */
  readonly most?: number;
  /** Used when the variable is not set. @default none: the variable has to be set */
  readonly fallback?: number;
}

/** Longest delay of a timer of Node.js, milliseconds. */
const LONGEST = 2 ** 31 - 1;

/**
 * Reads variables and collects what is wrong with them. A wrong one reads as a value that is good for nothing but
 * reading on, so {@link Variables.refuse} has to be called before any is used.
 */
export class Variables {
  private readonly problems: string[] = [];

  constructor(private readonly environment: Environment) {}

  /** Whether it is set, and not to nothing. */
  has(name: string): boolean {
    return (this.environment[name] ?? "") !== "";
  }

  /** A text that has to be set. Never shown. */
  secret(name: string, allowed: string, accepts: (value: string) => boolean): string {
    const value = this.environment[name] ?? "";
    if (value === "") this.missing(name, allowed);
    else if (!accepts(value)) this.problem(`${name} is something else; allowed is ${allowed}`);
    return value;
  }

  /** NaN when it is wrong, which no comparison with another variable holds against that one. */
  wholeNumber(name: string, { least = 1, most = LONGEST, fallback }: WholeNumber = {}): number {
    const allowed = `a whole number from ${least} to ${most}`;
    const text = this.environment[name] ?? "";
    if (text === "") {
      if (fallback === undefined) this.missing(name, allowed);
      return fallback ?? NaN;
    }
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    this.wrong(name, text, allowed);
    return NaN;
  }

  /**
   * A value that a function makes of the text, which is empty when the variable is not set.
   *
   * @param parse throws a RangeError whose message says what is allowed, as a phrase
   */
  parsed<T>(name: string, parse: (text: string) => T, instead: T): T {
    const text = this.environment[name] ?? "";
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.wrong(name, text, error.message);
      return instead;
    }
  }

  /** Adds a mistake that shows only beside other variables. */
  problem(sentence: string): void {
    this.problems.push(sentence);
  }

  /** Does what reads further variables, and takes over what it finds wrong. */
  include<T>(read: () => T, instead: T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof VariablesError)) throw error;
      this.problems.push(...error.problems);
      return instead;
    }
  }

  /** @throws VariablesError when anything was wrong */
  refuse(): void {
    if (this.problems.length > 0) throw new VariablesError(this.problems);
  }

  private missing(name: string, allowed: string): void {
    this.problem(`${name} is not set; allowed is ${allowed}`);
  }

  private wrong(name: string, text: string, allowed: string): void {
    this.problem(`${name} is ${JSON.stringify(text)}; allowed is ${allowed}`);
  }
}
