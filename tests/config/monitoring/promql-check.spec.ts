/** The check of PromQL that people write into a stack file, against promtool: both take the same, and refuse the same. */
import assert from "node:assert/strict";

import { checkPromql } from "../../../components/monitoring/promql/check";
import {
  AGGREGATIONS,
  EXPERIMENTAL,
  FUNCTIONS,
  type ValueType,
} from "../../../components/monitoring/promql/functions";
import { templateFault } from "../../../components/monitoring/promql/template";
import { checkRules } from "../../helpers/promtool";

/** What promtool takes. */
const RIGHT = [
  "up",
  "1",
  "vector(1)",
  "up == 0",
  "1 == bool 1",
  "-up",
  "+1 - -up",
  "2 ^ 3 ^ up",
  "up % 2 atan2 up",
  "(up)",
  "up # a comment",
  "sum(\n  rate(http_requests_total[5m])\n)",
  "job:up:sum",
  "sum",
  "sum + rate",
  "by",
  'up{job="backend"}',
  'up{job="backend",}',
  'up{job!="backend"}',
  'up{job=~"backend|matching",pod!~"a.+"}',
  '{__name__="up"}',
  '{job="backend"}',
  '{job!=""}',
  '{job=~".+"}',
  "up{on=\"x\",by='y'}",
  "up{job=`a\\d`}",
  'up{job="a\\\\.b"}',
  'up{job="\\u00e4\\n\\x41\\101"}',
  'up{job=~"(?i)back(?:end)?[[:alpha:]]{2,3}"}',
  'up{job=~"(?P<name>a)\\\\d+\\\\pL"}',
  "up{job=~'a\"b'}",
  'up{job=~"a(?i)b"}',
  "rate(up[5m])",
  "rate(up[1h30m])",
  "rate(up[5m] offset 1h)",
  "rate(up[5m] offset -1h)",
  "up offset 5m",
  "up offset 1w",
  "up @ 1609746000",
  "up @ start()",
  "up offset 5m @ end()",
  "rate(up[5m] @ 1609746000)",
  "a - b offset 1h",
  "a / b offset 1h > 2",
  "-up offset 1h",
  "max_over_time(rate(up[5m])[1h:])",
  "max_over_time(rate(up[5m])[1h:1m])",
  "max_over_time(up[1h:1m] offset 1d)",
  "max_over_time((a - b)[1h:1m])",
  "sum_over_time(vector(1)[1h:1m])",
  "quantile_over_time(0.9, up[1h])",
  "predict_linear(up[1h], 3600)",
  "histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))",
  "histogram_quantile(0.95, sum(rate(x_bucket[5m])) by (le,))",
  "sum without (pod) (up)",
  "SUM(up)",
  "sum by (job) (up) / on (job) group_left (team) count by (job, team) (up)",
  "a * ignoring (pod) b",
  "a + on () b",
  "1 + on () a",
  "a == bool on (job) b",
  "a and b or c unless on (job) d",
  "a and on () (b > 1)",
  "topk(5, up)",
  "topk(scalar(a), up)",
  "bottomk(1, up)",
  "quantile(0.9, up)",
  'count_values("version", build)',
  "group(up)",
  "stddev(up) + stdvar(up)",
  "absent(up)",
  "absent_over_time(up[5m])",
  "clamp(up, 0, 1)",
  "clamp_min(up, -Inf)",
  "round(up)",
  "round(up, 0.1)",
  "hour()",
  "hour(up)",
  "day_of_week(vector(time()))",
  "time() - up",
  "pi() * 2",
  "scalar(up) > bool 2",
  'label_replace(up, "a", "$1", "b", "(.*)")',
  'label_join(up, "a", ",", "b", "c")',
  'label_join(up, "a", ",")',
  "0x1f + 1e3 + .5 + NaN + Inf",
  "sort_desc(up)",
  "deriv(up[10m]) > 0 and up > 1",
] as const;

