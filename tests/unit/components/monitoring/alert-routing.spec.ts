import assert from "node:assert/strict";

import { parse } from "yaml";

import type { Routing } from "../../../../budget/monitoring/routing";
import { AlertRouting, type AlertRoutingArgs } from "../../../../components/monitoring/alert-routing";
import { record, type Recording } from "../../../helpers/pulumi";

const routing: Routing = {
  receivers: {
    pager: { kind: "pagerduty", secret: "pager" },
    team: { kind: "slack", secret: "slack", key: "team", channel: "#team" },
    mail: {
      kind: "email",
      to: "team@example.org",
      from: "alerts@example.org",
      smarthost: "smtp.example.org:587",
      username: "alerts",
      secret: "smtp",
    },
  },
  tiers: { P0: ["pager", "team"], P1: ["team"], P2: ["mail"] },
  deadMansSwitch: { secret: "heartbeat" },
};

interface Config {
  readonly receivers: readonly (Record<string, readonly Record<string, unknown>[]> & {
    readonly name: string;
  })[];
}

function build(change: Partial<AlertRoutingArgs> = {}): Promise<Recording> {
  return record(() => new AlertRouting("alert-routing", { namespace: "monitoring", routing, ...change }));
}

/** The engine keeps the content of a Secret encrypted. */
function contentOf(recording: Recording): Readonly<Record<string, string>> {
  const { inputs } = recording.only("kubernetes:core/v1:Secret");
  return (inputs["stringData"] as { readonly value: Readonly<Record<string, string>> }).value;
}

describe("AlertRouting", () => {
  it("makes one Secret with Alertmanager's file, where the operator looks for it", async () => {
    const recording = await build();
    const { inputs } = recording.only("kubernetes:core/v1:Secret");
    const { name, namespace } = inputs["metadata"] as Record<string, unknown>;
    assert.deepEqual([name, namespace], ["alert-routing", "monitoring"]);
    assert.deepEqual(Object.keys(contentOf(recording)), ["alertmanager.yaml"]);
  });

  it("takes another name", async () => {
    const { inputs } = (await build({ secretName: "alertmanager" })).only("kubernetes:core/v1:Secret");
    assert.equal((inputs["metadata"] as Record<string, unknown>)["name"], "alertmanager");
  });

  it("leaves every credential in its Secret", async () => {
    const file = contentOf(await build())["alertmanager.yaml"] ?? "";
    const { receivers } = parse(file) as Config;
    const files = receivers.flatMap(({ name, ...kinds }) =>
      Object.values(kinds).flatMap((entries) =>
        entries.flatMap((entry) =>
          Object.entries(entry).flatMap(([key, value]) =>
            key.endsWith("_file") ? [`${name} ${key} ${String(value)}`] : [],
          ),
        ),
      ),
    );
    assert.deepEqual(files, [
      "P0 routing_key_file /etc/alertmanager/secrets/pager/routing-key",
      "P0 api_url_file /etc/alertmanager/secrets/slack/team",
      "P1 api_url_file /etc/alertmanager/secrets/slack/team",
      "P2 auth_password_file /etc/alertmanager/secrets/smtp/password",
      "dead-mans-switch url_file /etc/alertmanager/secrets/heartbeat/url",
    ]);
    assert.doesNotMatch(file, /\b(api_url|routing_key|api_key|auth_password|url): /);
  });

  it("says what Alertmanager has to mount", async () => {
    await record(() => {
      const made = new AlertRouting("alert-routing", { namespace: "monitoring", routing });
      assert.deepEqual(made.mountedSecrets, ["heartbeat", "pager", "slack", "smtp"]);
      return made;
    });
  });

  it("is refused with what is wrong and where it is in the stack file", async () => {
    const wrong = { ...routing, tiers: { P0: ["pagr"] } };
    await assert.rejects(
      async () => build({ routing: wrong, configKey: "retrofitlink:monitoring.routing" }),
      /AlertRouting "alert-routing" cannot be built:\n {2}- retrofitlink:monitoring\.routing\.tiers\.P0\[0\]: got "pagr".*Did you mean "pager"\?/,
    );
  });
});
