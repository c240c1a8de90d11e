import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { ROOT } from "../../../cli/paths";
import { ownRuleGroups, ruleGroups } from "../../../budget/monitoring/rule-groups";
import { runbookOf } from "../../../budget/monitoring/alert";
import { planStack } from "../../../plan/plan-stack";
import { watchedOf } from "../../../stacks/wiring/monitoring";
import { recordStack } from "../../helpers/recorded-stack";
import { accepted, mistakes } from "./sound-stack";

const EXISTING = { kind: "existing", runbooks: "https://docs.example.com/runbooks/" };
const WIKI = "https://wiki.example.com/checkout";

const events = {
  name: "CheckoutErrors",
  kind: "events",
  objective: 0.99,
  good: 'rate(checkouts_total{result="done"}[5m])',
  total: "rate(checkouts_total[5m])",
  runbook: WIKI,
};
const latency = {
  name: "SearchSlow",
  kind: "latency",
  objective: 0.95,
  withinSeconds: 0.25,
  route: "/api/search",
  tier: "P1",
  runbook: WIKI,
};
const alert = {
  kind: "alert",
  name: "OrdersStopped",
  expr: "sum(rate(orders_total[5m])) == 0",
  tier: "P0",
  summary: "No order for five minutes.",
  runbook: WIKI,
};

type Config = Record<string, any>;

/** The stack with objectives and rules. */
function withOwn(slos: readonly object[], rules: readonly object[] = []): (config: Config) => void {
  return (config) => {
    config["services"].backend.slos = slos;
    config["monitoring"] = { ...EXISTING, rules };
  };
}

