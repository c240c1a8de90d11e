import assert from "node:assert/strict";

import {
  serviceDerivations,
  nginxDerivations,
  redisDerivations,
} from "../../../delivery/preview-report/derivations";
import { escapeHtml, html } from "../../../delivery/preview-report/html";
import { previewPage } from "../../../delivery/preview-report/page";
import { topology } from "../../../delivery/preview-report/topology";
import { policyEvent, recordedModel, shippedConfig } from "../../helpers/preview";

describe("preview page", () => {
  it("says that the promise can be kept when every policy holds", async () => {
    const page = previewPage(await recordedModel(shippedConfig("production")));
    assert.match(page, /<strong>The promise can be kept\.<\/strong>/);
    assert.match(page, /No policy was broken, none was waived, all were provable\./);
  });

  it("puts violations first and does not hide what is open or waived", async () => {
    const policyEvents = [
      policyEvent("waivers-in-use", "waived until 2026-12-31: x", "warning"),
      policyEvent("not-provable", "not provable at preview: y", "warning"),
      policyEvent(
        "replicas-keep-response-time",
        "cannot keep\nchange: retrofitlink:services.backend",
        "mandatory",
      ),
    ];
    const model = await recordedModel(shippedConfig("local"), { policyEvents, succeeded: false });
    const page = previewPage(model);
    assert.match(page, /<strong>The promise cannot be kept\.<\/strong>/);
    assert.match(page, /1 mandatory violation, listed under policies/);
    assert.match(page, /1 violation waived for now\./);
    const badges = [...page.matchAll(/<span class="badge [\w-]+">([^<]+)<\/span>/g)].map((match) => match[1]);
    assert.deepEqual(badges, ["violation", "not provable", "waived"]);
  });

  it("does not call a plan proved that has open proofs, or one that failed", async () => {
    const open = await recordedModel(shippedConfig("local"), {
      policyEvents: [policyEvent("not-provable", "x", "warning")],
    });
    assert.match(previewPage(open), /The promise is not fully provable\./);
    const failed = await recordedModel(shippedConfig("local"), {
      succeeded: false,
      errors: ["the <server> is away"],
    });
    assert.match(previewPage(failed), /The preview failed\./);
    assert.match(previewPage(failed), /the &lt;server&gt; is away/);
  });

  it("writes each formula with the numbers of the summary", async () => {
    const { services } = await recordedModel(shippedConfig("production"));
    const [backend] = services;
    assert.ok(backend);
    const found = Object.fromEntries(
      serviceDerivations(backend).map(({ name, value, formula }) => [name, [value, formula]]),
    );
    assert.deepEqual(found["Autoscaler target"], [
      "62.7 %",
      "min(CPU budget 70 %, 0.75 ÷ (1 + 0.25/min · 47 s ÷ 60))",
    ]);
    assert.deepEqual(found["At base"], [
      "2 pods",
      "max(⌈300/s · 0.03 s ÷ (8 · 62.7 %)⌉, Erlang C for 9 busy: 2)",
    ]);
    assert.deepEqual(found["Maximum"], ["14 pods", "14 − max(⌈14 ÷ 3 zones⌉, 1 drained) = 9 ≥ 9"]);
  });

  it("states inequalities that hold", async () => {
    for (const stack of ["production", "staging", "local"]) {
      const { services, caches, proxies } = await recordedModel(shippedConfig(stack));
      const formulas = [
        ...services.flatMap(serviceDerivations),
        ...caches.flatMap(redisDerivations),
        ...proxies.flatMap(nginxDerivations),
      ].flatMap(({ formula }) => [...formula.matchAll(/([\d,.]+)(?: MiB)? ≥ ([\d,.]+)/g)]);
      assert.ok(formulas.length > 3);
      for (const [text, left, right] of formulas) {
        assert.ok(
          Number(left?.replaceAll(",", "")) >= Number(right?.replaceAll(",", "")),
          `${stack}: ${text}`,
        );
      }
    }
  });

  it("draws who calls whom", async () => {
    const { text } = topology(await recordedModel(shippedConfig("production")));
    const [, label] = /<svg[^>]*aria-label="([^"]*)"/s.exec(text) ?? [];
    assert.deepEqual(label?.split("; "), [
      "clients-of-nginx-load-balancer to nginx-load-balancer: HTTP",
      "nginx-load-balancer to backend: 1,200 req/s",
      "backend to redis-cache: pool of 2",
      "backend to redis-session: pool of 2",
      "matching to redis-cache: pool of 2",
    ]);
  });

  it("keeps the picture readable with many services", async () => {
    const config = shippedConfig("local");
    const [backend] = Object.values(config.services);
    assert.ok(backend);
    const services = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`service-${i}`, backend]));
    const { text } = topology(await recordedModel({ ...config, services, loadBalancer: undefined }));
    assert.equal([...text.matchAll(/class="box service"/g)].length, 8);
    assert.match(text, /43 more/);
  });

  it("escapes whatever a name may hold", async () => {
    const model = await recordedModel(shippedConfig("local"));
    const hostile = '"><script>alert(1)</script>';
    const page = previewPage({
      ...model,
      stack: hostile,
      services: model.services.map((service) => ({ ...service, workload: hostile, configKey: hostile })),
      policies: [{ kind: "violation", policy: hostile, message: hostile, resource: hostile }],
    });
    assert.ok(!page.includes("<script>alert"));
    assert.equal(escapeHtml(`<a href='x'>&"`), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    assert.equal(html`<b>${["<", html`<i>${"&"}</i>`]}</b>`.text, "<b>&lt;<i>&amp;</i></b>");
  });

  it("needs nothing from elsewhere", async () => {
    const page = previewPage(await recordedModel(shippedConfig("production")));
    assert.deepEqual(
      [...page.matchAll(/(?:src|href)=|https?:\/\//g)].map(([text]) => text),
      [],
    );
  });
});
