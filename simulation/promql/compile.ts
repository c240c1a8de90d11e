/**
 * From a tree to what can be evaluated often and fast: a function of the moment.
 *
 * Semantics are those of Prometheus 3: a window of length r at t reaches from t - r, which is not in it, to t; an instant
 * selector takes the newest sample younger than 5 minutes. Label sets are made once and compared by identity afterwards.
 */
import { binary, type Operand } from "./compile-binary";
import { grouped, nameless, type Labels } from "./label-sets";
import {
  PromqlError,
  type Aggregation,
  type Call,
  type Expression,
  type Grouping,
  type Selector,
} from "./expression";
import { DATE_FUNCTIONS, NUMBER_FUNCTIONS } from "./instant-functions";
import { AGGREGATIONS } from "./operators";
import { parsePromql } from "./parse";
import { RANGE_FUNCTIONS, type Window } from "./range-functions";
import { Cursor, STALE, type Sample, type SeriesStore } from "./series";
import { NO_LABELS, some, total, type Aggregate, type EachValue, type Values } from "./totals";
import { Vector, following, type ScalarAt, type VectorAt } from "./vector";
import { ranges, subquery, type Windows } from "./windows";

/** What an expression is evaluated over. */
export interface Source {
  readonly store: SeriesStore;
  /** Step of a subquery that names none: that of the rules, milliseconds. @default 60,000 */
  readonly intervalMs?: number;
  /** As before Prometheus 3: a window has both of its ends. @default false */
  readonly closedWindows?: boolean;
}

/** How long an instant selector looks back, milliseconds (`--query.lookback-delta`). */
const LOOKBACK = 300_000;

/**
 * @returns the samples of a moment, milliseconds since 1970; a scalar is one sample without labels
 * @throws PromqlError that names what is not evaluated here
 */
export function compilePromql(text: string, source: Source): (at: number) => Sample[] {
  const vector = compileVector(text, source);
  return (at) => vector(at).samples();
}

/** The same as a vector, which the next moment overwrites. */
export function compileVector(text: string, source: Source): VectorAt {
  const { scalar, vector } = new Compiler(text, source).operand(parsePromql(text));
  return vector ?? single(NO_LABELS, scalar);
}

/** One value, always there. */
function single(labels: Labels, value: ScalarAt): VectorAt {
  const [result, own] = [new Vector(), [labels]];
  return (at) => {
    result.of(own)[0] = value(at);
    return result;
  };
}

/** Each value for itself, of label sets that lose the metric's name. */
function mapped(of: VectorAt, change: (value: number, at: number) => number): VectorAt {
  const result = new Vector();
  const names = following((labels) => labels.map(nameless));
  return (at) => {
    const { labels, values } = of(at);
    const results = result.of(names(labels));
    for (let index = 0; index < labels.length; index++) results[index] = change(values[index] as number, at);
    return result;
  };
}

/** 1 where there is nothing. */
function absence(labels: Labels, isThere: (at: number) => boolean): VectorAt {
  const [result, own, none] = [new Vector(), [labels], []];
  return (at) => {
    if (isThere(at)) result.of(none);
    else result.of(own)[0] = 1;
    return result;
  };
}

class Compiler {
  constructor(
    private readonly text: string,
    private readonly source: Source,
  ) {}

  operand(expression: Expression): Operand {
    switch (expression.kind) {
      case "number":
        return { scalar: () => expression.value };
      case "selector":
        return { vector: this.selector(expression) };
      case "minus":
        return this.minus(this.operand(expression.of));
      case "call":
        return this.call(expression);
      case "aggregation":
        return this.aggregation(expression);
      case "binary": {
        const sides = [this.operand(expression.left), this.operand(expression.right)] as const;
        return binary(expression, sides[0], sides[1], (what) => this.fail(what));
      }
      case "string":
        return this.fail(`a text ("${expression.value}") where a number or a vector belongs`);
      case "range":
      case "subquery":
        return this.fail("a range where an instant vector belongs: take a function of it");
    }
  }

  private fail(what: string): never {
    throw new PromqlError(what, this.text);
  }

  private vector(expression: Expression, of: string): VectorAt {
    return this.operand(expression).vector ?? this.fail(`${of} of a scalar, which takes a vector,`);
  }

  private scalar(expression: Expression | undefined, of: string): ScalarAt {
    const { scalar } = expression === undefined ? {} : this.operand(expression);
    return scalar ?? this.fail(`${of} without a number where one belongs`);
  }

