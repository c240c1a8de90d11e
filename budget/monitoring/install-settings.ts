/** Settings of a monitoring of the stack's own towards what is outside: an identity provider, a store that keeps for longer. */
import type { z } from "zod";

import { issue, words, type Issue } from "../core/issues";
import { secretKey, secretName } from "../core/leaves";
import { choice, flag, group, list, retold, ruled, text, type SettingPath } from "../core/settings";
import { isCredential } from "./routing";

const IN_A_SECRET = "Put it into a Secret of the monitoring namespace, and name the Secret.";

const PLAIN = { allowed: "the name of a Secret and its entry, never the secret itself", fix: IN_A_SECRET };

/** An address that gets credentials. */
const secureAddress = text(/^https:\/\/[^\s/?#@]+(\/[^\s#]*)?$/, {
  allowed: "an address that begins with https://, without user and password",
  fix: "See /.well-known/openid-configuration of the provider.",
});

/** Into a file of Grafana's and into JMESPath: neither has to be escaped there. */
const word = text(/^[^\s'"\\`$;#%][^'"\\`$;#%\n]{0,199}$/, {
  allowed: "a name without quotation marks, backslashes, $, ; # and %",
  fix: "Give the group as the provider calls it.",
});

const groups = (fix: string): z.ZodOptional<z.ZodArray<typeof word>> =>
  list(word, { allowed: "a list of groups", fix, otherwise: "nobody by a group" }).optional();

const clientSecret = group(
  {
    secret: retold(secretName, { fix: IN_A_SECRET, hidden: true }),
    key: retold(secretKey, { hidden: true }).default("client-secret"),
  },
  { ...PLAIN, hidden: true, decides: "a variable of Grafana's pod" },
);

/** Sign-in to Grafana by an identity provider. */
export const signInSettings = group(
  {
    name: text(/^[^"'\\`$;#%\n]{1,60}$/, {
      allowed: "what a button says, 60 characters at most",
      fix: "Give the name that your people know the provider by.",
      otherwise: "OAuth",
    }).optional(),
    clientId: text(/^[^\s"'\\`$;#%]{1,200}$/, {
      allowed: "a client id without spaces",
      fix: "Give the id under which the provider knows Grafana; it is no secret.",
    }),
    clientSecret,
    authUrl: retold(secureAddress, { fix: "Give authorization_endpoint of the provider." }),
    tokenUrl: retold(secureAddress, { fix: "Give token_endpoint of the provider." }),
    userInfoUrl: retold(secureAddress, { fix: "Give userinfo_endpoint of the provider." }),
    scopes: list(
      text(/^[!#-[\]-~]{1,100}$/, { allowed: "a scope without spaces", fix: "Write each scope by itself." }),
      { allowed: "a list of scopes", fix: "Name what the claims need.", decides: "claims that Grafana sees" },
    )
      .min(1)
      .default(["openid", "profile", "email"]),
    roles: ruled(
      group(
        {
          claim: text(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, {
            allowed: "the name of a claim, like groups or realm_access.roles",
            fix: "Name the claim that lists the groups of a person.",
          }).default("groups"),
          admin: groups("Name the groups whose members change everything."),
          editor: groups("Name the groups whose members change dashboards."),
          viewer: groups("Name the groups whose members look."),
          others: choice(["viewer", "nobody"], {
            fix: "Say nobody where only members of these groups are let in.",
            decides: "role_attribute_strict",
          }).default("viewer"),
        },
        { fix: "Say which groups have which role.", decides: "role_attribute_path" },
      ),
      ({ admin = [], editor = [], viewer = [] }) => admin.length + editor.length + viewer.length > 0,
      {
        allowed: "at least one group with a role",
        fix: "Name one, or leave roles out: everybody then looks.",
      },
    ).optional(),
    passwordForm: flag({
      fix: "Say false where people sign in by the provider alone; the administrator's password then works for the API only.",
      decides: "Grafana's login form",
    }).default(true),
  },
  { fix: "Leave it out: the administrator signs in alone.", decides: "who gets into Grafana" },
);

/** Groups by role, and who is in none of them. */
export type SignInRoles = NonNullable<z.output<typeof signInSettings>["roles"]>;

/** JMESPath that gives the role of a person. Groups of the highest role are asked first. */
export function rolePath({ claim, admin, editor, viewer, others }: SignInRoles): string {
  const roles = [
    ["Admin", admin],
    ["Editor", editor],
    ["Viewer", viewer],
  ] as const;
  const steps = roles.flatMap(([role, names = []]) =>
    names.map((name) => `contains(${claim}[*], '${name}') && '${role}'`),
  );
  // Whom none of them fits has no role, and strict roles let nobody in without one.
  return [...steps, ...(others === "viewer" ? ["'Viewer'"] : [])].join(" || ");
}

const SCRAPED = /^\S{1,1000}$/;

/** A store that keeps what is measured for longer. */
export const remoteWriteSettings = ruled(
  group(
    {
      url: text(/^https?:\/\/[^\s/?#@]+(\/[^\s#]*)?$/, {
        allowed: "an address like https://store.example.com/api/v1/write, without user and password",
        fix: "Give the address that takes Prometheus's remote write.",
        hidden: true,
        decides: "where series go besides",
      }),
      name: text(/^[A-Za-z][-A-Za-z0-9_]{0,59}$/, {
        allowed: "a name of letters, digits, hyphens and underscores",
        fix: "Call it by the store: it is in the queue's own metrics.",
      }).default("store"),
      authentication: choice(["none", "bearer", "basic"], {
        fix: "Say how Prometheus proves who it is to the store.",
        decides: "entries of the Secret",
      }).default("none"),
      secretName: retold(secretName, {
        fix: "Name the Secret of the monitoring namespace with token, or with username and password.",
        hidden: true,
      }).optional(),
      keep: text(SCRAPED, {
        allowed: "a regular expression of names of series, without spaces",
        fix: "Write (job|service|slo):.* for what is recorded; leave it out for everything.",
        otherwise: "everything",
        decides: "what the store costs",
      }).optional(),
    },
    {
      fix: "Leave it out: Prometheus's own disk has everything for retentionDays.",
      decides: "a second store",
    },
  ),
  ({ authentication, secretName: name }) => (authentication === "none") === (name === undefined),
  {
    allowed: "a Secret where Prometheus proves who it is, and none where it does not",
    fix: "Name the Secret of the monitoring namespace, or set authentication to none.",
  },
  ["secretName"],
);

export type RemoteWriteSetting = z.output<typeof remoteWriteSettings>;

/** Secrets that were written where their names belong. */
export function plainSecretIssues(given: {
  readonly signIn?: { readonly clientSecret: { readonly secret: string; readonly key: string } } | undefined;
  readonly remoteWrite?: { readonly secretName?: string | undefined } | undefined;
}): Issue[] {
  const { signIn, remoteWrite } = given;
  const places: readonly (readonly [SettingPath, string | undefined])[] = [
    [["signIn", "clientSecret", "secret"], signIn?.clientSecret.secret],
    [["signIn", "clientSecret", "key"], signIn?.clientSecret.key],
    [["remoteWrite", "secretName"], remoteWrite?.secretName],
  ];
  return places.flatMap(([path, value]) =>
    value !== undefined && isCredential(value)
      ? issue(path, words("what reads like the secret itself"), PLAIN)
      : [],
  );
}
