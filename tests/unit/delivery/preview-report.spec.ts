import assert from "node:assert/strict";

import { escapeHtml, html } from "../../../report/html";
import { previewPage } from "../../../delivery/preview-report/page";
import { stackModel, type StackModel } from "../../../delivery/preview-report/stack-model";
import { planLines, verdictLine } from "../../../delivery/preview-report/terminal";
import { isWhollyKnown, readable } from "../../../delivery/preview-report/values";
import type { StackRun } from "../../../engine/stack";
import { UNKNOWN } from "../../../sandbox/providers/protocol/values";
import { policyEvent, runOf, serviceSummary, stackRun } from "./fixtures/stack-run";

const model = (more: Partial<StackRun> = {}): StackModel => stackModel("test", stackRun(more));
const VIOLATION = policyEvent(
  "replicas-keep-response-time",
  "every service keeps its response time\n8 >= 9 does not hold\nchange: retrofitlink:services.backend.demand",
  "mandatory",
);
const WAIVED = policyEvent("waivers-in-use", "waived until 2026-12-31: x", "warning");
const OPEN = policyEvent("not-provable", "not provable at preview: y", "warning");
const ADVICE = policyEvent("spread-wider", "z", "warning");

describe("verdict of a preview", () => {
  const cases: readonly (readonly [string, Partial<StackRun>, string])[] = [
    ["every policy holds", {}, "The promise can be kept. Every mandatory policy holds for this plan."],
    [
      "a mandatory policy is broken",
      { policyEvents: [VIOLATION, WAIVED], succeeded: false },
      "The promise cannot be kept. 1 mandatory violation, listed under policies with the key to change. 1 violation waived for now.",
    ],
    [
      "a proof met an unknown value",
      { policyEvents: [OPEN] },
      "The promise is not fully provable. 1 proof met a value that is only known after the deployment.",
    ],
    [
      "the engine gave up",
      { succeeded: false, errors: ["the server is away"] },
      "The preview failed. What follows may be incomplete; the errors are listed under policies.",
    ],
  ];
  for (const [when, more, expected] of cases) {
    it(`is the same in the terminal and on the page when ${when}`, () => {
      assert.equal(verdictLine(model(more)), expected);
      const page = previewPage(model(more));
      const [, sentence, detail] = /<strong>([^<]*)<\/strong>\s*<p>([^<]*)<\/p>/.exec(page) ?? [];
      assert.equal(`${sentence} ${detail}`, expected);
    });
  }

  it("does not call a plan proved when the summary of a component is unknown", () => {
    const run = stackRun();
    const resources = run.resources.map((resource) =>
      resource.name === "backend"
        ? { ...resource, inputs: { ...resource.inputs, zones: UNKNOWN } }
        : resource,
    );
    const found = stackModel("test", { ...run, resources });
    assert.deepEqual(found.unknown, ["backend"]);
    assert.deepEqual(found.services, []);
    assert.match(verdictLine(found), /^The promise is not fully provable\. 1 proof met/);
    assert.match(previewPage(found), /A number of &quot;backend&quot; is only known after the deployment/);
  });
});

describe("plan in the terminal", () => {
  it("counts resources by what happens to them, and names what was derived for each service", () => {
    const run = stackRun();
    const resources = run.resources.map((resource) =>
      resource.type.endsWith(":Secret") ? { ...resource, operation: "update" as const } : resource,
    );
    assert.deepEqual(planLines(stackModel("test", { ...run, resources })), [
      "  5 to create: 1 Deployment, 1 ElasticService, 1 Nginx, 1 Platform, 1 Redis",
      "  1 to update: 1 Secret",
      "  backend  5 to 14 pods at 38 % CPU, for 300/s to 1,200/s",
    ]);
  });

  it("names the most frequent kinds, and counts the others", () => {
    const run = stackRun();
    const [first] = run.resources;
    assert.ok(first);
    const resources = Array.from({ length: 10 }, (_, kind) =>
      Array.from({ length: 10 - kind }, (_, i) => ({
        ...first,
        urn: `${first.urn}-${kind}-${i}`,
        type: `test:index:Kind${kind}`,
        operation: "create" as const,
      })),
    ).flat();
    assert.equal(
      planLines(stackModel("test", { ...run, resources, changes: { create: 55 } }))[0],
      "  55 to create: 10 Kind0, 9 Kind1, 8 Kind2, 7 Kind3, 6 Kind4, 5 Kind5, 4 Kind6, 3 Kind7 and 3 of other kinds",
    );
  });
});