  /** @param dated the sample's own moment instead of its value, seconds */
  private selector(selector: Selector, dated = false): VectorAt {
    const selected = this.source.store.selection(selector, (series) => new Cursor(series));
    const { offset } = selector;
    const result = new Vector();
    return (at) => {
      const time = at - offset;
      result.open();
      const all = selected();
      for (let place = 0; place < all.length; place++) {
        const cursor = all[place];
        if (cursor === undefined) continue;
        const { series } = cursor;
        const index = cursor.after(time) - 1;
        if (index < 0) continue;
        const taken = series.times[index] as number;
        if (taken <= time - LOOKBACK) continue;
        const value = series.values[index] as number;
        if (value === STALE) continue;
        if (dated) result.push(series.nameless, taken / 1000);
        else result.push(series.labels, value);
      }
      return result.close();
    };
  }

  private minus({ scalar, vector }: Operand): Operand {
    if (vector === undefined) return { scalar: (at) => -scalar(at) };
    return { vector: mapped(vector, (value) => -value) };
  }

  private call(call: Call): Operand {
    if (!Object.hasOwn(RANGE_FUNCTIONS, call.name)) return this.instantCall(call.name, call.parameters);
    const values = this.rangeCall(call);
    const result = new Vector();
    const push = (labels: Labels, value: number): boolean => {
      result.push(labels, value);
      return false;
    };
    return {
      vector: (at) => {
        result.open();
        values(at, push);
        return result.close();
      },
    };
  }

  /** What a function makes of the window of each series. */
  private rangeCall({ name, parameters }: Call): Values {
    const range = RANGE_FUNCTIONS[name] ?? this.fail(`the function ${name}() is not evaluated here`);
    if (parameters.length !== range.parameters.length) this.fail(`the number of operands of ${name}`);
    const numbers = this.numbers(
      parameters.filter((_, index) => range.parameters[index] === "number"),
      name,
    );
    const over = this.windows(parameters[range.parameters.indexOf("window")], name);
    let given: readonly number[] = [];
    let take: EachValue;
    const each = (labels: Labels, window: Window): boolean => {
      const value = range.of(window, given);
      return value !== undefined && take(labels, value);
    };
    return (at, taken) => {
      given = numbers(at);
      take = taken;
      over(at, each);
    };
  }

  /** Numbers that a function is given. Those that are written down are the same at every moment. */
  private numbers(expressions: readonly Expression[], of: string): (at: number) => readonly number[] {
    const scalars = expressions.map((one) => this.scalar(one, of));
    if (expressions.every(({ kind }) => kind === "number")) {
      const written = scalars.map((one) => one(NaN));
      return () => written;
    }
    return (at) => scalars.map((one) => one(at));
  }

  private instantCall(name: string, parameters: readonly Expression[]): Operand {
    const number = Object.hasOwn(NUMBER_FUNCTIONS, name) ? NUMBER_FUNCTIONS[name] : undefined;
    const [first] = parameters;
    if (number !== undefined && first !== undefined) {
      const of = this.vector(first, name);
      const count = parameters.length - 1;
      const least = number.optional === true ? number.numbers - 1 : number.numbers;
      if (count < least || count > number.numbers) this.fail(`the number of operands of ${name}`);
      return { vector: this.eachNumber(name, number.of, of, this.numbers(parameters.slice(1), name)) };
    }
    const date = Object.hasOwn(DATE_FUNCTIONS, name) ? DATE_FUNCTIONS[name] : undefined;
    if (date !== undefined) {
      if (first === undefined) return { vector: single(NO_LABELS, (at) => date(at / 1000)) };
      return { vector: mapped(this.vector(first, name), date) };
    }
    return this.special(name, first);
  }

  private eachNumber(
    name: string,
    function_: (value: number, parameters: readonly number[]) => number,
    of: VectorAt,
    numbers: (at: number) => readonly number[],
  ): VectorAt {
    let given: readonly number[] = [];
    const each = mapped(of, (value) => function_(value, given));
    const nothing = new Vector();
    return (at) => {
      given = numbers(at);
      return name === "clamp" && (given[0] ?? 0) > (given[1] ?? 0) ? nothing : each(at);
    };
  }

