/**
 * From a tree to what can be evaluated often and fast: a function of the moment.
 *
 * Semantics are those of Prometheus 3: a window of length r at t reaches from t - r, which is not in it, to t; an instant
 * selector takes the newest sample younger than 5 minutes. Label sets are made once and compared by identity afterwards.
 */
import { binary, type Operand } from "./compile-binary";
import { grouped, nameless } from "./label-sets";
import { PromqlError, type Aggregation, type Call, type Expression, type Range } from "./expression";
import { DATE_FUNCTIONS, NUMBER_FUNCTIONS } from "./instant-functions";
import { AGGREGATIONS } from "./operators";
import { parsePromql } from "./parse";
import { RANGE_FUNCTIONS, type Window } from "./range-functions";
import { STALE, Series, keyOf, type Labels, type Sample, type SeriesStore } from "./series";

/** What an expression is evaluated over. */
export interface Source {
  readonly store: SeriesStore;
  /** Step of a subquery that names none: that of the rules, milliseconds. @default 60,000 */
  readonly intervalMs?: number;
}

/** How long an instant selector looks back, milliseconds (`--query.lookback-delta`). */
const LOOKBACK = 300_000;

/**
 * @returns the samples of a moment, milliseconds since 1970; a scalar is one sample without labels
 * @throws PromqlError that names what is not evaluated here
 */
