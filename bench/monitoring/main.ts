/** `make bench-monitoring`: what the rules of a stack of many services cost a real Prometheus. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { ruleGroups, rulesFile, type RuleGroup } from "../../budget/monitoring/rule-groups";
import { print, runCommand } from "../../cli/command";
import { startPrometheusIn, type PrometheusProcess } from "../../tests/helpers/prometheus-process";
import { loadNow, machine } from "../harness/machine";
import { spreadOf, type Spread } from "../harness/part";
import { pastOf, windowsOf, writePast } from "./history";
import { exposition, type Target } from "./series";
import { podSeries } from "./service-series";
import { manyServices } from "./stack";
import { targetsOf } from "./targets";

const SERVICES = numberFrom("SERVICES", 100);
const LEAST_SERIES = 1000 * SERVICES;

/** Between two scrapes and between two evaluations, seconds. */
const INTERVAL = numberFrom("INTERVAL", 30);

/** Wanted: what all groups take in one interval, together. */
const GOAL_SECONDS = 1;

/** Until the windows of what is scraped are full, seconds; no rule is evaluated until then. */
const LIVE_SECONDS = 300;
/** Intervals over which it is measured what scrapes take, until every rule has been evaluated, and what all of it takes. */
const ROUNDS = { scrapes: 4, first: 2, all: 5 } as const;

const DEAREST = 15;

