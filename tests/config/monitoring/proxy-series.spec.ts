/** Rules, alerts and panels of a proxy's answers, from its real log: proxy, exporter and Prometheus run as they are rendered. */
import assert from "node:assert/strict";

import { accessBuckets, accessOf, accessSeries } from "../../../budget/load-balancing/access-metrics";
import { workloadName } from "../../../budget/load-balancing/proxy";
import { EDGE_SERIES } from "../../../budget/load-balancing/access-rules";
import { watchAccess } from "../../../budget/load-balancing/watched-access";
import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import { expressionOf } from "../../../budget/monitoring/alert";
import { bucketIssues } from "../../../budget/service/buckets";
import { proxyAccessMetrics } from "../../../components/monitoring/monitored";
import { startAccessExporter, type RunningAccessExporter } from "../../helpers/access-exporter";
import { testedRules } from "../../helpers/alert-tests";
import { eventually } from "../../helpers/eventually";
import { startPrometheus, type RunningPrometheus } from "../../helpers/prometheus";
import { PROXIES, service } from "../../helpers/proxy-contract";
import { send } from "../../helpers/send";

const BUDGET = { ...DEFAULT_BUDGET, responseTimeP95Seconds: { target: 0.14, warning: 0.3, critical: 0.6 } };
const BUCKETS = accessBuckets([BUDGET]);
const ROUTES = [
  { service: "backend", route: "/", open: false },
  { service: "backend", route: "/socket.io", open: true },
];

describe("bounds of a proxy's times", () => {
  it("have every step of the budgets among them", () => {
    const { responseTimeP95Seconds: p95, responseTimeP99Seconds: p99 } = BUDGET;
    for (const { target, warning, critical } of [p95, p99]) {
      for (const seconds of [target, warning, critical]) {
        assert.deepEqual(bucketIssues(seconds, BUCKETS, ["budget"]), []);
      }
    }
    assert.equal(bucketIssues(0.13, BUCKETS, ["budget"]).length, 1);
  });
});

