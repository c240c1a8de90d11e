/**
 * What mtail counts of a line of the access log: a program in mtail's language. Pure text, for mtail 3.2 and later.
 *
 * Of a line it reads only what the proxy says itself: claim, status, why it refused, and times. Nothing that a client may choose is
 * among it, so that no client can make up a series or another's figures.
 */
import { ACCESS_SERIES, NO_SERVICE } from "../../../budget/load-balancing/access-metrics";
import type { ProxyKind } from "../../../budget/load-balancing/proxy";
import { REJECTIONS } from "./proxy-headers";

/** What nginx writes for a probe of the kubelet, in place of all else. */
export const PROBE = "access probe";

/** A path of a service that is counted by itself. */
export interface CountedRoute {
  readonly service: string;
  /** `/api`, or `/` for all others of the service. */
  readonly route: string;
  /** Its requests last as long as their clients like. */
  readonly open: boolean;
}

/** Refusals that are looked at as rates, each with its reason. */
const USUAL_REFUSALS = [
  [429, REJECTIONS.requests],
  [429, REJECTIONS.connections],
  [502, ""],
  [503, REJECTIONS.overload],
  [504, ""],
] as const;

/** What a program is made from. */
export interface AccessProgramArgs {
  readonly proxy: ProxyKind;
  readonly routes: readonly CountedRoute[];
  /** Bounds of the times, seconds, ascending. At least one. */
  readonly buckets: readonly number[];
}

/** The line of one proxy, in RE2: what is before the claim, between claim and status, and after the status. */
interface LineFormat {
  readonly before: string;
  readonly between: string;
  /** A line of the kubelet's. */
  readonly probe: string;
  /** With the group `reason`. */
  readonly after: string;
  /** A client that went away has a status of this. */
  readonly left: string;
  /** True where no service gave the answer. */
  readonly own: string;
  /** Of the others: when there is a time, and how many seconds it is. */
  readonly timed: readonly { readonly when: string; readonly seconds: string }[];
}

const WAIT = String.raw`\d+\.\d+`;

const FORMATS: Readonly<Record<ProxyKind, LineFormat>> = {
  nginx: {
    before: 'access "',
    probe: `${PROBE}$`,
    between: '" ',
    after: String.raw` "(?P<reason>[^"]*)" (?P<waits>[-0-9., :]+)$`,
    left: "499",
    // No header of the last server that was tried, if any was.
    own: "$waits =~ /(^|[,:] )-$/",
    timed: [
      { when: `$waits =~ /^(?P<only>${WAIT})$/`, seconds: "$only" },
      // A first server failed, after a time or at once.
      { when: `$waits =~ /^(?P<first>${WAIT})[,:] (?P<second>${WAIT})$/`, seconds: "$first + $second" },
      { when: `$waits =~ /^-[,:] (?P<later>${WAIT})$/`, seconds: "$later" },
    ],
  },
  haproxy: {
    before: String.raw`^\{"route":"`,
    // Whatever else has no service is refused.
    probe: String.raw`^\{"route":"","status":"200"`,
    between: '","status":"',
    after:
      String.raw`","rejection":"(?P<reason>[^"]*)","answered":"(?P<answered>[a-z]*)","upstream":"(?P<group>[^"\/]*)\/[^"]*",` +
      String.raw`"queueMilliseconds":(?P<queue>-?\d+),"upstreamConnectMilliseconds":(?P<connect>-?\d+),` +
      String.raw`"upstreamHeaderMilliseconds":(?P<header>-?\d+)`,
    left: "-1",
    own: '$answered == ""',
    timed: [
      {
        // Not of bodies that the service reads while they come: those take as long as their clients like.
        when: "$group !~ /_uploads$/ && $header >= 0",
        seconds: "float($queue + $connect + $header) / 1000.0",
      },
    ],
  },
};

/** The text of the program. */
export function accessProgram({ proxy, routes, buckets }: AccessProgramArgs): string {
  const { before, between, probe, after, left, own, timed } = FORMATS[proxy];
  const { requests, refusals, duration, probes } = ACCESS_SERIES;
  const rest = String.raw`(?P<status>-1|\d\d\d)${after}`;
  const counted = (of: string, code: string): string => `${requests}${of}["${code}"]++`;
  const answer = (of: string): string[] =>
    block(`$status == ${left}`, [counted(of, "left"), "stop"]).concat(
      classes(of, counted),
      block(`$status >= 400 && ${own}`, [`${refusals}${of}[$status][$reason]++`, "stop"]),
    );
  const known = "[$service][$route]";
  return lines([
    `counter ${requests} by service, route, code`,
    `counter ${refusals} by service, route, status, reason`,
    `histogram ${duration} by service, route buckets ${[0, ...buckets].join(", ")}`,
    `counter ${probes}`,
    "",
    // Series are there before the first request, so that the first error is a step that Prometheus sees.
    ...block(`/${probe}/`, [
      `${probes}++`,
      ...routes.flatMap(({ service, route }) => [
        ...["2xx", "4xx", "5xx"].map((code) => `${requests}["${service}"]["${route}"]["${code}"] += 0`),
        ...USUAL_REFUSALS.map(
          ([status, reason]) => `${refusals}["${service}"]["${route}"]["${status}"]["${reason}"] += 0`,
        ),
      ]),
      "stop",
    ]),
    "",
    ...block(String.raw`/${before}(?P<service>[a-z0-9-]+)(?P<route>\/[^" ]*)${between}${rest}/`, [
      ...answer(known),
      ...routes
        .filter(({ open }) => open)
        .flatMap(({ service, route }) => block(`$service == "${service}" && $route == "${route}"`, ["stop"])),
      ...timed.flatMap(({ when, seconds }) => block(when, [`${duration}${known} = ${seconds}`])),
    ]),
    "",
    // Refused before the proxy knew which service it is for.
    ...block(`/${before}${between}${rest}/`, answer(`["${NO_SERVICE}"][""]`)),
  ]);
}

/** Counts an answer by its class. */
function classes(of: string, counted: (of: string, code: string) => string): string[] {
  return [2, 3, 4, 5].reduce<string[]>(
    (below, hundreds) => [
      ...block(`$status >= ${hundreds}00`, [counted(of, `${hundreds}xx`)]).slice(0, -1),
      "} else {",
      ...below.map(indented),
      "}",
    ],
    [counted(of, "1xx")],
  );
}

function block(condition: string, body: readonly string[]): string[] {
  return [`${condition} {`, ...body.map(indented), "}"];
}

const indented = (line: string): string => `  ${line}`;

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
