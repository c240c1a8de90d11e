/** Who is told of an alert of each tier, and where: a value that anything can render, and its settings. */
import { z } from "zod";

import { issue, issueList, issuesOf, nearest, show, words, type Issue } from "../core/issues";
import { secretKey, secretName } from "../core/leaves";
import { own } from "../core/own";
import {
  about,
  choice,
  flag,
  group,
  list,
  map,
  retold,
  ruled,
  text,
  type About,
  type SettingPath,
} from "../core/settings";
import { TIMEZONE, isTimezone } from "../core/timezone";
import { WEEKDAYS, type Weekday } from "../core/weekdays";
import type { Tier } from "./alert";

/** From the one that wakes somebody to the one that waits. */
export const TIERS = ["P0", "P1", "P2"] as const satisfies readonly Tier[];

/** Where a credential is: an entry of a Secret of the namespace of the monitoring. Never the credential itself. */
export interface CredentialEntry {
  /** Name of the Secret. */
  readonly secret: string;
  /** Its entry. @default `CREDENTIAL_KEYS` of the kind */
  readonly key?: string | undefined;
}

/** The entry of a Secret that counts where none is named. */
export const CREDENTIAL_KEYS = {
  slack: "url",
  webhook: "url",
  email: "password",
  pagerduty: "routing-key",
  opsgenie: "api-key",
} as const;

/** An incoming webhook of Slack. */
export interface SlackReceiver extends CredentialEntry {
  readonly kind: "slack";
  /** `#name` or `@name`. @default the webhook's own */
  readonly channel?: string | undefined;
}

/** A POST of Alertmanager's own JSON to a URL. */
export interface WebhookReceiver extends CredentialEntry {
  readonly kind: "webhook";
}

/** The Events API v2 of PagerDuty. */
export interface PagerDutyReceiver extends CredentialEntry {
  readonly kind: "pagerduty";
}

export interface OpsgenieReceiver extends CredentialEntry {
  readonly kind: "opsgenie";
  /** Where the account is. @default "us" */
  readonly region?: "us" | "eu" | undefined;
}

/** Mail by SMTP. With a user it needs the Secret of the password, without one it goes without a login. */
export interface EmailReceiver extends Partial<CredentialEntry> {
  readonly kind: "email";
  readonly to: string;
  readonly from: string;
  /** `host:port` of the server that takes the mail. */
  readonly smarthost: string;
  readonly username?: string | undefined;
  /** Whether a server without STARTTLS is refused. @default true */
  readonly requireTls?: boolean | undefined;
}

export type Receiver = SlackReceiver | EmailReceiver | PagerDutyReceiver | OpsgenieReceiver | WebhookReceiver;

/** When P2 is told. */
export interface BusinessHours {
  /** Of the IANA database. @default "UTC" */
  readonly timeZone?: string | undefined;
  /** @default Monday to Friday */
  readonly days?: readonly Weekday[] | undefined;
  /** `HH:MM`. @default "09:00" */
  readonly from?: string | undefined;
  /** `HH:MM`, up to 24:00, later than `from`. @default "17:00" */
  readonly to?: string | undefined;
}

/** Where alerts go. The least is one receiver: all tiers go to it then. */
export interface Routing {
  /** By names that `tiers` uses. At least one. */
  readonly receivers: Readonly<Record<string, Receiver>>;
  /** Names of receivers. @default the next tier above that has some; P0 the only receiver there is */
  readonly tiers?: Readonly<Partial<Record<Tier, readonly string[] | undefined>>> | undefined;
  readonly businessHours?: BusinessHours | undefined;
  /**
   * A URL that is called again and again while alerts work, of a service that tells somebody when the calls stop.
   *
   * @default none: nobody notices when the monitoring itself is dead
   */
  readonly deadMansSwitch?: CredentialEntry | undefined;
}

/** A routing in which everything is said. */
export interface CompleteRouting {
  readonly receivers: Readonly<Record<string, Receiver>>;
  readonly tiers: Readonly<Record<Tier, readonly string[]>>;
  readonly businessHours: { readonly [Key in keyof BusinessHours]-?: NonNullable<BusinessHours[Key]> };
  readonly deadMansSwitch?: CredentialEntry;
}

const INTO_A_SECRET = "Put it into a Secret of the monitoring namespace and name it here.";

const IN_PLAIN_TEXT = {
  allowed: "the name of a Secret and the key of its entry, never the credential",
  fix: INTO_A_SECRET,
};

const entry = {
  secret: retold(secretName, { fix: INTO_A_SECRET, hidden: true, decides: "files of Alertmanager's pods" }),
  key: retold(secretKey, { otherwise: "the one of the kind", hidden: true }).optional(),
};