/** What promtool refuses, with the character at which it is wrong. */
const WRONG: readonly (readonly [expr: string, at: number, said: RegExp])[] = [
  ["", 1, /missing at its end/],
  ["sum(rate(x[5m])", 16, /missing at its end/],
  ["sum(rate(x[5m])))", 17, /before "\)"/],
  ["rate(x[5m", 10, /missing at its end/],
  ["up ==", 6, /missing at its end/],
  ["up = 1", 4, /before "= 1"/],
  ["up === 1", 6, /before/],
  ["up && down", 4, /before "&& down"/],
  ["up > 1 and", 11, /missing/],
  ["rat(x[5m])", 1, /Did you mean "rate"\?/],
  ["sum(rtae(x[5m]))", 5, /Did you mean "rate"\?/],
  ["frobnicate_everything(x)", 1, /Querying, Functions/],
  ["summ(up)", 1, /Did you mean "sum"\?/],
  ["rate(x)", 6, /\[5m\]/],
  ["rate(sum(x))", 6, /\[5m\]/],
  ["rate(sum(x)[5m])", 6, /subquery/],
  ["sum(x[5m])", 5, /rate\( \)/],
  ["x[5m] > 1", 1, /rate\( \)/],
  ["-x[5m]", 2, /rate\( \)/],
  ["a - b[5m]", 5, /rate\( \)/],
  ["sum(1)", 5, /vector\( \)/],
  ["vector(up)", 8, /scalar\( \)/],
  ['up + "a"', 6, /function/],
  ["histogram_quantile(sum(x), 0.9)", 20, /number/],
  ["histogram_quantile(0.9)", 1, /It takes a number, an instant vector/],
  ["clamp(up, 1)", 1, /with 3 in its parentheses|It takes/],
  ["round(up, 1, 2)", 1, /It takes/],
  ["time(up)", 1, /It takes nothing/],
  ['label_join(up, "a")', 1, /It takes/],
  ["topk(up)", 1, /It takes a number, an instant vector/],
  ["sum(a, b)", 1, /It takes an instant vector/],
  ["count_values(1, up)", 14, /quotation marks/],
  ["1 > 2", 3, /> bool/],
  ["time() > 5", 8, /> bool/],
  ["up + bool 1", 6, /Remove it/],
  ["1 and 2", 3, /vector\( \)/],
  ["up or 1", 4, /vector\( \)/],
  ["a and on (x) group_left () b", 14, /Remove it/],
  ["a + on (x) group_left (x) b", 5, /Remove x/],
  ["1 + on (x) a", 5, /Remove it/],
  ["a group_left () b", 3, /before/],
  ["up{job=backend}", 8, /before "backend}"/],
  ["up{job=='backend'}", 8, /before/],
  ["up{job=\"backend'}", 18, /quotation marks/],
  ['up{job="backend"', 17, /missing/],
  ['up{job="a\\.b"}', 10, /Write \\\\\./],
  ['up{job=~"a("}', 9, /do not fit together/],
  ['up{job=~"*a"}', 9, /do not fit together/],
  ['up{job=~"a**"}', 9, /repeats a repetition/],
  ['up{job=~"[z-a]"}', 9, /do not fit together/],
  ['up{job=~"(?!a)b"}', 9, /neither ahead nor behind/],
  ['up{job=~"(a)\\\\1"}', 9, /RE2 has no/],
  ['up{job=~"a{1,2000}"}', 9, /a thousand/],
  ['up{a="b",job=~"*a"}', 15, /do not fit together/],
  ['up{job=~"(?ien)a"}', 9, /flags i, m, s and U/],
  ['up{job=~"\\\\p"}', 9, /needs a class/],
  ['up{job=~"[[:alph:]]"}', 9, /no class \[:alph:\]/],
  ["up{a-b='c'}", 5, /before/],
  ["up{job}", 7, /before/],
  ["{}", 1, /Name the metric/],
  ['{job=""}', 1, /Name the metric/],
  ['{job=~".*"}', 1, /Name the metric/],
  ['{job!="x"}', 1, /Name the metric/],
  ['up{__name__="down"}', 4, /Remove it/],
  ["rate(up[0s])", 9, /above 0/],
  ["rate(up[5x])", 10, /before/],
  ["rate(up[1m1h])", 11, /before/],
  ["rate(up[])", 9, /before/],
  ["(a + b) offset 5m", 1, /behind each selector/],
  ["rate(a[5m]) offset 5m", 1, /behind each selector/],
  ["sum(a) offset 5m", 1, /behind each selector/],
  ["up offset 5m offset 5m", 1, /Remove the second/],
  ["max_over_time(time()[1h:1m])", 15, /vector\( \)/],
  ["rate(up[5m])[5m]", 1, /subquery/],
  ["sum by job (up)", 8, /before/],
  ["sum(up) by (le", 15, /missing/],
  ["a ignoring b", 3, /before/],
  ["http_requests.total", 14, /before "\.total"/],
  ["5xx", 2, /before/],
  ["$value", 1, /before/],
  ["{{ $value }}", 2, /before/],
  // Known to newer ones with a switch that nobody set.
  ["info(up)", 1, /Do without info/],
  ["limitk(2, up)", 1, /Do without limitk/],
  ["sort_by_label(up, 'a')", 1, /Do without sort_by_label/],
  ["rate(up[5m + 1m])", 9, /arithmetic of durations/],
  ["rate(up[step()])", 9, /arithmetic of durations/],
];

/** What Prometheus 3 takes, and the promtool of these machines, which is older, does not. */
const NEWER = ["rate(up[300])", "up > 5m", '{"http.requests", job="a"}', "histogram_avg(up)"];

