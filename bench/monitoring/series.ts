/** Series that are made up: what they are called is real, and their values follow from the time alone. */

export interface MadeSeries {
  /** As Prometheus writes it: `redis_up{pod="redis-cache-0"}`. */
  readonly text: string;
  readonly start: number;
  /** What is added each second; 0 for a gauge. */
  readonly perSecond: number;
}

/** Series of one address that Prometheus asks. */
export interface Target {
  /** Path of the address. */
  readonly path: string;
  /** Labels of all of its series. */
  readonly labels: Readonly<Record<string, string>>;
  /** Its series have labels that count more than those, as kube-state-metrics' own. */
  readonly honorsLabels: boolean;
  readonly series: readonly MadeSeries[];
}

export function gaugeSeries(text: string, start: number): MadeSeries {
  return { text, start, perSecond: 0 };
}

export function counterSeries(text: string, perSecond: number): MadeSeries {
  return { text, start: 1e4 * perSecond, perSecond };
}

/** @param seconds since the first sample */
export function valueAt({ start, perSecond }: MadeSeries, seconds: number): number {
  return perSecond === 0 ? start : start + perSecond * seconds;
}

/** What a scrape is answered. */
export function exposition({ series }: Target, seconds: number): string {
  let text = "";
  for (const one of series) text += `${one.text} ${valueAt(one, seconds)}\n`;
  return text;
}

/** `redis_up` of `redis_up{pod="redis-cache-0"}`. */
export function nameOf(text: string): string {
  const at = text.indexOf("{");
  return at < 0 ? text : text.slice(0, at);
}

/** The same series with more labels. */
export function labelled(text: string, labels: Readonly<Record<string, string>>): string {
  const name = nameOf(text);
  const own = text.slice(name.length + 1, -1);
  const more = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${[...(own === "" ? [] : [own]), ...more].join(",")}}`;
}
