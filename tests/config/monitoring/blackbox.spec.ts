/** The public address, asked by the real blackbox exporter with the rendered file, and told to a real Prometheus. */
import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { createServer as createPlain, type RequestListener, type Server } from "node:http";
import { createServer } from "node:https";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { PUBLIC_ADDRESS_JOB, watchAddress } from "../../../budget/load-balancing/watched";
import { expressionOf } from "../../../budget/monitoring/alert";
import { freePort } from "../../../cli/free-port";
import { blackboxArgs, blackboxConfig } from "../../../components/monitoring/blackbox-exporter";
import { monitorSpec } from "../../../components/monitoring/monitors";
import { answers } from "../../../sandbox/monitoring/child";
import { makeCertificate, type TestCertificate } from "../../helpers/certificates";
import { eventually } from "../../helpers/eventually";
import { startPrometheusIn, type PrometheusProcess } from "../../helpers/prometheus-process";
import { startInFolder } from "../../helpers/program-with-folder";
import { deployedProgram } from "../../helpers/programs";

const NAMESPACE = "retrofitlink";

const WATCHED = watchAddress({ namespace: NAMESPACE, tls: true });

/** Alerts whose condition holds now, as `name (labels)`. */
const conditions = WATCHED.alerts.map((alert) => ({
  name: `${alert.name}${alert.labels?.["days"] === undefined ? "" : ` ${alert.labels["days"]}`}`,
  expr: expressionOf(alert),
}));

describe("probes of the public address", function () {
  this.timeout(60_000);
  let certificate: TestCertificate;
  let exporter: string;
  let prometheus: PrometheusProcess;
  let answer = 200;
  const servers: Server[] = [];
  const stops: (() => Promise<void>)[] = [];

  const listening = async (server: Server): Promise<number> => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };

  before(async () => {
    certificate = await makeCertificate("localhost");
    const files = { key: await readFile(certificate.key), cert: await readFile(certificate.certificate) };
    const handler: RequestListener = (request, response) => {
      if (request.url === "/away") response.writeHead(302, { location: plainUrl }).end();
      else response.writeHead(answer).end();
    };
    const encrypted = await listening(createServer(files, handler));
    const plain = await listening(createPlain((_, response) => response.end("ok")));
    const plainUrl = `http://localhost:${plain}/`;

    const folder = await mkdtemp(join(tmpdir(), "blackbox-"));
    const file = join(folder, "blackbox.yml");
    // The certificate of this test is signed by itself.
    await writeFile(file, blackboxConfig({ ca: certificate.certificate }));
    const port = await freePort();
    exporter = `127.0.0.1:${port}`;
    stops.push(
      await startInFolder(folder, {
        name: "the blackbox exporter",
        command: deployedProgram("blackbox"),
        args: blackboxArgs(file, exporter),
        isReady: () => answers(`http://${exporter}/-/healthy`),
      }),
    );
    const addresses = [`https://localhost:${encrypted}/`, `https://localhost:${encrypted}/away`, plainUrl];
    prometheus = await startPrometheusIn(await prometheusFolder(addresses));
    stops.push(() => prometheus.stop());
  });
  after(async () => {
    for (const stop of stops.reverse()) await stop();
    for (const server of servers) server.close().closeAllConnections();
    await certificate.stop();
  });

  /** As the operator makes a scrape configuration of the Probe. */
  async function prometheusFolder(addresses: readonly string[]): Promise<string> {
    const { spec } = monitorSpec({
      kind: "probe",
      job: PUBLIC_ADDRESS_JOB,
      namespace: NAMESPACE,
      addresses,
      prober: exporter,
    });
    const probe = spec as {
      jobName: string;
      module: string;
      prober: { path: string; url: string };
      targets: { staticConfig: { static: string[]; labels: Record<string, string> } };
    };
    const folder = await mkdtemp(join(tmpdir(), "probes-"));
    await writeFile(
      join(folder, "prometheus.yaml"),
      JSON.stringify({
        global: { scrape_interval: "1s", scrape_timeout: "1s" },
        scrape_configs: [
          {
            job_name: probe.jobName,
            metrics_path: probe.prober.path,
            params: { module: [probe.module] },
            static_configs: [
              { targets: probe.targets.staticConfig.static, labels: probe.targets.staticConfig.labels },
            ],
            relabel_configs: [
              { source_labels: ["__address__"], target_label: "__param_target" },
              { source_labels: ["__param_target"], target_label: "instance" },
              { target_label: "__address__", replacement: probe.prober.url },
            ],
          },
        ],
      }),
    );
    return folder;
  }

  async function results(query: string): Promise<{ metric: Record<string, string>; value: number }[]> {
    const { result } = await prometheus.ask<{
      readonly result: readonly { metric: Record<string, string>; value: [number, string] }[];
    }>(`query?query=${encodeURIComponent(query)}`);
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  /** Path or port of an address by which a probe is known here. */
  const success = async (end: string): Promise<number | undefined> =>
    (await results(`probe_success{job="${PUBLIC_ADDRESS_JOB}",namespace="${NAMESPACE}"}`)).find(
      ({ metric }) => metric["instance"]?.endsWith(end) === true && metric["instance"].startsWith("https"),
    )?.value;

  it("succeed over TLS alone, also behind a redirect", async () => {
    await eventually(
      "the address answers",
      () => success("/"),
      (value) => value === 1,
    );
    await eventually(
      "a redirect to plain HTTP fails",
      () => success("/away"),
      (value) => value === 0,
    );
    // Each address is asked at a moment of its own.
    await eventually(
      "plain HTTP fails",
      () => results(`probe_success{instance=~"http://.*"}`),
      (plain) => plain.length === 1 && plain[0]?.value === 0,
    );
  });

  it("tell how long the certificate lasts, of which nobody is told in time", async () => {
    const [left] = await results(
      `(probe_ssl_earliest_cert_expiry{instance=~"https://.*/"} - time()) / 86400`,
    );
    assert.ok(left !== undefined && left.value > 0, JSON.stringify(left));
    for (const { name, expr } of conditions.filter((one) => one.name.startsWith("Certificate"))) {
      const days = Number(name.split(" ")[1]);
      assert.equal((await results(expr)).length > 0, left.value < days, name);
    }
  });

  it("fail when the answer is an error, and are noticed", async () => {
    const down = conditions.find(({ name }) => name === "PublicAddressDown");
    assert.ok(down !== undefined);
    const noticed = async (): Promise<boolean> =>
      (await results(down.expr)).some(({ metric }) => /https:.*\d\/$/.test(metric["instance"] ?? ""));
    assert.equal(await noticed(), false);
    answer = 503;
    await eventually("it is noticed", noticed);
    answer = 200;
    await eventually("it is over", noticed, (now) => !now);
  });

  it("give the panel a figure", async () => {
    for (const { queries } of WATCHED.panels) {
      for (const { expr } of queries) assert.ok((await results(expr)).length > 0, expr);
    }
  });
});
