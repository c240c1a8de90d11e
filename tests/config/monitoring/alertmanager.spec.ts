import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { stringify } from "yaml";

import type { Tier } from "../../../budget/monitoring/alert";
import { planRedis } from "../../../budget/caching/plan-redis";
import { watchCache } from "../../../budget/caching/watched";
import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import { alertRule } from "../../../budget/monitoring/rule-groups";
import { WEEKDAYS } from "../../../budget/core/weekdays";
import type { Routing } from "../../../budget/monitoring/routing";
import { alertmanagerConfig, type Pace } from "../../../components/monitoring/alertmanager-config";
import {
  amtool,
  startAlertmanager,
  withInlineUrls,
  type AlertmanagerProcess,
  type ToldAlert,
} from "../../helpers/alertmanager-process";
import { startMailServer, startWebhook, type Notification, type Sink } from "../../helpers/alert-receivers";
import { eventually } from "../../helpers/eventually";
import { startPrometheusIn } from "../../helpers/prometheus-process";

const LEAST: Routing = { receivers: { "on-call": { kind: "webhook", secret: "on-call" } } };

/** Every kind of receiver, with all that may be said and with as little as may be. */
const FULL: Routing = {
  receivers: {
    pager: { kind: "pagerduty", secret: "pager" },
    genie: { kind: "opsgenie", secret: "genie", key: "key", region: "eu" },
    team: { kind: "slack", secret: "slack", key: "team", channel: "#team" },
    shop: { kind: "slack", secret: "slack", key: "shop" },
    mail: {
      kind: "email",
      to: "team@example.org",
      from: "alerts@example.org",
      smarthost: "smtp.example.org:587",
      username: "alerts",
      secret: "smtp",
    },
    relay: {
      kind: "email",
      to: "team@example.org",
      from: "alerts@example.org",
      smarthost: "relay:25",
      requireTls: false,
    },
    hook: { kind: "webhook", secret: "hook", key: "address" },
  },
  tiers: { P0: ["pager", "genie", "team"], P1: ["team", "shop", "hook"], P2: ["mail", "relay"] },
  businessHours: { timeZone: "Europe/Berlin", days: ["saturday", "sunday"], from: "10:00", to: "24:00" },
  deadMansSwitch: { secret: "heartbeat" },
};

const ROUTINGS: Readonly<Record<string, Routing>> = {
  "the least": LEAST,
  "every kind of receiver": FULL,
  "a tier that falls to the one above": { ...FULL, tiers: { P0: ["pager"], P2: ["mail"] } },
};

const EXAMPLE_URL = "https://alerts.example.org/in";