export function compilePromql(text: string, source: Source): (at: number) => Sample[] {
  const { scalar, vector } = new Compiler(text, source).operand(parsePromql(text));
  const none: Labels = {};
  return vector ?? ((at) => [{ labels: none, value: scalar(at) }]);
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
        return { vector: this.aggregation(expression) };
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

  private vector(expression: Expression, of: string): (at: number) => Sample[] {
    return this.operand(expression).vector ?? this.fail(`${of} of a scalar, which takes a vector,`);
  }

  private scalar(expression: Expression | undefined, of: string): (at: number) => number {
    const { scalar } = expression === undefined ? {} : this.operand(expression);
    return scalar ?? this.fail(`${of} without a number where one belongs`);
  }

  /** Series that a selector finds, looked up again only when there are new ones. */
  private selected(selector: Parameters<SeriesStore["select"]>[0]): () => readonly Series[] {
    const { store } = this.source;
    let [version, found]: [number, readonly Series[]] = [-1, []];
    return () => {
      if (version !== store.version) {
        found = store.select(selector);
        ({ version } = store);
      }
      return found;
    };
  }

  private selector(selector: Parameters<SeriesStore["select"]>[0]): (at: number) => Sample[] {
    const selected = this.selected(selector);
    const { offset } = selector;
    return (at) => {
      const samples: Sample[] = [];
      const time = at - offset;
      for (const series of selected()) {
        const index = series.after(time) - 1;
        if (index < 0 || (series.times[index] ?? 0) <= time - LOOKBACK) continue;
        const value = series.values[index] ?? NaN;
        if (value !== STALE) samples.push({ labels: series.labels, value });
      }
      return samples;
    };
  }

  private minus({ scalar, vector }: Operand): Operand {
    if (vector === undefined) return { scalar: (at) => -scalar(at) };
    return {
      vector: (at) => vector(at).map(({ labels, value }) => ({ labels: nameless(labels), value: -value })),
    };
  }

  private call({ name, parameters }: Call): Operand {
    const range = Object.hasOwn(RANGE_FUNCTIONS, name) ? RANGE_FUNCTIONS[name] : undefined;
    if (range !== undefined) {
      if (parameters.length !== range.parameters.length) this.fail(`the number of operands of ${name}`);
      const numbers = parameters
        .filter((_, index) => range.parameters[index] === "number")
        .map((one) => this.scalar(one, name));
      const over = this.windows(parameters[range.parameters.indexOf("window")], name);
      return {
        vector: (at) => {
          const given = numbers.map((one) => one(at));
          const samples: Sample[] = [];
          over(at, (labels, window) => {
            const value = range.of(window, given);
            if (value !== undefined) samples.push({ labels, value });
          });
          return samples;
        },
      };
    }
    return this.instantCall(name, parameters);
  }

  private instantCall(name: string, parameters: readonly Expression[]): Operand {
    const number = Object.hasOwn(NUMBER_FUNCTIONS, name) ? NUMBER_FUNCTIONS[name] : undefined;
    const [first] = parameters;
    if (number !== undefined && first !== undefined) {
      const of = this.vector(first, name);
      const numbers = parameters.slice(1).map((one) => this.scalar(one, name));
      const least = number.optional === true ? number.numbers - 1 : number.numbers;
      if (numbers.length < least || numbers.length > number.numbers)
        this.fail(`the number of operands of ${name}`);
      return {
        vector: (at) => {
          const given = numbers.map((one) => one(at));
          if (name === "clamp" && (given[0] ?? 0) > (given[1] ?? 0)) return [];
          return of(at).map(({ labels, value }) => ({
            labels: nameless(labels),
            value: number.of(value, given),
          }));
        },
      };
    }
    const date = Object.hasOwn(DATE_FUNCTIONS, name) ? DATE_FUNCTIONS[name] : undefined;
    if (date !== undefined) {
      if (first === undefined) return { vector: (at) => [{ labels: NO_LABELS, value: date(at / 1000) }] };
      const of = this.vector(first, name);
      return {
        vector: (at) => of(at).map(({ labels, value }) => ({ labels: nameless(labels), value: date(value) })),
      };
    }
    return this.special(name, first);
  }

  private special(name: string, first: Expression | undefined): Operand {
    switch (name) {
      case "time":
        return { scalar: (at) => at / 1000 };
      case "vector": {
        const of = this.scalar(first, name);
        return { vector: (at) => [{ labels: NO_LABELS, value: of(at) }] };
      }
      case "scalar": {
        const of = this.vector(this.needed(first, name), name);
        return {
          scalar: (at) => {
            const [sample, ...more] = of(at);
            return sample === undefined || more.length > 0 ? NaN : sample.value;
          },
        };
      }
      case "absent": {
        const of = this.vector(this.needed(first, name), name);
        const labels = labelsOfAbsent(first);
        return { vector: (at) => (of(at).length === 0 ? [{ labels, value: 1 }] : []) };
      }
      case "absent_over_time": {
        const over = this.windows(first, name);
        const labels = labelsOfAbsent(first);
        return {
          vector: (at) => {
            let isThere = false;
            over(at, () => (isThere = true));
            return isThere ? [] : [{ labels, value: 1 }];
          },
        };
      }
      default:
        return this.fail(`the function ${name}() is not evaluated here`);
    }
  }

  private needed(expression: Expression | undefined, of: string): Expression {
    return expression ?? this.fail(`${of}() of nothing`);
  }

  private windows(
    expression: Expression | undefined,
    of: string,
  ): (at: number, each: (labels: Labels, window: Window) => void) => void {
    if (expression?.kind === "range") return this.ranges(expression);
    if (expression?.kind === "subquery") return this.subquery(expression);
    return this.fail(`${of}() of what is no range, as in ${of}(x[5m]),`);
  }

  private ranges({
    selector,
    milliseconds,
  }: Extract<Range, { kind: "range" }>): ReturnType<Compiler["windows"]> {
    const selected = this.selected(selector);
    return (at, each) => {
      const end = at - selector.offset;
      const start = end - milliseconds;
      for (const series of selected()) {
        const [from, to] = [series.after(start), series.after(end)];
        if (from >= to) continue;
        const window = { times: series.times, values: series.values, from, to, start, end };
        const clean = series.markers === 0 ? window : withoutMarkers(window);
        if (clean.from < clean.to) each(nameless(series.labels), clean);
      }
    };
  }

  private subquery({
    of,
    milliseconds,
    step = this.source.intervalMs ?? 60_000,
    offset,
  }: Extract<Range, { kind: "subquery" }>): ReturnType<Compiler["windows"]> {
    const inner = this.vector(of, "a subquery");
    return (at, each) => {
      const end = at - offset;
      const start = end - milliseconds;
      const series = new Map<string, Series>();
      // Moments are multiples of the step, whatever the moment of the query is.
      for (let time = (Math.floor(start / step) + 1) * step; time <= end; time += step) {
        for (const { labels, value } of inner(time)) {
          const key = keyOf(labels);
          let one = series.get(key);
          if (one === undefined) series.set(key, (one = new Series(labels)));
          one.append(time, value);
        }
      }
      for (const { labels, times, values, length } of series.values()) {
        each(nameless(labels), { times, values, from: 0, to: length, start, end });
      }
    };
  }

  private aggregation({ op, grouping, parameter, of }: Aggregation): (at: number) => Sample[] {
    const aggregate = Object.hasOwn(AGGREGATIONS, op) ? AGGREGATIONS[op] : undefined;
    if (aggregate === undefined) return this.fail(`the aggregation ${op}() is not evaluated here`);
    if ((op === "quantile") !== (parameter !== undefined)) this.fail(`the operands of ${op}()`);
    const inner = this.vector(of, op);
    const share = parameter === undefined ? () => NaN : this.scalar(parameter, op);
    const groupOf = grouped(grouping);
    return (at) => {
      const groups = new Map<Labels, number[]>();
      for (const { labels, value } of inner(at)) {
        const group = groupOf(labels);
        const values = groups.get(group);
        if (values === undefined) groups.set(group, [value]);
        else values.push(value);
      }
      const given = share(at);
      return Array.from(groups, ([labels, values]) => ({ labels, value: aggregate(values, given) }));
    };
  }
}

const NO_LABELS: Labels = {};

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

function withoutMarkers(window: Window): Window {
  const { times, values, from, to } = window;
  const kept: number[] = [];
  for (let index = from; index < to; index++) if (values[index] !== STALE) kept.push(index);
  return {
    ...window,
    times: Float64Array.from(kept, (index) => times[index] ?? 0),
    values: Float64Array.from(kept, (index) => values[index] ?? 0),
    from: 0,
    to: kept.length,
  };
}