/** Indices of the expressions that promtool refuses. */
function refusedByPromtool(expressions: readonly string[]): Set<number> {
  const rules = expressions.map((expr, index) => ({ record: `tested:${index}`, expr }));
  const said = checkRules(JSON.stringify({ groups: [{ name: "tested", rules }] }));
  return new Set(Array.from(said.matchAll(/"tested:(\d+)"/g), ([, index = ""]) => Number(index)));
}

describe("PromQL of a stack file", function () {
  this.timeout(60_000);

  it("is taken where promtool takes it", () => {
    assert.deepEqual(
      [...refusedByPromtool(RIGHT)].map((index) => RIGHT[index]),
      [],
    );
    for (const expr of RIGHT) {
      const verdict = checkPromql(expr);
      assert.ok("type" in verdict, `${expr}: ${JSON.stringify(verdict)}`);
    }
  });

  it("is refused where promtool refuses it, with the place and what to do", () => {
    const refused = refusedByPromtool(WRONG.map(([expr]) => expr));
    assert.deepEqual(
      WRONG.filter((_, index) => !refused.has(index)),
      [],
    );
    for (const [expr, at, said] of WRONG) {
      const verdict = checkPromql(expr);
      assert.ok("fault" in verdict, `${expr} is taken`);
      const { fault } = verdict;
      assert.equal(fault.at, at, `${expr}: ${JSON.stringify(fault)}`);
      assert.match(`${fault.allowed}. ${fault.fix}`, said, expr);
    }
  });

  it("is that of Prometheus 3 where the two differ", () => {
    assert.equal(refusedByPromtool(NEWER).size, NEWER.length);
    for (const expr of NEWER) assert.ok("type" in checkPromql(expr), expr);
  });

  it("has the functions that promtool has, with what they take", () => {
    const example: Readonly<Record<ValueType, string>> = {
      scalar: "1",
      "instant vector": "up",
      "range vector": "up[5m]",
      string: '"a"',
    };
    const calls = [...FUNCTIONS].map(
      ([name, { takes }]) => `${name}(${takes.map((type) => example[type]).join(", ")})`,
    );
    const aggregations = [...AGGREGATIONS].map(
      ([name, parameter]) => `${name}(${parameter === undefined ? "" : `${example[parameter]}, `}up)`,
    );
    const all = [...calls, ...aggregations];
    const newer = ["histogram_avg", "histogram_stddev", "histogram_stdvar"];
    assert.deepEqual(
      [...refusedByPromtool(all)].map((index) => (all[index] ?? "").replace(/\(.*/, "")).sort(),
      newer,
    );
    for (const expr of all) assert.ok("type" in checkPromql(expr), expr);
    // One more than a function takes is too much for both.
    const wide = calls
      .filter((call) => !call.startsWith("label_join"))
      .map((call) => (call.endsWith("()") ? call.replace("()", "(1)") : call.replace(/\)$/, ", 1)")))
      // The last may be left out, and is none of a moment's.
      .filter((call) => !newer.some((name) => call.startsWith(name)));
    assert.equal(refusedByPromtool(wide).size, wide.length);
    for (const expr of wide) assert.ok("fault" in checkPromql(expr), expr);
    for (const name of EXPERIMENTAL) assert.equal(FUNCTIONS.has(name) || AGGREGATIONS.has(name), false, name);
  });

  const templates: readonly (readonly [text: string, isSound: boolean])[] = [
    ["Nothing is filled in.", true],
    ["{{ $value }} of {{ $labels.job }}", true],
    ["{{ $value | humanizePercentage }}", true],
    ["{{ with $labels.namespace }}{{ . }}{{ else }}here{{ end }}", true],
    ["{{ range $key, $one := $labels }}{{ $key }}={{ $one }} {{ end }}", true],
    ["{{ $externalURL }}", true],
    ['{{ printf "%.2f of %s" $value .Labels.job | title }}', true],
    ['{{ if gt $value 0.5 }}much{{ else if eq $labels.job "a" }}{{ "odd" }}{{ end }}', true],
    ["{{ frobnicate $value }}", false],
    ["{{ $value | humanise }}", false],
    ["{{ if $value }}much", false],
    ["{{ if gt $value 1e3 }}much{{ end }}{{ end }}", false],
    ["{{ if gt $value 1e3 }}much{{ end }}", true],
    ["{{ $value ", false],
    ["{{ $lables.job }}", false],
    ["{{ $val }}", false],
  ];

  it("has templates in its sentences that promtool takes, or they are refused", () => {
    for (const [summary, isSound] of templates) {
      const rules = [{ alert: "Tested", expr: "up", annotations: { summary } }];
      assert.equal(
        checkRules(JSON.stringify({ groups: [{ name: "tested", rules }] })) === "",
        isSound,
        summary,
      );
      assert.equal(templateFault(summary) === undefined, isSound, summary);
    }
  });
});