describe("resources of a preview", () => {
  it("belong to the nearest component above them, and the engine's own are left out", () => {
    assert.deepEqual(
      model().groups.map(({ component, kind, resources }) => [
        component,
        kind,
        resources.map(({ name }) => name),
      ]),
      [
        ["backend", "ElasticService", ["backend", "backend-deployment"]],
        ["nginx-load-balancer", "Nginx", ["nginx-load-balancer"]],
        ["platform", "Platform", ["platform"]],
        ["redis-cache", "Redis", ["redis-cache", "redis-cache-credentials"]],
      ],
    );
  });

  it("say where a value is secret or not known yet", () => {
    assert.equal(
      readable({
        __internal: {},
        uid: UNKNOWN,
        ports: [{ port: UNKNOWN }],
        password: "[secret]",
        note: "a\nb",
      }),
      [
        "uid: known after deployment",
        "ports:",
        "  - port: known after deployment",
        'password: "[secret]"',
        "note: |-",
        "  a",
        "  b",
      ].join("\n"),
    );
    const page = previewPage(model());
    assert.match(page, /stringData: &quot;\[secret\]&quot;/);
    assert.match(page, /uid: known after deployment/);
    assert.ok(!page.includes(UNKNOWN));
  });

  it("are wholly known only when nothing inside is unknown or secret", () => {
    assert.equal(isWhollyKnown({ a: [1, "x", { b: true }], c: null }), true);
    assert.equal(isWhollyKnown({ a: [{ b: UNKNOWN }] }), false);
    assert.equal(isWhollyKnown({ a: "[secret]" }), false);
  });

  it("come without their inputs where the page would be too large to open", () => {
    const services = Array.from({ length: 300 }, (_, i) => serviceSummary(`service-${i}`));
    const page = previewPage(stackModel("test", runOf(services)));
    assert.ok(!page.includes("known after deployment"));
    assert.match(page, /Inputs are in <code>build\/preview\/test\.json<\/code>\./);
  });
});

describe("preview page", () => {
  it("shows its parts in the order in which they are asked for", () => {
    const headings = [...previewPage(model()).matchAll(/<h2>([^<]*)<\/h2>/g)].map(([, text]) => text);
    assert.deepEqual(headings, [
      "The system",
      "Services",
      "Load balancer",
      "Caches",
      "Policies",
      "Resources",
    ]);
  });

  it("lists violations first and does not hide what is open, waived or only advised", () => {
    const page = previewPage(model({ policyEvents: [ADVICE, WAIVED, OPEN, VIOLATION], succeeded: false }));
    const badges = [...page.matchAll(/<span class="badge (?!pass)[\w-]+">([^<]+)<\/span>/g)].map(
      ([, text]) => text,
    );
    assert.deepEqual(badges, ["violation", "not provable", "waived", "advice"]);
    assert.match(page, /Change <code>retrofitlink:services\.backend\.demand<\/code>/);
  });

  it("shows errors and warnings of the engine", () => {
    const page = previewPage(
      model({ succeeded: false, errors: ["the <server> is away"], warnings: ["old API"] }),
    );
    assert.match(
      page,
      /<h3>Errors<\/h3>[\s\S]*the &lt;server&gt; is away[\s\S]*<h3>Warnings<\/h3>[\s\S]*old API/,
    );
  });

  it("does not count the engine's last line as an error of its own", () => {
    const page = previewPage(
      model({ policyEvents: [VIOLATION], errors: ["preview failed"], succeeded: false }),
    );
    assert.ok(!page.includes("<h3>Errors</h3>"));
  });

  it("says so when nothing was found", () => {
    assert.match(previewPage(model()), /No policy was broken, none was waived, all were provable\./);
  });

  it("renders a plan without a single resource", () => {
    const page = previewPage(
      stackModel("test", stackRun({ resources: [], succeeded: false, errors: ["x"] })),
    );
    assert.match(page, /Nothing is in this plan\./);
  });

  it("escapes whatever a name may hold", () => {
    const hostile = `"><script>alert('1')</script>&`;
    const run = runOf([serviceSummary(hostile, { configKey: hostile, cachePools: { [hostile]: 2 } })], {
      policyEvents: [policyEvent(hostile, `${hostile}\nchange: ${hostile}`, "mandatory", `::${hostile}`)],
      errors: [hostile],
      warnings: [hostile],
      succeeded: false,
    });
    const page = previewPage({ ...stackModel(hostile, run), environment: hostile });
    assert.ok(!page.includes("<script>alert"));
    assert.equal([...page.matchAll(/<script/g)].length, 1);
    assert.ok(page.includes(escapeHtml(hostile)));
  });

  it("needs nothing from elsewhere, and lets no other script run", () => {
    const page = previewPage(model());
    assert.deepEqual([...page.matchAll(/(?:src|href)=|https?:\/\/|@import|url\((?!#)/g)], []);
    assert.match(
      page,
      /content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; script-src &#39;sha256-/,
    );
  });
});

describe("html", () => {
  it("escapes values and keeps HTML and the lines of a text", () => {
    assert.equal(escapeHtml(`<a href='x'>&"`), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    assert.equal(html`<b>${["<", html`<i>${"&"}</i>`, 1]}</b>`.text, "<b>&lt;<i>&amp;</i>1</b>");
    assert.equal(html`<pre>${"a\n    b"}</pre>`.text, "<pre>a\n    b</pre>");
  });
});
