/** Alertmanager's file: receivers, routes and inhibitions of a routing. Pure. For Alertmanager 0.26 and later. */
import { stringify } from "yaml";

import type { Tier } from "../../budget/monitoring/alert";
import {
  CREDENTIAL_KEYS,
  TIERS,
  completeRouting,
  receiverOf,
  type CompleteRouting,
  type CredentialEntry,
  type Receiver,
  type Routing,
} from "../../budget/monitoring/routing";
import { DETAILS, EMAIL_TEXT, MESSAGE, TITLE } from "./alert-message";

/** Where the operator of Prometheus mounts the Secrets that an Alertmanager names. */
const SECRETS_FOLDER = "/etc/alertmanager/secrets";

/** Receiver of what is told to nobody. */
export const NOBODY = "nobody";

/** Receiver of the alert that always fires. */
export const DEAD_MANS_SWITCH = "dead-mans-switch";

/** The alert that always fires, as kube-prometheus-stack calls it. */
export const WATCHDOG = "Watchdog";

const BUSINESS_HOURS = "business-hours";

/** How patient a route is, seconds. */
export interface Pace {
  /** Before the first message about a group, for what comes with it. */
  readonly waitSeconds: number;
  /** Between messages about a group that has changed. */
  readonly intervalSeconds: number;
  /** Between messages about a group that has not. */
  readonly repeatSeconds: number;
}

/** How patient the routes are. */
export type Paces = Readonly<Record<Tier | typeof DEAD_MANS_SWITCH, Pace>>;

const PACES: Paces = {
  P0: { waitSeconds: 10, intervalSeconds: 60, repeatSeconds: 3600 },
  P1: { waitSeconds: 60, intervalSeconds: 300, repeatSeconds: 4 * 3600 },
  // What was held back outside business hours comes with the first interval within them.
  P2: { waitSeconds: 300, intervalSeconds: 300, repeatSeconds: 24 * 3600 },
  // Each minute: a repetition comes with the first interval after it.
  "dead-mans-switch": { waitSeconds: 0, intervalSeconds: 30, repeatSeconds: 50 },
};

/**
 * The tier of alerts that have only the `severity` of kube-prometheus-stack: there `critical` pages and `warning` is a
 * ticket. `info` and `none` are told to nobody.
 */
const SEVERITIES: Readonly<Record<string, Tier>> = { critical: "P0", error: "P1", warning: "P2" };

/** Of alerts with neither a tier nor a severity that is known: somebody says within the hour what it is. */
const UNKNOWN: Tier = "P1";

/** For tests. */
export interface ConfigOptions {
  /** Where the Secrets are, one folder each. @default the place where the operator mounts them */
  readonly secretsFolder?: string;
  /** @default 10 s for P0, a minute for P1, five for P2 */
  readonly paces?: Partial<Paces>;
}

/** Alertmanager's configuration, as YAML. @param routing without issues */
export function alertmanagerConfig(routing: Routing, options: ConfigOptions = {}): string {
  const { secretsFolder = SECRETS_FOLDER } = options;
  const paces = { ...PACES, ...options.paces };
  const complete = completeRouting(routing);
  const file: FileOf = ({ secret, key }, otherwise) => `${secretsFolder}/${secret}/${key ?? otherwise}`;
  return stringify(
    {
      global: { resolve_timeout: "5m" },
      route: routes(complete, paces),
      inhibit_rules: INHIBITIONS,
      time_intervals: [businessHours(complete)],
      receivers: [
        ...TIERS.map((tier) => receivers(tier, complete, file)),
        ...deadMansSwitch(complete, file),
        { name: NOBODY },
      ],
    },
    // Each route is written out: an anchor is hard to read and to search for. YAML 1.1 is what programs in Go read.
    { lineWidth: 0, aliasDuplicateObjects: false, version: "1.1" },
  );
}

/** Path of the file of a credential. */
type FileOf = (entry: CredentialEntry, otherwise: string) => string;

function paceOf({ waitSeconds, intervalSeconds, repeatSeconds }: Pace): Record<string, string> {
  return {
    group_wait: `${waitSeconds}s`,
    group_interval: `${intervalSeconds}s`,
    repeat_interval: `${repeatSeconds}s`,
  };
}

/** The first one that matches takes an alert. */
function routes({ deadMansSwitch }: CompleteRouting, paces: Paces): object {
  const heartbeat = deadMansSwitch === undefined ? NOBODY : DEAD_MANS_SWITCH;
  const to = (tier: Tier): object => ({
    receiver: tier,
    ...paceOf(paces[tier]),
    ...(tier === "P2" ? { active_time_intervals: [BUSINESS_HOURS] } : {}),
  });
  return {
    receiver: UNKNOWN,
    group_by: ["alertname", "namespace", "noun", "service"],
    ...paceOf(paces[UNKNOWN]),
    routes: [
      { matchers: [`alertname="${WATCHDOG}"`], receiver: heartbeat, ...paceOf(paces[DEAD_MANS_SWITCH]) },
      ...TIERS.map((tier) => ({ matchers: [`tier="${tier}"`], ...to(tier) })),
      ...Object.entries(SEVERITIES).map(([severity, tier]) => ({
        matchers: [`severity="${severity}"`, 'tier=""'],
        ...to(tier),
      })),
      { matchers: ['severity=~"info|none"', 'tier=""'], receiver: NOBODY },
    ],
  };
}