async function inFile<T>(routing: Routing, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "alert-routing-"));
  try {
    const file = join(folder, "alertmanager.yaml");
    await writeFile(
      file,
      withInlineUrls(alertmanagerConfig(routing), () => EXAMPLE_URL),
    );
    return await use(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("Alertmanager's file, judged by amtool", () => {
  for (const [name, routing] of Object.entries(ROUTINGS)) {
    it(`is sound with ${name}`, async () => {
      assert.match(await inFile(routing, (file) => amtool("check-config", file)), /SUCCESS/);
    });
  }

  const ways: readonly [labels: string, receiver: string][] = [
    ["tier=P0 noun=service service=backend", "P0"],
    ["tier=P1 noun=cache", "P1"],
    ["tier=P2 noun=database severity=critical", "P2"],
    ["alertname=KubeAPIDown severity=critical", "P0"],
    ["alertname=SomethingElse severity=error", "P1"],
    ["alertname=KubePodCrashLooping severity=warning", "P2"],
    ["alertname=CPUThrottlingHigh severity=info", "nobody"],
    ["alertname=InfoInhibitor severity=none", "nobody"],
    ["alertname=SomebodysOwn team=shop", "P1"],
    ["alertname=Watchdog severity=none", "dead-mans-switch"],
    ["alertname=Watchdog tier=P0", "dead-mans-switch"],
  ];
  for (const [labels, receiver] of ways) {
    it(`leads ${labels} to ${receiver}`, async () => {
      const test = (file: string): Promise<string> =>
        amtool("config", "routes", "test", `--config.file=${file}`, ...labels.split(" "));
      assert.equal((await inFile(FULL, test)).trim(), receiver);
    });
  }

  it("tells nobody of the Watchdog where no one is called by it", async () => {
    const test = (file: string): Promise<string> =>
      amtool("config", "routes", "test", `--config.file=${file}`, "alertname=Watchdog", "severity=none");
    assert.equal((await inFile(LEAST, test)).trim(), "nobody");
  });
});

const FAST: Pace = { waitSeconds: 1, intervalSeconds: 1, repeatSeconds: 3600 };
const PACES = {
  P0: FAST,
  P1: FAST,
  P2: FAST,
  "dead-mans-switch": { waitSeconds: 0, intervalSeconds: 1, repeatSeconds: 1 },
};

const NOW = new Date();
/** Of UTC, which is the time zone of the tests' hours. */
const TODAY = WEEKDAYS[(NOW.getUTCDay() + 6) % 7] ?? "monday";
const TOMORROW = WEEKDAYS[NOW.getUTCDay()] ?? "monday";
const ALL_DAY = { timeZone: "UTC", from: "00:00", to: "24:00" } as const;

/** Open whatever the clock says, for midnight may come while a test runs. */
const OPEN = { ...ALL_DAY, days: [TODAY, TOMORROW] };
const CLOSED = { ...ALL_DAY, days: WEEKDAYS.filter((day) => day !== TODAY && day !== TOMORROW) };

function alert(alertname: string, tier: Tier, labels: Readonly<Record<string, string>>): ToldAlert {
  return {
    labels: { alertname, tier, namespace: "shop", ...labels },
    annotations: {
      summary: `${alertname} of the shop`,
      description: "Users wait for offers.",
      runbook_url: `https://runbooks.example.org/${alertname}.md`,
      dashboard_url: "https://grafana.example.org/d/performance",
    },
  };
}

const ofService = (service: string): Readonly<Record<string, string>> => ({ noun: "service", service });

describe("a real Alertmanager", function () {
  this.timeout(120_000);

  let webhook: Sink<Notification & { readonly path: string }>;
  let mail: Sink<string>;
  let running: AlertmanagerProcess[] = [];

  before(async () => {
    webhook = await startWebhook();
    mail = await startMailServer();
  });

  afterEach(async () => {
    await Promise.all(running.map((one) => one.stop()));
    running = [];
  });

  after(async () => {
    await webhook.stop();
    await mail.stop();
  });

  /** Each tier by a path of its own, P2 by mail as well. @param test the paths' first part */
  async function start(test: string, businessHours: Routing["businessHours"]): Promise<AlertmanagerProcess> {
    const url = (tier: string): string => `http://127.0.0.1:${webhook.port}/${test}/${tier}`;
    const hook = (key: string): Routing["receivers"][string] => ({ kind: "webhook", secret: "hooks", key });
    const started = await startAlertmanager(
      {
        receivers: {
          pager: hook("P0"),
          team: hook("P1"),
          backlog: hook("P2"),
          mail: {
            kind: "email",
            to: "team@example.org",
            from: "alerts@example.org",
            smarthost: `127.0.0.1:${mail.port}`,
            requireTls: false,
          },
        },
        tiers: { P0: ["pager"], P1: ["team"], P2: ["backlog", "mail"] },
        businessHours,
        deadMansSwitch: { secret: "hooks", key: "heartbeat" },
      },
      { hooks: { P0: url("P0"), P1: url("P1"), P2: url("P2"), heartbeat: url("heartbeat") } },
      PACES,
    );
    running.push(started);
    return started;
  }

  /** Names of the alerts that came by a path, each once. */
  const told = (path: string): string[] => {
    const came = webhook.messages.filter((message) => message.path === path);
    const names = came.flatMap(({ alerts }) => alerts.map(({ labels }) => labels["alertname"] ?? ""));
    return [...new Set(names)].sort();
  };
  const arrives = (path: string, ...names: readonly string[]): Promise<unknown> =>
    eventually(
      `${path} is told ${names.join(", ")}`,
      () => told(path),
      (found) => names.every((name) => found.includes(name)),
    );

  it("tells each tier to its own receivers, with what a person needs to begin", async () => {
    const alertmanager = await start("tiers", OPEN);
    await alertmanager.tell(
      alert("ErrorsFast", "P0", ofService("backend")),
      alert("CacheFull", "P1", { noun: "cache" }),
      alert("DiskFills", "P2", { noun: "database" }),
    );
    await arrives("/tiers/P0", "ErrorsFast");
    await arrives("/tiers/P1", "CacheFull");
    await arrives("/tiers/P2", "DiskFills");
    assert.deepEqual(
      ["P0", "P1", "P2"].flatMap((tier) => told(`/tiers/${tier}`)),
      ["ErrorsFast", "CacheFull", "DiskFills"],
    );
    const [first] = webhook.messages.filter(({ path }) => path === "/tiers/P0");
    assert.deepEqual(first?.alerts[0]?.annotations, alert("ErrorsFast", "P0", {}).annotations);
    const [letter = ""] = await eventually(
      "a mail arrives",
      () => mail.messages,
      ({ length }) => length > 0,
    );
    assert.match(letter, /^RCPT TO:<team@example\.org>/m);
    assert.match(letter, /^Subject: P2 firing: DiskFills in shop$/m);
    const text = letter.replaceAll("=\n", "").replaceAll("=3D", "=");
    for (const part of [
      "DiskFills of the shop",
      "Impact: Users wait for offers.",
      "Tier: P2",
      "Runbook: https://runbooks.example.org/DiskFills.md",
      "Dashboard: https://grafana.example.org/d/performance",
    ]) {
      assert.ok(text.split("\n").includes(part), `${part} in\n${text}`);
    }
  });

  it("does not tell what a more urgent alert of the same thing says already", async () => {
    const alertmanager = await start("same", OPEN);
    // The silencing ones first: what is told at once with them may be looked at before them.
    await alertmanager.tell(
      alert("BackendDown", "P0", ofService("backend")),
      alert("CacheSlow", "P1", { noun: "cache" }),
    );
    await alertmanager.tell(
      alert("BackendSlow", "P1", ofService("backend")),
      alert("BackendGrows", "P2", ofService("backend")),
      alert("MatchingSlow", "P1", ofService("matching")),
      alert("MatchingGrows", "P2", ofService("matching")),
      alert("CacheGrows", "P2", { noun: "cache" }),
      alert("DiskFills", "P2", { noun: "database" }),
      alert("BackendElsewhere", "P1", { ...ofService("backend"), namespace: "staging" }),
    );
    await arrives("/same/P0", "BackendDown");
    await arrives("/same/P1", "CacheSlow", "MatchingSlow", "BackendElsewhere");
    await arrives("/same/P2", "DiskFills");
    const held = ["BackendGrows", "BackendSlow", "CacheGrows", "MatchingGrows"];
    assert.deepEqual(await alertmanager.inhibited(), held);
    // Two more rounds of every group.
    await sleep(2000);
    const all = ["P0", "P1", "P2"].flatMap((tier) => told(`/same/${tier}`));
    assert.deepEqual(all, ["BackendDown", "BackendElsewhere", "CacheSlow", "MatchingSlow", "DiskFills"]);
  });

  it("tells of the service that fails, and not also that its proxy answers with errors", async () => {
    const alertmanager = await start("edge", OPEN);
    const atProxy = (service: string): Record<string, string> => ({ noun: "proxy", service });
    await alertmanager.tell(alert("BackendErrors", "P0", ofService("backend")));
    await alertmanager.tell(
      alert("BackendErrorsAtProxy", "P0", atProxy("backend")),
      alert("MatchingErrorsAtProxy", "P0", atProxy("matching")),
      alert("ProxyAway", "P0", { noun: "proxy" }),
    );
    await arrives("/edge/P0", "BackendErrors", "MatchingErrorsAtProxy", "ProxyAway");
    assert.deepEqual(await alertmanager.inhibited(), ["BackendErrorsAtProxy"]);
  });

  it("takes two caches for two things, by the labels that their rules have", async () => {
    const alertmanager = await start("caches", OPEN);
    const of = (job: string, name: string): ToldAlert => {
      const plan = planRedis({ cache: job, purpose: "cache", standby: true, workingSetMiB: 512 });
      const workload = { namespace: "shop", job };
      const { alerts } = watchCache({ workload, key: "", purpose: "cache", plan, budget: DEFAULT_BUDGET });
      const found = alerts.find((one) => one.name === name);
      assert.ok(found !== undefined, name);
      const { labels } = alertRule(found, { runbooks: "" }) as Pick<ToldAlert, "labels">;
      return alert(name, found.tier, labels);
    };
    await alertmanager.tell(of("one", "RedisDown"));
    await arrives("/caches/P0", "RedisDown");
    await alertmanager.tell(of("one", "RedisMemberDown"), of("two", "RedisMemberDown"));
    await arrives("/caches/P1", "RedisMemberDown");
    await sleep(2000);
    assert.deepEqual(await alertmanager.inhibited(), ["RedisMemberDown"]);
    const caches = webhook.messages
      .filter(({ path }) => path === "/caches/P1")
      .flatMap(({ alerts }) => alerts.map(({ labels }) => labels["cache"]));
    assert.deepEqual([...new Set(caches)], ["two"]);
  });

  it("tells of the door that is shut, not of the services behind it", async () => {
    const alertmanager = await start("door", OPEN);
    // One that is not urgent keeps nothing back.
    await alertmanager.tell(
      alert("ClusterFills", "P2", { noun: "cluster", scope: "cluster", namespace: "kube-system" }),
    );
    await alertmanager.tell(alert("OffersSlow", "P1", ofService("offers")));
    await arrives("/door/P2", "ClusterFills");
    await arrives("/door/P1", "OffersSlow");
    await alertmanager.tell(
      alert("DoorShut", "P0", { noun: "proxy", scope: "ingress", namespace: "ingress" }),
    );
    await alertmanager.tell(
      alert("BackendDown", "P0", ofService("backend")),
      alert("MatchingSlow", "P1", ofService("matching")),
      alert("CacheDown", "P0", { noun: "cache" }),
    );
    await arrives("/door/P0", "DoorShut", "CacheDown");
    assert.deepEqual(await alertmanager.inhibited(), ["BackendDown", "MatchingSlow", "OffersSlow"]);
    await sleep(2000);
    assert.deepEqual(told("/door/P0"), ["CacheDown", "DoorShut"]);
    assert.deepEqual(told("/door/P1"), ["OffersSlow"]);
  });

  it("holds P2 back outside business hours, and nothing else", async () => {
    const alertmanager = await start("night", CLOSED);
    await alertmanager.tell(
      alert("DiskFills", "P2", { noun: "database" }),
      alert("CacheFull", "P1", { noun: "cache" }),
      { labels: { alertname: "KubePodCrashLooping", severity: "warning", namespace: "shop" } },
      { labels: { alertname: "KubeAPIDown", severity: "critical", namespace: "default" } },
    );
    await arrives("/night/P1", "CacheFull");
    await arrives("/night/P0", "KubeAPIDown");
    await sleep(2000);
    assert.deepEqual(told("/night/P2"), []);
  });

  it("calls the dead man's switch again and again, and nobody else", async () => {
    const alertmanager = await start("watch", OPEN);
    await alertmanager.tell({ labels: { alertname: "Watchdog", severity: "none" } });
    await eventually(
      "the heartbeat has come three times",
      () => webhook.messages.filter(({ path }) => path === "/watch/heartbeat").length,
      (count) => count >= 3,
      { withinMs: 20_000 },
    );
    assert.deepEqual(
      ["P0", "P1", "P2"].flatMap((tier) => told(`/watch/${tier}`)),
      [],
    );
  });

  it("is told by a real Prometheus, from the rule to the person", async () => {
    const alertmanager = await start("whole", OPEN);
    const folder = await mkdtemp(join(tmpdir(), "prometheus-alerting-"));
    const { annotations } = alert("ErrorsFast", "P0", {});
    const rule = {
      alert: "ErrorsFast",
      expr: 'label_replace(vector(7), "service", "backend", "", "") > 5',
      labels: { tier: "P0", noun: "service" },
      annotations: { ...annotations, summary: "{{ $labels.service }} has {{ $value }} errors" },
    };
    const files: Readonly<Record<string, object>> = {
      "rules.yaml": { groups: [{ name: "test", rules: [rule] }] },
      "prometheus.yaml": {
        global: { evaluation_interval: "1s", external_labels: { cluster: "test" } },
        rule_files: ["rules.yaml"],
        alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager.address] }] }] },
      },
    };
    for (const [file, content] of Object.entries(files))
      await writeFile(join(folder, file), stringify(content));
    // Alertmanagers are known some seconds after the first evaluation.
    const prometheus = await startPrometheusIn(folder, "--rules.alert.resend-delay=1s");
    try {
      await eventually(
        "the alert arrives",
        () => told("/whole/P0"),
        (found) => found.includes("ErrorsFast"),
        { withinMs: 30_000 },
      );
    } finally {
      await prometheus.stop();
    }
    const [first] = webhook.messages.filter(({ path }) => path === "/whole/P0");
    const [one] = first?.alerts ?? [];
    assert.equal(one?.annotations["summary"], "backend has 7 errors");
    assert.equal(one?.annotations["runbook_url"], "https://runbooks.example.org/ErrorsFast.md");
    assert.equal(one?.labels["cluster"], "test");
  });
});