describe("rules and objectives of a stack's own", () => {
  it("become rules like those of the platform, with the same tiers and their runbook", () => {
    const recording = { kind: "recording", name: "orders:rate5m", expr: "sum(rate(orders_total[5m]))" };
    const config = accepted(withOwn([events, latency], [{ ...alert, service: "backend" }, recording]));
    const watched = watchedOf(config, planStack(config));
    const links = { runbooks: EXISTING.runbooks };
    const [platforms, own] = [ruleGroups(watched, links), ownRuleGroups(watched, links)];
    const all = [...platforms, ...own].flatMap(({ rules }) => rules as readonly Config[]);
    // Two rules of one series would be two values of it.
    const series = all.filter(({ record }) => record !== undefined);
    const ids = series.map(({ record, labels }) => JSON.stringify([record, labels]));
    assert.deepEqual(
      ids.filter((id, index) => ids.indexOf(id) !== index),
      [],
    );
    const of = (name: string): Config[] => all.filter((rule) => rule["alert"] === name);
    assert.deepEqual(
      of("CheckoutErrors").map(({ labels }) => labels.tier),
      ["P0", "P0", "P1", "P2", "P1"],
    );
    // Nothing of it wakes anybody.
    assert.deepEqual(new Set(of("SearchSlow").map(({ labels }) => labels.tier)), new Set(["P1", "P2"]));
    assert.match(
      of("SearchSlow")[0]?.["expr"],
      /\{namespace="retrofitlink",service="backend",slo="SearchSlow"\}/,
    );
    const slow = all.find(
      ({ record, labels }) => record === "slo:bad_events:rate5m" && labels.slo === "SearchSlow",
    );
    assert.match(slow?.["expr"], /route="\/api\/search",le="0\.25"/);
    const [stopped] = of("OrdersStopped");
    assert.deepEqual(stopped, {
      alert: "OrdersStopped",
      expr: alert.expr,
      for: "60s",
      labels: {
        ...stopped?.["labels"],
        namespace: "retrofitlink",
        service: "backend",
        tier: "P0",
        noun: "service",
      },
      annotations: { summary: alert.summary, description: "Not named in the stack file.", runbook_url: WIKI },
    });
    for (const name of ["CheckoutErrors", "SearchSlow"])
      for (const rule of of(name)) assert.equal(rule["annotations"].runbook_url, WIKI);
    assert.ok(all.some(({ record, expr }) => record === "orders:rate5m" && expr === recording.expr));
  });

  it("lead to a page of docs/runbooks where one is named after them", () => {
    assert.equal(runbookOf({ name: "Watchdog" }), "watchdog.md");
    const page = { ...alert, runbook: "watchdog.md" };
    const config = accepted(withOwn([], [page]));
    const groups = ownRuleGroups(watchedOf(config, planStack(config)), { runbooks: EXISTING.runbooks });
    const [own] = groups
      .filter(({ name }) => name === "retrofitlink-alerts-own")
      .flatMap(({ rules }) => rules as Config[]);
    assert.equal(own?.["annotations"].runbook_url, "https://docs.example.com/runbooks/watchdog.md");
  });

  it("stand in an object of their own, so that what is wrong with them leaves the platform's alone", async () => {
    const change = withOwn([events], [{ ...alert, service: "backend" }]);
    const recording = await recordStack(accepted(change));
    const objects = recording.ofType("kubernetes:monitoring.coreos.com/v1:PrometheusRule");
    const written = [events.good, events.total, alert.expr];
    const having = objects.filter(({ inputs }) =>
      written.some((text) => JSON.stringify(inputs).includes(JSON.stringify(text).slice(1, -1))),
    );
    assert.deepEqual(objects.map(({ name }) => name).sort(), ["monitoring-rules", "own-rules"]);
    assert.deepEqual(
      having.map(({ name }) => name),
      ["own-rules"],
    );
    const none = await recordStack(accepted(withOwn([])));
    assert.equal(none.ofType("kubernetes:monitoring.coreos.com/v1:PrometheusRule").length, 1);
  });

  const refused: readonly [name: string, slos: object[], rules: object[], said: RegExp[]][] = [
    [
      "a bracket that is missing",
      [],
      [{ ...alert, expr: "sum(rate(orders_total[5m]) == 0" }],
      [
        /^retrofitlink:monitoring\.rules\[0\]\.expr: got "sum\(rate\(orders_total\[5m\]\) == 0" with a mistake at character 32; allowed is PromQL\. Something is missing/,
      ],
    ],
    [
      "a function with a typing error, in the second line",
      [],
      [{ ...alert, expr: "sum(\n  rat(orders_total[5m])) == 0" }],
      [/rules\[0\]\.expr: .*at line 2, character 3; .*Did you mean "rate"\?$/],
    ],
    [
      "a range that nobody sums",
      [],
      [{ ...alert, expr: "orders_total[5m]" }],
      [/rules\[0\]\.expr: got "orders_total\[5m\]", which comes to a range vector; /],
    ],
    [
      "PromQL of an objective",
      [{ ...events, good: "rate(checkouts_total)", total: "1" }],
      [],
      [
        /^retrofitlink:services\.backend\.slos\[0\]\.good: .*character 6; .*\[5m\]/,
        /slos\[0\]\.total: .*comes to a scalar/,
      ],
    ],
    [
      "a bound that is no bucket's",
      [{ ...latency, withinSeconds: 0.3 }],
      [],
      [
        /slos\[0\]\.withinSeconds: got 0\.3; allowed is a bound of the histogram: .*0\.25.*\. Take one of them/,
      ],
    ],
    [
      "an objective of everything",
      [{ ...events, objective: 1 }],
      [],
      [/slos\[0\]\.objective: got 1; .*below 1/],
    ],
    [
      "an objective in percent",
      [{ ...events, objective: 99.9 }],
      [],
      [/slos\[0\]\.objective: got 99\.9; .*99\.9 % is 0\.999/],
    ],
    [
      "a name in two words",
      [{ ...events, name: "checkout errors" }],
      [],
      [/slos\[0\]\.name: got "checkout errors"; .*CheckoutErrors/],
    ],
    [
      "no runbook",
      [{ ...events, runbook: undefined }],
      [{ ...alert, runbook: undefined }],
      [
        /slos\[0\]\.runbook: got nothing; .*docs\/runbooks\/checkout-errors\.md is not\. Write the page/,
        /rules\[0\]\.runbook: got nothing; .*docs\/runbooks\/orders-stopped\.md is not/,
      ],
    ],
    [
      "a runbook that is neither",
      [],
      [{ ...alert, runbook: "see the wiki" }],
      [/rules\[0\]\.runbook: got "see the wiki"; /],
    ],
    [
      "a page that is not there",
      [],
      [{ ...alert, runbook: "orders.md" }],
      [/rules\[0\]\.runbook: got "orders\.md"; /],
    ],
    [
      "two of one name",
      [events, { ...latency, name: events.name }],
      [alert, alert],
      [
        /slos\[1\]\.name: got "CheckoutErrors"; allowed is a name that no rule before it has/,
        /rules\[1\]\.name: got "OrdersStopped"/,
      ],
    ],
    [
      "a name of the platform",
      [{ ...events, name: "ServiceErrors" }],
      [
        { ...alert, name: "ServiceAbsent" },
        { kind: "recording", name: "service:http_requests:rate5m", expr: "1" },
      ],
      [
        /slos\[0\]\.name: got "ServiceErrors"; allowed is a name that no rule of the platform has/,
        /rules\[0\]\.name: got "ServiceAbsent"/,
        /rules\[1\]\.name: got "service:http_requests:rate5m"/,
      ],
    ],
    [
      "an objective and an alert of one name",
      [events],
      [{ ...alert, name: events.name }],
      [/rules\[0\]\.name: got "CheckoutErrors"; allowed is a name that no objective of a service has/],
    ],
    [
      "a tier that does not exist",
      [],
      [{ ...alert, tier: "P3" }],
      [/rules\[0\]\.tier: got "P3"; allowed is "P0", "P1" or "P2"/],
    ],
    [
      "a service that is not there",
      [],
      [{ ...alert, service: "backedn" }],
      [/rules\[0\]\.service: .*Did you mean "backend"\?/],
    ],
    [
      "a label of the routing",
      [],
      [{ ...alert, labels: { severity: "critical" } }],
      [/rules\[0\]\.labels\.severity: /],
    ],
    [
      "a template of nothing",
      [],
      [{ ...alert, summary: "{{ $lables.job }}" }],
      [/rules\[0\]\.summary: .*not \$lables/],
    ],
    [
      "a key of the other kind",
      [{ ...events, withinSeconds: 1 }],
      [],
      [/slos\[0\]\.withinSeconds: .*one of kind/],
    ],
  ];
  for (const [name, slos, rules, said] of refused) {
    it(`are refused with ${name}`, () => {
      const found = mistakes(withOwn(slos, rules));
      assert.equal(found.length, said.length, found.join("\n"));
      for (const [index, pattern] of said.entries()) assert.match(found[index] ?? "", pattern);
    });
  }

  it("are refused where nobody watches", () => {
    const found = mistakes((config) => (config["services"].backend.slos = [events]));
    assert.match(found.join("\n"), /^retrofitlink:services\.backend\.slos: .*Add retrofitlink:monitoring/);
  });

  it("are in docs/own-rules.md as they may be written, but for a page that somebody has to write", () => {
    const text = readFileSync(join(ROOT, "docs/own-rules.md"), "utf8");
    const blocks = Array.from(
      text.matchAll(/```yaml\n(.*?)```/gs),
      ([, block = ""]) => parse(block) as Config,
    );
    assert.equal(blocks.length, 2);
    const [objectives = {}, rules = {}] = blocks;
    const found = mistakes((config) => {
      config["services"].backend.slos = objectives["retrofitlink:services"].backend.slos;
      config["monitoring"] = { ...EXISTING, ...rules["retrofitlink:monitoring"] };
    });
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", /rules\[1\]\.runbook: got "orders-stopped\.md"/);
  });

  it("may be alike for two services", () => {
    accepted((config) => {
      withOwn([events])(config);
      config["services"].other = { ...config["services"].backend };
    });
  });
});
