/** Numbers as a person reads them. The same everywhere on the page and in the terminal. */

const FORMATS = [0, 1, 2].map((digits) => new Intl.NumberFormat("en-US", { maximumFractionDigits: digits }));

/** `1,440`, `43.2`: thousands apart, no needless digits. */
export function number(value: number, digits: 0 | 1 | 2 = 2): string {
  // Making a format takes longer than using it a thousand times.
  return FORMATS[digits]?.format(value) ?? String(value);
}

/** `62.7 %` */
export function percent(ratio: number): string {
  return `${number(ratio * 100, 1)} %`;
}

/** `= 62.7 %`. A share that is there but too small to show is `< 0.1 %`, for `= 0 %` would promise too much. */
export function isShare(ratio: number): string {
  return ratio > 0 && ratio < 0.0005 ? "< 0.1 %" : `= ${percent(ratio)}`;
}

/** `30 ms`, and `1.5 s` from a second on. */
export function duration(seconds: number): string {
  return seconds < 1 ? `${number(seconds * 1000, 1)} ms` : `${number(seconds, 1)} s`;
}

export function mebibytes(mib: number): string {
  return `${number(mib, 0)} MiB`;
}

export function gibibytes(gib: number): string {
  return `${number(gib)} GiB`;
}

/** `1,440/s` */
export function rate(perSecond: number): string {
  return `${number(perSecond)}/s`;
}

/** `1 zone`, `3 zones`, `2 processes` */
export function plural(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  return `${number(count)} ${noun}${noun.endsWith("s") ? "es" : "s"}`;
}

/** `3 pods`, `3 to 14 pods` */
export function podRange(min: number, max: number): string {
  return min === max ? plural(min, "pod") : `${number(min)} to ${number(max)} pods`;
}

/** Units of what a plan derives. */
export type Unit =
  | ""
  | "ratio"
  | "seconds"
  | "whole seconds"
  | "days"
  | "requests/s"
  | "queries/s"
  | "operations/s"
  | "MiB"
  | "GiB"
  | "cores"
  | "pods"
  | "processes"
  | "connections"
  | "routers"
  | "members"
  | "nodes"
  | "requests"
  | "calls";

const SHOWN: Readonly<Record<Unit, (value: number) => string>> = {
  "": (value) => number(value),
  ratio: percent,
  seconds: duration,
  "whole seconds": (value) => `${number(value, 1)} s`,
  days: (value) => plural(value, "day"),
  "requests/s": rate,
  "queries/s": rate,
  "operations/s": rate,
  MiB: mebibytes,
  GiB: gibibytes,
  cores: (value) => plural(value, "core"),
  pods: (value) => plural(value, "pod"),
  processes: (value) => plural(value, "process"),
  connections: (value) => plural(value, "connection"),
  routers: (value) => plural(value, "router"),
  members: (value) => plural(value, "member"),
  nodes: (value) => plural(value, "node"),
  requests: (value) => plural(value, "request"),
  calls: (value) => plural(value, "call"),
};

/** A value with its unit, as a person reads it. */
export function show(value: number, unit: Unit): string {
  return SHOWN[unit](value);
}