interface Evaluated {
  readonly name: string;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

interface EvaluatedGroup extends Evaluated {
  readonly rules: readonly (Evaluated & {
    readonly health: string;
    readonly lastError?: string;
    readonly state?: string;
  })[];
}

function numberFrom(variable: string, usual: number): number {
  const given = Number(process.env[variable] ?? "");
  return given > 0 ? given : usual;
}

runCommand(async () => {
  const loadBefore = loadNow();
  const stack = manyServices(SERVICES);
  const { watched } = stack;
  const ofPod = await podSeries(stack.plan.budget);
  const pods = Math.max(1, Math.ceil(LEAST_SERIES / SERVICES / ofPod.length));
  const targets = targetsOf(stack, ofPod, pods);
  const groups = ruleGroups(watched, { runbooks: "https://docs.example.com/runbooks/" });
  const folder = mkdtempSync(join(tmpdir(), "bench-monitoring-"));
  const server = await serve(targets);
  try {
    const { past, without } = pastOf(watched, targets, LIVE_SECONDS, intervals(groups));
    print(`writing the past of ${past.length} series`);
    const samples = await writePast(past, folder, join(folder, "data"), Math.floor(Date.now() / 1000));
    configure(folder, targets, (server.address() as AddressInfo).port);
    const prometheus = await startPrometheusIn(
      folder,
      "--storage.tsdb.retention.time=60d",
      "--web.enable-lifecycle",
    );
    try {
      print(`${samples} samples; Prometheus runs for ${LIVE_SECONDS} s until its windows are full`);
      await sleep(1000 * (LIVE_SECONDS - ROUNDS.scrapes * INTERVAL));
      const scrapes = await taken(prometheus, ROUNDS.scrapes);
      await load(prometheus, folder, groups);
      await sleep(1000 * ROUNDS.first * INTERVAL);
      const rounds: EvaluatedGroup[][] = [];
      const look = async (): Promise<void> =>
        void rounds.push((await prometheus.ask<{ groups: EvaluatedGroup[] }>("rules")).groups);
      const used = (await taken(prometheus, ROUNDS.all, look)) - scrapes;
      print("");
      print(`${SERVICES} services of ${pods} pods, ${await activeSeries(prometheus)} active series`);
      const { processor, cores, loadAfter, node } = machine(loadBefore);
      print(
        `${processor}, ${cores} cores, Node.js ${node}, load ${loadBefore} before and ${loadAfter} after`,
      );
      print(
        `in ${INTERVAL} s scrapes take ${scrapes.toFixed(1)} s of a core, all rules ${used.toFixed(1)} s besides`,
      );
      printWindows(windowsOf(watched), without);
      return judge(rounds, groups);
    } finally {
      await prometheus.stop();
    }
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

/** Seconds between two samples of a recorded series, or of any other one. */
function intervals(groups: readonly RuleGroup[]): (name: string) => number {
  const known = new Map<string, number>();
  for (const { interval, rules } of groups) {
    if (interval === undefined) continue;
    for (const rule of rules as readonly { readonly record?: string }[]) {
      if (rule.record !== undefined) known.set(rule.record, Number(interval.replace("s", "")));
    }
  }
  return (name) => known.get(name) ?? INTERVAL;
}

async function serve(targets: readonly Target[]): Promise<Server> {
  const byPath = new Map(targets.map((target) => [target.path, target]));
  const started = performance.now();
  const server = createServer((request, response) => {
    const target = byPath.get(request.url ?? "");
    response.setHeader("Content-Type", "text/plain; version=0.0.4");
    response.end(target === undefined ? "" : exposition(target, (performance.now() - started) / 1000));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}

/** All groups in every interval, those that a cluster evaluates more seldom, too, so that they are measured. */
async function load({ url }: PrometheusProcess, folder: string, groups: readonly RuleGroup[]): Promise<void> {
  const often = groups.map(({ name, rules }) => ({ name, rules }));
  writeFileSync(join(folder, "rules.yaml"), rulesFile(often));
  const response = await fetch(`${url}/-/reload`, { method: "POST" });
  if (!response.ok) throw new Error(`Prometheus does not take the rules: ${await response.text()}`);
}

/** Seconds of a core that Prometheus takes in one interval. @param then after each of them */
async function taken(
  prometheus: PrometheusProcess,
  rounds: number,
  then: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const before = await processorSeconds(prometheus);
  for (let round = 0; round < rounds; round++) {
    await sleep(1000 * INTERVAL);
    await then();
  }
  return ((await processorSeconds(prometheus)) - before) / rounds;
}

function configure(folder: string, targets: readonly Target[], port: number): void {
  const interval = `${INTERVAL}s`;
  const jobs = [false, true].map((honors) => ({
    job_name: honors ? "cluster" : "pods",
    honor_labels: honors,
    static_configs: targets
      .filter(({ honorsLabels }) => honorsLabels === honors)
      .map(({ path, labels }) => ({
        targets: [`127.0.0.1:${port}`],
        labels: { ...labels, __metrics_path__: path },
      })),
  }));
  writeFileSync(
    join(folder, "prometheus.yaml"),
    JSON.stringify({
      global: { scrape_interval: interval, evaluation_interval: interval },
      // There is none at first.
      rule_files: ["rules*.yaml"],
      scrape_configs: jobs,
    }),
  );
}

async function activeSeries(prometheus: PrometheusProcess): Promise<number> {
  const { headStats } = await prometheus.ask<{ headStats: { numSeries: number } }>("status/tsdb");
  return headStats.numSeries;
}

async function processorSeconds({ url }: PrometheusProcess): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1]);
}

function printWindows(windows: ReadonlyMap<string, number>, without: readonly string[]): void {
  const byWindow = new Map<number, string[]>();
  for (const [name, seconds] of windows) byWindow.set(seconds, [...(byWindow.get(seconds) ?? []), name]);
  print("");
  print("longest window    series read in it    its samples");
  for (const [seconds, names] of [...byWindow].sort(([one], [other]) => one - other)) {
    const short = names.filter((name) => seconds > LIVE_SECONDS && without.includes(name));
    const from =
      seconds <= LIVE_SECONDS ? "scraped or evaluated" : short.length === 0 ? "written before" : "";
    const words = short.length === 0 ? from : `written before; not full: ${short.join(", ")}`;
    print(`${String(seconds).padStart(12)} s    ${String(names.length).padStart(17)}    ${words}`);
  }
}

function judge(rounds: readonly (readonly EvaluatedGroup[])[], groups: readonly RuleGroup[]): number {
  const last = rounds.at(-1) ?? [];
  const broken = last.flatMap(({ rules }) => rules).filter(({ health }) => health !== "ok");
  for (const { name, health, lastError = "" } of broken.slice(0, 5)) print(`${health}: ${name} ${lastError}`);
  const of = (choose: (group: EvaluatedGroup) => number): Spread =>
    spreadOf(rounds.map((round) => round.reduce((sum, group) => sum + choose(group), 0)));
  const share = new Map(groups.map(({ name, interval }) => [name, shareOf(interval)]));
  const ms = (seconds: number): string => (1000 * seconds).toFixed(0).padStart(8);
  print("");
  print(`group${" ".repeat(37)}rules   every s   ms of one       quartiles   ms an interval`);
  for (const { name, rules } of groups) {
    const { median, low, high } = of((group) => (group.name === name ? group.evaluationTime : 0));
    const part = share.get(name) ?? 1;
    print(
      `${name.padEnd(40)} ${String(rules.length).padStart(6)} ${String(INTERVAL / part).padStart(9)}    ` +
        `${ms(median)}  ${`${ms(low)} to ${ms(high).trim()}`.padStart(18)}     ${ms(median * part)}`,
    );
  }
  const once = of(({ evaluationTime }) => evaluationTime);
  const all = of(({ name, evaluationTime }) => evaluationTime * (share.get(name) ?? 1));
  print(
    `${groups.reduce((sum, { rules }) => sum + rules.length, 0)} rules, each once: ${once.median.toFixed(2)} s`,
  );
  printDearest(last);
  const firing = last.flatMap(({ rules }) => rules).filter(({ state }) => state === "firing").length;
  print("");
  print(`${firing} alerts fire`);
  const kept = all.median <= GOAL_SECONDS && broken.length === 0;
  print(
    `${kept ? "kept" : "NOT kept"}: all rules take at most ${GOAL_SECONDS} s of ${INTERVAL} s; ` +
      `measured: ${all.median.toFixed(2)} s (${all.low.toFixed(2)} to ${all.high.toFixed(2)})`,
  );
  return kept ? 0 : 1;
}

/** How often a group is evaluated in one interval. */
function shareOf(interval: string | undefined): number {
  return interval === undefined ? 1 : INTERVAL / Number(interval.replace("s", ""));
}

/** Rules of one name together. */
function printDearest(groups: readonly EvaluatedGroup[]): void {
  const byName = new Map<string, { count: number; seconds: number }>();
  for (const { name, evaluationTime } of groups.flatMap(({ rules }) => rules)) {
    const { count, seconds } = byName.get(name) ?? { count: 0, seconds: 0 };
    byName.set(name, { count: count + 1, seconds: seconds + evaluationTime });
  }
  print("");
  print(`the dearest${" ".repeat(43)}rules      ms     µs each`);
  for (const [name, { count, seconds }] of [...byName]
    .sort(([, one], [, other]) => other.seconds - one.seconds)
    .slice(0, DEAREST))
    print(
      `${name.padEnd(52)} ${String(count).padStart(6)} ${(1000 * seconds).toFixed(0).padStart(7)} ` +
        `${((1e6 * seconds) / count).toFixed(0).padStart(11)}`,
    );
}