for (const { proxy: kind, name, start } of PROXIES) {
  describe(`series of ${name}'s answers in a real Prometheus`, function () {
    this.timeout(120_000);
    const of = { namespace: "retrofitlink", job: workloadName(kind) };
    const watched = watchAccess({ ...of, services: [{ name: "backend", budget: BUDGET }] });
    let exporter: RunningAccessExporter;
    let prometheus: RunningPrometheus;

    before(async () => {
      exporter = await startAccessExporter({ proxy: kind, routes: ROUTES, buckets: BUCKETS });
      prometheus = await startPrometheus([exporter.address], testedRules(watched), {
        ...accessOf(of),
        pod: `${of.job}-0`,
      });
    });
    after(async () => {
      await prometheus.stop();
      await exporter.stop();
    });

    const valueOf = async (query: string): Promise<number | undefined> =>
      (await prometheus.query(query))[0]?.value;

    it("give every rule and every panel its figure, and the right one", async () => {
      const upstream = await service((request, response) => {
        const wait = request.url === "/slow" ? 200 : 0;
        setTimeout(() => response.writeHead(request.url === "/broken" ? 500 : 200).end(), wait);
      });
      const proxy = await start({
        upstream: [upstream],
        serviceName: "backend",
        accessExporter: exporter.log,
        // Enough for what is asked below, and then no more.
        rateLimit: { requestsPerSecond: 60, burst: 40, connections: 50 },
      });
      const ask = async (path: string, count: number): Promise<void> => {
        for (let index = 0; index < count; index++) await send(proxy.httpPort, path);
      };
      // Series with the value 0 are there before what they count.
      await send(proxy.httpPort, "/healthz");
      await eventually("it is scraped", () => valueOf("proxy_access_probes_total"));
      await ask("/", 1);
      await eventually("the first time", () => valueOf("proxy_request_duration_seconds_count"));
      await new Promise((resolve) => setTimeout(resolve, 2500));
      const deadline = Date.now() + 12_000;
      let asked = 0;
      while (Date.now() < deadline) {
        await ask("/", 6);
        await ask("/slow", 2);
        await ask("/broken", 2);
        asked += 10;
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
      assert.ok(asked >= 40);
      const labels = `{namespace="retrofitlink",proxy="${of.job}",service="backend"}`;
      const near = async (query: string, expected: number): Promise<void> => {
        await eventually(
          `${query} is about ${expected}`,
          () => valueOf(query),
          (value) => value !== undefined && Math.abs(value - expected) < 0.03,
          { withinMs: 10_000 },
        );
      };
      await near(`${EDGE_SERIES.errorRatio}${labels}`, 0.2);
      await near(`${EDGE_SERIES.within}{service="backend",percentile="p95"}`, 0.8);
      await near(`slo:bad_events:rate5m{slo="ProxyErrors"} / slo:events:rate5m{slo="ProxyErrors"}`, 0.2);
      await near(
        `slo:bad_events:rate5m{slo="ProxySlow",percentile="p95"} / slo:events:rate5m{slo="ProxySlow",percentile="p95"}`,
        0.2,
      );
      assert.ok(((await valueOf(`sum(${EDGE_SERIES.throughput}${labels})`)) ?? 0) > 0.1);
      const found = await prometheus.query(`count by (route) (${EDGE_SERIES.throughput})`);
      assert.deepEqual(found.map(({ labels: { route } }) => route).sort(), ["/", "/socket.io"]);

      // Its own refusals are there, and are no errors.
      const errors = async (): Promise<number | undefined> =>
        valueOf('sum(proxy_requests_total{code="5xx"})');
      const broken = 0.2 * asked;
      await eventually("all errors are counted", errors, (value) => value === broken);
      const denied = (await Promise.all(Array.from({ length: 120 }, () => send(proxy.httpPort, "/")))).filter(
        ({ status }) => status === 429,
      ).length;
      assert.ok(denied > 20);
      await eventually(
        "refusals are counted",
        () => valueOf('sum(proxy_refusals_total{status="429"})'),
        (value) => value === denied,
      );
      await eventually("a curve", () => valueOf(`sum(${EDGE_SERIES.refusals}{status="429"})`));
      assert.equal(await errors(), broken);
      // The budget of a month is summed by half hours.
      for (const panel of watched.panels.filter(({ id }) => id !== "proxy-budget-left")) {
        for (const { expr } of panel.queries) {
          await eventually(
            `${panel.title}: ${expr}`,
            () => prometheus.query(expr),
            ({ length }) => length > 0,
          );
        }
      }
    });

    it("are no more than the plan says, and all that the monitor keeps", async () => {
      const monitored = proxyAccessMetrics({ name: of.job, namespace: of.namespace });
      assert.ok(monitored.kind === "pods");
      const keep = new RegExp(`^(${(monitored.keep ?? []).join("|")})$`);
      const names = await prometheus.query(
        `count by (__name__) ({job="${accessOf(of).job}",__name__!~"slo:.*|proxy:.*"})`,
      );
      const kept = names.filter(({ labels }) => keep.test(labels["__name__"] ?? ""));
      const used = watched.rules.flatMap(({ expr }) => expr.match(/\bproxy_\w+/g) ?? []);
      for (const one of used) assert.ok(keep.test(one), one);
      const count = kept.reduce((sum, { value }) => sum + value, 0);
      const planned = accessSeries({ routes: 1, open: 1, buckets: BUCKETS.length }).value;
      assert.ok(count > 20 && count <= planned, `${count} of ${planned}`);
    });

    it("say when nobody is heard", async () => {
      const unmeasured = watched.alerts.find((alert) => alert.name === "ProxyUnmeasured");
      assert.ok(unmeasured !== undefined);
      // Of a proxy that is not scraped here nothing is said.
      assert.deepEqual(await prometheus.query(expressionOf(unmeasured)), []);
    });
  });
}