/**
 * Labels by which two alerts are about one thing. A label that neither has counts as the same, so each alert of the platform
 * has a subject: two caches are two things, and so are two volumes.
 */
const SAME_THING: readonly string[] = ["noun", "subject", "service", "namespace"];

/** What the same trouble says is one message: the one that is most urgent, and that is nearest to its cause. */
const INHIBITIONS: readonly object[] = [
  {
    source_matchers: ['tier="P0"'],
    target_matchers: ['tier=~"P1|P2"'],
    equal: SAME_THING,
  },
  { source_matchers: ['tier="P1"'], target_matchers: ['tier="P2"'], equal: SAME_THING },
  // Behind a door that is shut every service looks dead.
  {
    source_matchers: ['scope=~"ingress|cluster"', 'tier="P0"'],
    target_matchers: ['noun="service"', 'scope!~"ingress|cluster"'],
  },
  // The service itself is nearer to the cause; that its proxy says the same is no news.
  {
    source_matchers: ['noun="service"', 'tier="P0"', 'service!=""'],
    target_matchers: ['noun="proxy"', 'service!=""'],
    equal: ["service", "namespace"],
  },
  // As kube-prometheus-stack has it for its own alerts.
  {
    source_matchers: ['severity="critical"'],
    target_matchers: ['severity=~"error|warning|info"'],
    equal: ["namespace", "alertname"],
  },
];

function businessHours({ businessHours: { timeZone, days, from, to } }: CompleteRouting): object {
  const interval = { weekdays: days, times: [{ start_time: from, end_time: to }], location: timeZone };
  return { name: BUSINESS_HOURS, time_intervals: [interval] };
}

function deadMansSwitch({ deadMansSwitch: entry }: CompleteRouting, file: FileOf): object[] {
  if (entry === undefined) return [];
  const webhook = { url_file: file(entry, CREDENTIAL_KEYS.webhook), send_resolved: false, max_alerts: 1 };
  return [{ name: DEAD_MANS_SWITCH, webhook_configs: [webhook] }];
}

/** All that are told of a tier. */
function receivers(tier: Tier, routing: CompleteRouting, file: FileOf): object {
  const found: Record<string, object[]> = {};
  for (const name of routing.tiers[tier]) {
    const [kind, settings] = integration(receiverOf(routing, name), tier, file);
    (found[kind] ??= []).push({ send_resolved: true, ...settings });
  }
  return { name: tier, ...found };
}

/** What another service calls the urgency of a tier. */
const PAGERDUTY_SEVERITIES: Readonly<Record<Tier, string>> = { P0: "critical", P1: "error", P2: "warning" };
const OPSGENIE_PRIORITIES: Readonly<Record<Tier, string>> = { P0: "P1", P1: "P2", P2: "P4" };
const SLACK_COLORS: Readonly<Record<Tier, string>> = { P0: "danger", P1: "warning", P2: "#439FE0" };

const OPSGENIE_URLS = { us: "https://api.opsgenie.com/", eu: "https://api.eu.opsgenie.com/" };

/** One receiver: the list of Alertmanager's that it belongs to, and its entry there. */
function integration(receiver: Receiver, tier: Tier, file: FileOf): [list: string, entry: object] {
  switch (receiver.kind) {
    case "slack":
      return [
        "slack_configs",
        {
          api_url_file: file(receiver, CREDENTIAL_KEYS.slack),
          ...(receiver.channel === undefined ? {} : { channel: receiver.channel }),
          color: `{{ if eq .Status "firing" }}${SLACK_COLORS[tier]}{{ else }}good{{ end }}`,
          title: TITLE,
          text: MESSAGE,
        },
      ];
    case "webhook":
      // Its body is Alertmanager's own: every label and annotation.
      return ["webhook_configs", { url_file: file(receiver, CREDENTIAL_KEYS.webhook) }];
    case "pagerduty":
      return [
        "pagerduty_configs",
        {
          routing_key_file: file(receiver, CREDENTIAL_KEYS.pagerduty),
          severity: PAGERDUTY_SEVERITIES[tier],
          description: TITLE,
          details: { ...DETAILS, alerts: MESSAGE },
        },
      ];
    case "opsgenie":
      return [
        "opsgenie_configs",
        {
          api_key_file: file(receiver, CREDENTIAL_KEYS.opsgenie),
          api_url: OPSGENIE_URLS[receiver.region ?? "us"],
          priority: OPSGENIE_PRIORITIES[tier],
          message: TITLE,
          description: MESSAGE,
          details: DETAILS,
        },
      ];
    case "email":
      return ["email_configs", email(receiver, file)];
  }
}

function email(receiver: Extract<Receiver, { kind: "email" }>, file: FileOf): object {
  const { to, from, smarthost, username, secret, key, requireTls = true } = receiver;
  const password = secret === undefined ? undefined : file({ secret, key }, CREDENTIAL_KEYS.email);
  return {
    to,
    from,
    smarthost,
    ...(username === undefined || password === undefined
      ? {}
      : { auth_username: username, auth_password_file: password }),
    require_tls: requireTls,
    headers: { Subject: TITLE },
    // Plain text: what is read on a phone at night.
    html: "",
    text: EMAIL_TEXT,
  };
}
