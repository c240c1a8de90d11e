/** How an alert came to a person: from what happened to what the receiver was told. */
import { clock } from "./figures";
import type { AnsweredSeries } from "./page-model";

/** One station of the way. */
export interface Station {
  readonly who: string;
  /** Seconds since 1970. */
  readonly at: number;
  readonly what: string;
  readonly details: readonly string[];
}

export interface AlertPath {
  readonly alert: string;
  readonly tier: string;
  /** What a person was told; empty where nobody was. */
  readonly summary: string;
  /** The condition as PromQL. */
  readonly expr: string;
  /** Seconds since 1970. */
  readonly firedAt: number;
  /** Something had happened before. */
  readonly hasCause: boolean;
  readonly stations: readonly Station[];
}

/** One alert of a notification. */
export interface ToldAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
}

export interface PathSources {
  readonly alert: string;
  readonly tier: string;
  /** Labels by which it differs from others of its name. */
  readonly labels: Readonly<Record<string, string>>;
  /** The condition as PromQL. */
  readonly expr: string;
  readonly forSeconds: number;
  /** File name of its page in docs/runbooks. */
  readonly runbook: string;
  /** Answer of Prometheus to `ALERTS` with its name and labels over the run. */
  readonly states: readonly AnsweredSeries[];
  readonly events: readonly { readonly at: number; readonly text: string }[];
  readonly notifications: readonly {
    readonly at: number;
    readonly receiver: string;
    readonly status: string;
    readonly alerts: readonly ToldAlert[];
  }[];
}

/** Undefined when the alert never fired. */
export function alertPath(sources: PathSources): AlertPath | undefined {
  const { alert, tier, labels, expr, forSeconds, runbook, states, events, notifications } = sources;
  const first = (state: string): number =>
    Math.min(
      ...states
        .filter(({ metric }) => metric["alertstate"] === state)
        .flatMap(({ values }) => values.map(([at]) => at)),
    );
  const fired = first("firing");
  if (!Number.isFinite(fired)) return undefined;
  const noticed = Math.min(first("pending"), fired);
  const cause = events.filter(({ at }) => at <= noticed).at(-1);
  const wanted = Object.entries({ ...labels, alertname: alert, tier });
  const isIt = (one: ToldAlert): boolean => wanted.every(([label, value]) => one.labels[label] === value);
  const told = notifications.filter(({ at, alerts }) => at >= noticed && alerts.some(isIt));
  const summary = told.flatMap(({ alerts }) => alerts).find(isIt)?.summary ?? "";
  const since = (at: number): string =>
    cause === undefined ? clock(at) : `${Math.max(0, Math.round(at - cause.at))} s later`;
  const stations: Station[] = [
    ...(cause === undefined ? [] : [{ who: "The cause", at: cause.at, what: cause.text, details: [] }]),
    { who: "Prometheus", at: noticed, what: "notices: pending", details: [since(noticed)] },
    {
      who: "Prometheus",
      at: fired,
      what: "is sure: firing",
      details: [since(fired), forSeconds === 0 ? "at once" : `when it has been so for ${forSeconds} s`],
    },
    ...told.map(({ at, receiver, status }) => ({
      who: status === "resolved" ? "The same person" : "A person",
      at,
      what: status === "resolved" ? "is told that it is over" : `is told, tier ${tier}`,
      details: [
        since(at),
        `Alertmanager routes tier="${tier}" to ${receiver}`,
        ...(status === "resolved" ? [] : [`next: docs/runbooks/${runbook}`]),
      ],
    })),
  ];
  return { alert, tier, summary, expr, firedAt: fired, hasCause: cause !== undefined, stations };
}
