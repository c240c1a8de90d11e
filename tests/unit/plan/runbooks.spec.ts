import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { isAddress, runbookOf, type Alert } from "../../../budget/monitoring/alert";
import { pageOf } from "../../../budget/monitoring/own-rules";
import { mapValues } from "../../../budget/core/own";
import { ROOT } from "../../../cli/paths";
import { shardNames } from "../../../components/database/mongodb/percona-resource";
import { planMonitoring, type MonitoringInputs } from "../../../plan/plan-monitoring";
import { DATABASE_NAME } from "../../../plan/plan-database";
import { planStack } from "../../../plan/plan-stack";
import { USUAL_WATCHERS } from "../../../plan/watch-nouns";
import { CATALOGUE } from "../../../product/data-model/catalogue";
import { namedObjects } from "../../../stacks/stack-file/object-names";
import type { StackConfig } from "../../../stacks/stack-file/config";
import { shippedConfig } from "../../helpers/preview";
import { checkRules } from "../../helpers/promtool";

const FOLDER = join(ROOT, "docs/runbooks");
const PAGES = readdirSync(FOLDER).filter((file) => file !== "README.md");

/** Production with each proxy, and with forecasts. */
const STACKS = (["nginx", "haproxy"] as const).map((proxy): StackConfig => {
  const production = shippedConfig("production");
  assert.ok(production.loadBalancer !== undefined);
  return {
    ...production,
    loadBalancer: { ...production.loadBalancer, proxy },
    services: mapValues(production.services, (service) => ({
      ...service,
      autoscaling: { ...service.autoscaling, forecast: { mode: "on" as const } },
    })),
  };
});

function alertsOf(stack: StackConfig): readonly Alert[] {
  const inputs: MonitoringInputs = { ...stack, dataModel: CATALOGUE };
  return planMonitoring(inputs, planStack(inputs), { ...USUAL_WATCHERS, restores: true }).alerts;
}

const ALERTS = STACKS.flatMap(alertsOf);

/** Pages of docs/runbooks that alerts lead to; those of a stack's own may be elsewhere. */
const LED_TO = [...new Set(ALERTS.map(pageOf))].filter((page) => !isAddress(page));

const read = (page: string): string => readFileSync(join(FOLDER, page), "utf8");

/** Lines of the shell, without comments. */
function commandsOf(page: string): string[] {
  return Array.from(read(page).matchAll(/```bash\n(.*?)```/gs), ([, text = ""]) => text.split("\n"))
    .flat()
    .filter((line) => line !== "" && !line.startsWith("#"));
}

const KINDS: Readonly<Record<string, string>> = {
  deployment: "Deployment",
  statefulset: "StatefulSet",
  service: "Service",
  hpa: "HorizontalPodAutoscaler",
  scaledobject: "ScaledObject",
  networkpolicy: "NetworkPolicy",
  configmap: "ConfigMap",
  secret: "Secret",
  pdb: "PodDisruptionBudget",
  prometheusrule: "PrometheusRule",
  psmdb: "PerconaServerMongoDB",
};

describe("runbooks", () => {
  it("are there for each alert", () => {
    const missing = LED_TO.filter((page) => !PAGES.includes(page));
    assert.deepEqual(missing, []);
  });

  it("are about an alert each", () => {
    assert.deepEqual(
      PAGES.filter((page) => !LED_TO.includes(page)),
      [],
    );
    for (const { name, runbook } of ALERTS)
      if (runbook === undefined) assert.ok(read(runbookOf({ name })).startsWith(`# ${name}\n`), name);
  });

  it("have all sections, and three commands", () => {
    for (const page of PAGES) {
      const text = read(page);
      const headings = Array.from(text.matchAll(/^## (.*)$/gm), ([, heading]) => heading);
      assert.deepEqual(
        headings,
        ["First three commands", "Likely causes", "Fix", "Silence"],
        `${page}: sections`,
      );
      assert.ok(text.includes("\n**Users notice:** "), page);
      assert.equal(commandsOf(page).length, 3, page);
    }
  });

  it("name objects that the stack has", () => {
    const [stack] = STACKS;
    assert.ok(stack !== undefined);
    const objects = (["nginx", "haproxy"] as const).flatMap((proxy) =>
      namedObjects({
        services: Object.keys(stack.services),
        caches: stack.caches,
        database: stack.database?.kind,
        proxy,
        givenSecrets: [],
      }),
    );
    // What the database's operator makes of the object that the stack has.
    const operators = [...shardNames(1), "mongos"].map((part) => `${DATABASE_NAME}-${part}`);
    const isThere = (kind: string, name: string): boolean =>
      objects.some((object) => object.kind === kind && object.name === name) ||
      (kind === "StatefulSet" && operators.includes(name));
    for (const page of PAGES) {
      const text = read(page);
      for (const [, kind = "", name = ""] of text.matchAll(/\b([a-z]+)\/([a-z][-a-z0-9]+)\b(?!\.md)/g)) {
        const known = KINDS[kind];
        if (known !== undefined) assert.ok(isThere(known, name), `${page}: ${kind}/${name}`);
      }
      for (const [, name = ""] of text.matchAll(/-l app=([-a-z0-9]+)/g))
        assert.ok(isThere("workload", name), `${page}: app=${name}`);
      for (const [, name = ""] of text.matchAll(/service-name=([-a-z0-9]+)/g))
        assert.ok(isThere("Service", name), `${page}: ${name}`);
      for (const [, namespace] of text.matchAll(/ -n ([-a-z0-9]+)/g))
        assert.equal(namespace, stack.cluster.namespace, page);
    }
  });

  it("are in the index by the highest tier of their alert", () => {
    const [, index = ""] = read("README.md").split("\n## Index\n");
    const tiers = index.split("\n## ")[0]?.split(/^\*\*(P\d)\*\*$/m) ?? [];
    const listed = new Map(
      [1, 3, 5].flatMap((at) =>
        Array.from(
          (tiers[at + 1] ?? "").matchAll(/\]\(([^)]+)\)/g),
          ([, page]) => [page, tiers[at]] as const,
        ),
      ),
    );
    for (const page of PAGES) {
      const [highest] = ALERTS.filter((alert) => pageOf(alert) === page)
        .map(({ tier }) => tier)
        .sort();
      assert.equal(listed.get(page), highest, page);
    }
  });

  it("have reviews whose queries Prometheus understands", () => {
    const [, reviews = ""] = read("README.md").split("\n## Reviews\n");
    const queries = Array.from(reviews.matchAll(/^\|(?:[^|]*\|){3} *`([^`]+)`/gm), ([, query = ""]) => query);
    assert.ok(queries.length > 10);
    assert.equal(
      checkRules(
        JSON.stringify({
          groups: [{ name: "reviews", rules: queries.map((expr, at) => ({ record: `review:${at}`, expr })) }],
        }),
      ),
      "",
    );
  });

  it("link to pages that are there", () => {
    for (const page of PAGES) {
      for (const [, link = ""] of read(page).matchAll(/\]\(([^)]+)\)/g))
        assert.ok(PAGES.includes(link), link);
    }
  });

  it("say nothing twice", () => {
    const seen = new Map<string, string>();
    for (const page of PAGES) {
      for (const paragraph of read(page).split("\n\n")) {
        if (paragraph.length < 60) continue;
        assert.equal(seen.get(paragraph), undefined, `${page}: ${paragraph}`);
        seen.set(paragraph, page);
      }
    }
  });
});