  private special(name: string, first: Expression | undefined): Operand {
    switch (name) {
      case "time":
        return { scalar: (at) => at / 1000 };
      case "timestamp": {
        const needed = this.needed(first, name);
        if (needed.kind === "selector") return { vector: this.selector(needed, true) };
        return { vector: mapped(this.vector(needed, name), (_, at) => at / 1000) };
      }
      case "vector":
        return { vector: single(NO_LABELS, this.scalar(first, name)) };
      case "scalar": {
        const of = this.vector(this.needed(first, name), name);
        return {
          scalar: (at) => {
            const { length, values } = of(at);
            return length === 1 ? (values[0] as number) : NaN;
          },
        };
      }
      case "absent": {
        const of = this.vector(this.needed(first, name), name);
        return { vector: absence(labelsOfAbsent(first), (at) => of(at).length > 0) };
      }
      case "absent_over_time": {
        const over = this.windows(first, name);
        const isThere = (at: number): boolean => {
          let found = false;
          over(at, () => (found = true));
          return found;
        };
        return { vector: absence(labelsOfAbsent(first), isThere) };
      }
      default:
        return this.fail(`the function ${name}() is not evaluated here`);
    }
  }

  private needed(expression: Expression | undefined, of: string): Expression {
    return expression ?? this.fail(`${of}() of nothing`);
  }

  private windows(expression: Expression | undefined, of: string): Windows {
    if (expression?.kind === "range") return ranges(expression, this.source);
    if (expression?.kind === "subquery") {
      return subquery(expression, this.vector(expression.of, "a subquery"), this.source.intervalMs);
    }
    return this.fail(`${of}() of what is no range, as in ${of}(x[5m]),`);
  }

  /** The values of a vector, which for functions of windows is not made. */
  private eachValue(of: Expression, op: string): Values {
    if (of.kind === "call" && Object.hasOwn(RANGE_FUNCTIONS, of.name)) return this.rangeCall(of);
    const inner = this.vector(of, op);
    return (at, each) => {
      const { labels, length, values } = inner(at);
      for (let index = 0; index < length; index++) {
        if (each(labels[index] ?? NO_LABELS, values[index] as number)) return;
      }
    };
  }

  private aggregation({ op, grouping, parameter, of }: Aggregation): Operand {
    const aggregate = Object.hasOwn(AGGREGATIONS, op) ? AGGREGATIONS[op] : undefined;
    if (aggregate === undefined) return this.fail(`the aggregation ${op}() is not evaluated here`);
    if ((op === "quantile") !== (parameter !== undefined)) this.fail(`the operands of ${op}()`);
    const share = parameter === undefined ? () => NaN : this.scalar(parameter, op);
    if (grouping.only && grouping.labels.length === 0) {
      const all = this.eachValue(of, op);
      const reached = op === "max" ? "most" : op === "min" ? "least" : undefined;
      return {
        vector: total(aggregate, all, share),
        isTotal: true,
        ...(reached === undefined ? {} : { some: { of: reached, passes: some(all) } }),
      };
    }
    return { vector: this.groups(aggregate, grouping, this.vector(of, op), share) };
  }

  private groups(aggregate: Aggregate, grouping: Grouping, inner: VectorAt, share: ScalarAt): VectorAt {
    const result = new Vector();
    const groupOf = grouped(grouping);
    const groups = following((all) => {
      const members = new Map<Labels, number[]>();
      all.forEach((own, index) => {
        const group = groupOf(own);
        members.set(group, [...(members.get(group) ?? []), index]);
      });
      const labels = [...members.keys()];
      return { labels, members: [...members.values()].map((of) => ({ of, values: of.map(() => NaN) })) };
    });
    return (at) => {
      const { labels: all, values } = inner(at);
      const { labels, members } = groups(all);
      const results = result.of(labels);
      const given = share(at);
      for (let group = 0; group < members.length; group++) {
        const member = members[group];
        if (member === undefined) continue;
        // Functions may sort what they get.
        for (let index = 0; index < member.of.length; index++) {
          member.values[index] = values[member.of[index] ?? 0] as number;
        }
        results[group] = aggregate(member.values, given);
      }
      return result;
    };
  }
}

/** What a selector demands of the series that is not there: the labels that it names with `=`, once. */
function labelsOfAbsent(expression: Expression | undefined): Labels {
  const selector = expression?.kind === "range" ? expression.selector : expression;
  if (selector?.kind !== "selector") return NO_LABELS;
  const named = selector.matchers.filter(({ op, label }) => op === "=" && label !== "__name__");
  const once = named.filter(
    ({ label }) => selector.matchers.filter((other) => other.label === label).length === 1,
  );
  return Object.fromEntries(once.map(({ label, value }) => [label, value]));
}
