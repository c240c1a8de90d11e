/** Every series of Prometheus itself that an alert names exists: it scrapes itself. */
import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expressionOf } from "../../../budget/monitoring/alert";
import { watchMonitoring } from "../../../budget/monitoring/watched-monitoring";
import { eventually } from "../../helpers/eventually";
import { startPrometheusIn } from "../../helpers/prometheus-process";
import { testedRules } from "../../helpers/alert-tests";

describe("series of Prometheus", function () {
  this.timeout(60_000);

  it("are all there, and its alerts have nothing to say", async () => {
    const folder = await mkdtemp(join(tmpdir(), "prometheus-series-"));
    await writeFile(
      join(folder, "rules.yaml"),
      testedRules({ rules: [{ record: "one", expr: "vector(1)" }] }),
    );
    await writeFile(
      join(folder, "prometheus.yaml"),
      JSON.stringify({
        global: { scrape_interval: "1s", evaluation_interval: "1s" },
        rule_files: ["rules.yaml"],
        scrape_configs: [
          {
            job_name: "prometheus",
            file_sd_configs: [{ files: [join(folder, "targets.json")], refresh_interval: "1s" }],
          },
        ],
      }),
    );
    const prometheus = await startPrometheusIn(folder);
    const labels = { namespace: "monitoring", pod: "prometheus-0" };
    await writeFile(
      join(folder, "targets.json"),
      JSON.stringify([{ targets: [prometheus.url.slice("http://".length)], labels }]),
    );
    const count = async (query: string): Promise<number> => {
      const { result } = await prometheus.ask<{ readonly result: readonly unknown[] }>(
        `query?query=${encodeURIComponent(query)}`,
      );
      return result.length;
    };
    try {
      const expressions = watchMonitoring({
        namespace: "retrofitlink",
        monitoringNamespace: "monitoring",
        alertmanagers: 1,
      }).alerts.map((alert) => expressionOf(alert));
      const names = new Set(expressions.flatMap((expr) => expr.match(/\bprometheus_\w+(?=\{)/g) ?? []));
      assert.equal(names.size, 5);
      for (const name of names) await eventually(name, () => count(name), Boolean, { withinMs: 20_000 });
      for (const expr of expressions) assert.equal(await count(expr), 0, expr);
    } finally {
      await prometheus.stop();
    }
  });
});
