import assert from "node:assert/strict";

import { issueText, issuesOf, pathText } from "../../../../budget/core/issues";
import {
  completeRouting,
  routingIssues,
  routingSecrets,
  routingSettings,
  type Routing,
} from "../../../../budget/monitoring/routing";

const onCall = { kind: "slack", secret: "slack" } as const;
const least: Routing = { receivers: { "on-call": onCall } };
const two: Routing = { receivers: { "on-call": onCall, "team-channel": { ...onCall, channel: "#team" } } };
const mail = {
  kind: "email",
  to: "team@example.org",
  from: "alerts@example.org",
  smarthost: "smtp.example.org:587",
} as const;

/** What is wrong with what a user wrote, whatever its types. */
const said = (routing: unknown): string[] =>
  routingIssues(routing as Routing).map((one) => `${pathText(one.path)}: ${issueText(one)}`);

describe("a routing of alerts", () => {
  it("is complete with one receiver", () => {
    assert.deepEqual(said(least), []);
    const { tiers, businessHours, deadMansSwitch } = completeRouting(least);
    assert.deepEqual(tiers, { P0: ["on-call"], P1: ["on-call"], P2: ["on-call"] });
    assert.deepEqual(businessHours, {
      timeZone: "UTC",
      days: ["monday", "tuesday", "wednesday", "thursday", "friday"],
      from: "09:00",
      to: "17:00",
    });
    assert.equal(deadMansSwitch, undefined);
  });

  it("tells a tier that names nobody to who is told of the one above", () => {
    const routing: Routing = { ...two, tiers: { P0: ["on-call"], P2: ["team-channel"] } };
    assert.deepEqual(said(routing), []);
    assert.deepEqual(completeRouting(routing).tiers, {
      P0: ["on-call"],
      P1: ["on-call"],
      P2: ["team-channel"],
    });
  });

  it("names each Secret to mount once", () => {
    const receivers = {
      ...two.receivers,
      mail: { ...mail, username: "alerts", secret: "smtp" },
      relay: mail,
    };
    assert.deepEqual(routingSecrets({ receivers, deadMansSwitch: { secret: "heartbeat" } }), [
      "heartbeat",
      "slack",
      "smtp",
    ]);
  });

  const wrong: readonly [name: string, routing: unknown, said: readonly RegExp[]][] = [
    ["no receiver", { receivers: {} }, [/^receivers: .*at least one receiver/]],
    [
      "a receiver that is nearly there",
      { ...two, tiers: { P0: ["on-cal"] } },
      [/^tiers\.P0\[0\]: got "on-cal"; allowed is one of on-call, team-channel\. Did you mean "on-call"\?$/],
    ],
    [
      "a receiver that is not there",
      { ...two, tiers: { P0: ["somebody-else"] } },
      [/^tiers\.P0\[0\]: .*one of on-call, team-channel\. Add it to `receivers`/],
    ],
    [
      "two receivers and no tiers",
      two,
      [/^tiers\.P0: got nothing; .*on-call, team-channel\.$/, /^tiers\.P1/, /^tiers\.P2/],
    ],
    ["a tier of nobody", { ...least, tiers: { P2: [] } }, [/^tiers\.P2: got a list, \[\]; /]],
    [
      "a tier that does not exist",
      { ...least, tiers: { P3: ["on-call"] } },
      [/^tiers\.P3: .*one of P0, P1, P2\. Did you mean/],
    ],
    [
      "a time zone that does not exist",
      { ...least, businessHours: { timeZone: "Europe/Nowhere" } },
      [/^businessHours\.timeZone: got "Europe\/Nowhere"; .*IANA/],
    ],
    [
      "hours that end when they begin",
      { ...least, businessHours: { from: "17:00" } },
      [/^businessHours\.to: .*a time later than `from`/],
    ],
    [
      "a time without a zero",
      { ...least, businessHours: { from: "9:00" } },
      [/^businessHours\.from: got "9:00"/],
    ],
    ["no day", { ...least, businessHours: { days: [] } }, [/^businessHours\.days: /]],
    [
      "a day in short",
      { ...least, businessHours: { days: ["mon"] } },
      [/^businessHours\.days\[0\]: got "mon"; .*"monday"/],
    ],
    [
      "a kind that does not exist",
      { receivers: { a: { kind: "pager", secret: "a" } } },
      [/^receivers\.a.*"slack", "email", "pagerduty", "opsgenie" or "webhook"/],
    ],
    [
      "a receiver without its Secret",
      { receivers: { a: { kind: "slack" } } },
      [/^receivers\.a\.secret: got nothing/],
    ],
    [
      "a user without a password",
      { receivers: { mail: { ...mail, username: "alerts" } } },
      [/^receivers\.mail\.username: .*or neither/],
    ],
    [
      "a password in the clear",
      { receivers: { mail: { ...mail, username: "alerts", secret: "smtp", requireTls: false } } },
      [/^receivers\.mail\.requireTls: got false/],
    ],
  ];
  for (const [name, routing, patterns] of wrong) {
    it(`is refused with ${name}`, () => {
      const found = said(routing);
      assert.equal(found.length, patterns.length, found.join("\n"));
      for (const [index, pattern] of patterns.entries()) assert.match(found[index] ?? "", pattern);
    });
  }

  const token = "T000/B000/XXXXXXXX";
  const plain: readonly [name: string, routing: unknown, path: string][] = [
    [
      "a Slack webhook instead of a Secret",
      { receivers: { a: { kind: "slack", secret: `https://hooks.slack.com/services/${token}` } } },
      "receivers.a.secret",
    ],
    [
      "a Slack webhook under a key of its own",
      { receivers: { a: { ...onCall, url: `https://hooks.slack.com/services/${token}` } } },
      "receivers.a.url",
    ],
    [
      "a URL with a token",
      { receivers: { a: { kind: "webhook", secret: `https://alerts.example.org/${token}` } } },
      "receivers.a.secret",
    ],
    [
      "a key of PagerDuty",
      { receivers: { a: { kind: "pagerduty", secret: "0123456789abcdef0123456789abcdef" } } },
      "receivers.a.secret",
    ],
    [
      "the URL of a dead man's switch",
      { ...least, deadMansSwitch: { secret: `https://hc.example.org/${token}` } },
      "deadMansSwitch.secret",
    ],
  ];
  for (const [name, routing, path] of plain) {
    it(`is refused with ${name}, which is not shown`, () => {
      const [first = "", ...more] = said(routing);
      assert.deepEqual(more, []);
      assert.ok(first.startsWith(`${path}: got a credential in plain text; `), first);
      assert.ok(first.endsWith("Put it into a Secret of the monitoring namespace and name it here."), first);
      assert.ok(!first.includes(token) && !first.includes("abcdef"), first);
    });
  }

  it("does not show a Slack webhook under an unknown key, whoever checks it", () => {
    const wrong = { receivers: { a: { ...onCall, url: `https://hooks.slack.com/services/${token}` } } };
    const [found] = issuesOf(routingSettings, wrong);
    assert.equal(found?.got, "a Slack webhook");
  });
});