const address = text(/^[^\s@<>]+@[^\s@<>]+$/, {
  allowed: "an address like on-call@example.org",
  fix: "Give one address, without a name; a mailing list reaches several people.",
});

const kinds = [
  z.strictObject({
    kind: z.literal("slack"),
    ...entry,
    channel: text(/^[#@]?[^\s#@]+$/, {
      allowed: "a channel like #on-call",
      fix: "Quote it: # begins a comment in YAML.",
      otherwise: "the webhook's own",
    }).optional(),
  }),
  z.strictObject({ kind: z.literal("webhook"), ...entry }),
  z.strictObject({ kind: z.literal("pagerduty"), ...entry }),
  z.strictObject({
    kind: z.literal("opsgenie"),
    ...entry,
    region: choice(["us", "eu"], { fix: "Say where the account is.", otherwise: "us" }).optional(),
  }),
  z.strictObject({
    kind: z.literal("email"),
    to: address,
    from: address,
    smarthost: text(/^[^\s:/@]+:\d{1,5}$/, {
      allowed: "host:port, like smtp.example.org:587",
      fix: "Give the server that takes the mail and its port.",
    }),
    username: text(/^\S+$/, {
      allowed: "a user name without spaces",
      fix: "Give the name that the server knows.",
      otherwise: "no login",
    }).optional(),
    secret: entry.secret.optional(),
    key: entry.key,
    requireTls: flag({ fix: "Leave it out: a password needs TLS.", otherwise: "true" }).optional(),
  }),
] as const;

export const receiverSettings = about(z.discriminatedUnion("kind", kinds), {
  allowed: '"slack", "email", "pagerduty", "opsgenie" or "webhook"',
  fix: "Choose who is told; the other keys depend on it.",
});

const receiverName = text(/^(?!__proto__$)[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/, {
  allowed: "a name of lower-case letters, digits and hyphens, a letter first",
  fix: "Call it by who reads it: on-call, team-channel.",
});

const named = list(receiverName, {
  allowed: "a list of names of receivers",
  fix: "Name who is told.",
  otherwise: "the tier above",
  decides: "routes",
}).optional();

const MINUTES = /^([01]\d|2[0-3]):[0-5]\d$|^24:00$/;

const time = (otherwise: string): z.ZodOptional<z.ZodString> =>
  text(MINUTES, {
    allowed: 'a time like "09:00", up to "24:00"',
    fix: "Write hours and minutes with two digits each, in quotation marks.",
    otherwise,
  }).optional();

const DEFAULT_HOURS: CompleteRouting["businessHours"] = {
  timeZone: "UTC",
  days: WEEKDAYS.slice(0, 5),
  from: "09:00",
  to: "17:00",
};

const FROM_BEFORE_TO: Pick<About, "allowed" | "fix"> = {
  allowed: "a time later than `from`",
  fix: "Name the days on which a night's shift begins and give it until 24:00.",
};

/** Settings of `Routing`, each declared once. */
export const routingSettings = group(
  {
    receivers: ruled(
      map(receiverName, receiverSettings, {
        allowed: "a map of name and receiver",
        fix: "Name at least one that is told of alerts.",
        decides: "who is told",
      }),
      (receivers) => Object.keys(receivers).length > 0,
      { allowed: "at least one receiver", fix: "An alert that nobody reads is none." },
    ),
    tiers: group(
      { P0: named, P1: named, P2: named },
      { fix: "P0 wakes somebody now, P1 is looked at within the hour, P2 in business hours." },
    ).optional(),
    businessHours: ruled(
      group(
        {
          timeZone: ruled(
            text(/./s, { ...TIMEZONE, otherwise: DEFAULT_HOURS.timeZone }),
            isTimezone,
            TIMEZONE,
          ).optional(),
          days: list(choice(WEEKDAYS, { fix: "Write the day in full, in lower case." }), {
            allowed: "a list of days of the week",
            fix: "Name the days on which somebody works.",
            otherwise: "monday to friday",
          })
            .min(1)
            .optional(),
          from: time(DEFAULT_HOURS.from),
          to: time(DEFAULT_HOURS.to),
        },
        { fix: "Say when P2 is read.", decides: "when P2 is told" },
      ),
      ({ from = DEFAULT_HOURS.from, to = DEFAULT_HOURS.to }) => from < to,
      FROM_BEFORE_TO,
      ["to"],
    ).optional(),
    deadMansSwitch: group(entry, {
      fix: "Name the Secret with the URL that has to be called every minute.",
      otherwise: "none",
      decides: "who notices that alerts do not work",
    }).optional(),
  },
  { fix: "Name one receiver; the rest may be left out." },
);

/** What is wrong with where alerts go. An empty list means that every tier reaches somebody. */
export function routingIssues(routing: Routing): Issue[] {
  const plain = credentials(routing);
  const isPlain = ({ path }: Issue): boolean =>
    plain.some((known) => JSON.stringify(known) === JSON.stringify(path));
  const { issues, check } = issueList([
    ...plain.map((path) => issue(path, words("a credential in plain text"), IN_PLAIN_TEXT)),
    ...issuesOf(routingSettings, routing).filter((found) => !isPlain(found)),
  ]);
  if (issues.length > 0) return issues;
  const known = Object.keys(routing.receivers);
  for (const [tier, names] of Object.entries(routing.tiers ?? {})) {
    for (const [index, name] of (names ?? []).entries()) {
      const near = nearest(name, known);
      const fix = near === undefined ? "Add it to `receivers`, or name another." : `Did you mean "${near}"?`;
      check(known.includes(name), ["tiers", tier, index], name, `one of ${known.join(", ")}`, fix);
    }
  }
  for (const tier of TIERS) {
    const names = routing.tiers?.[tier];
    const fix = `Name who is told of ${tier}: ${known.join(", ")}.`;
    check(
      namesOf(routing, tier).length > 0,
      ["tiers", tier],
      names,
      "at least one receiver for each tier",
      fix,
    );
  }
  for (const [name, receiver] of Object.entries(routing.receivers)) {
    if (receiver.kind !== "email") continue;
    const { username, secret, requireTls = true } = receiver;
    const both = (username === undefined) === (secret === undefined);
    const at = ["receivers", name];
    check(
      both,
      [...at, "username"],
      username,
      "a user with the Secret of the password, or neither",
      "Give both.",
    );
    check(
      requireTls || secret === undefined,
      [...at, "requireTls"],
      requireTls,
      "true where there is a password",
      "Leave it out.",
    );
  }
  return issues;
}

/** Text that opens something by itself: a URL with more than a host, a key of PagerDuty, of Opsgenie, of Slack. */
const CREDENTIAL =
  /^\s*https?:\/\/[^\s/]+\/\S|^\s*https?:\/\/[^\s/]*@|\bhooks\.slack\.com\b|^[0-9a-fA-F]{32}$|^xox[a-z]-|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a text opens something by itself. */
export function isCredential(value: string): boolean {
  return CREDENTIAL.test(value);
}

/** Where there is a credential in plain text. */
function credentials(value: unknown, path: SettingPath = []): SettingPath[] {
  if (typeof value === "string") return isCredential(value) ? [path] : [];
  if (Array.isArray(value)) return value.flatMap((item, index) => credentials(item, [...path, index]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => credentials(inner, [...path, key]));
}

/** A tier that names nobody is told to who is told of the next above it. */
function namesOf({ receivers, tiers = {} }: Routing, tier: Tier): readonly string[] {
  const known = Object.keys(receivers);
  const above = TIERS.slice(0, TIERS.indexOf(tier) + 1).reverse();
  const first = above.find((one) => tiers[one] !== undefined);
  const names = first === undefined ? undefined : tiers[first];
  return names ?? (known.length === 1 ? known : []);
}

/** The routing with its defaults. It has to be without issues. */
export function completeRouting(routing: Routing): CompleteRouting {
  const { receivers, businessHours = {}, deadMansSwitch } = routing;
  const { timeZone, days, from, to } = businessHours;
  return {
    receivers,
    tiers: { P0: namesOf(routing, "P0"), P1: namesOf(routing, "P1"), P2: namesOf(routing, "P2") },
    businessHours: {
      timeZone: timeZone ?? DEFAULT_HOURS.timeZone,
      days: days ?? DEFAULT_HOURS.days,
      from: from ?? DEFAULT_HOURS.from,
      to: to ?? DEFAULT_HOURS.to,
    },
    ...(deadMansSwitch === undefined ? {} : { deadMansSwitch }),
  };
}

/** The receiver of a name. @throws Error when there is none, which `routingIssues` tells before */
export function receiverOf({ receivers }: Pick<Routing, "receivers">, name: string): Receiver {
  const receiver = own(receivers, name);
  if (receiver === undefined) throw new Error(`there is no receiver ${show(name)}`);
  return receiver;
}

/** Names of the Secrets that Alertmanager's pods have to mount, each once, in order. */
export function routingSecrets({ receivers, deadMansSwitch }: Routing): string[] {
  const entries = [...Object.values(receivers), ...(deadMansSwitch === undefined ? [] : [deadMansSwitch])];
  const names = entries.flatMap(({ secret }) => (secret === undefined ? [] : [secret]));
  return [...new Set(names)].sort();
}
