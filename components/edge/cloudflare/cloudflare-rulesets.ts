/**
 * Behaviours as Cloudflare's rules. A zone has one ruleset a phase, and each rule a `ref`, so that a changed rule is
 * changed and not made anew.
 */
import type { input as cloudflare } from "@pulumi/cloudflare/types";
import * as pulumi from "@pulumi/pulumi";

import { FALLBACK_POLICY, HSTS, SECURITY_HEADERS } from "../../shared/http/security-headers";
import type { Cached, EdgeBehavior } from "../../../budget/edge/behaviors";
import {
  anyOf,
  classCondition,
  hostCondition,
  setOf,
  signatureCondition,
  unknownQueryCondition,
} from "./cloudflare-expressions";
import type { CompleteCloudflareArgs, CloudflarePlan } from "./cloudflare-args";
import { cloudflareImageRules, withVariantPaths, type CloudflareImageRules } from "./cloudflare-images";
import { edgeSetsHeaders } from "../edge-args";

export type Rule = cloudflare.RulesetRule;

/** Rules of one phase. */
export interface Phase {
  /** Suffix of the resource. */
  readonly name: string;
  readonly phase: string;
  readonly rules: readonly Rule[];
}

type RemovedHeaders = Record<string, { operation: "remove" }>;

/** Rulesets that Cloudflare maintains. */
const MANAGED_RULESETS = {
  cloudflare: "efb7b8c949ac4650a09736fc376e9aee",
  owasp: "4814384a9e5d4991b9815dcfc25d2f1f",
} as const;

/** Where signatures are checked, among other things. */
export const SIGNATURE_PHASE = "http_request_firewall_custom";

const METHODS_THAT_READ = ["GET", "HEAD", "OPTIONS"];

/** Seconds over which a client's requests are counted, and for which it is then refused. The smallest plan has no other. */
const RATE_WINDOW_SECONDS = 10;

type Args = Pick<
  CompleteCloudflareArgs,
  "hosts" | "zone" | "behaviors" | "headers" | "originLock" | "plan" | "images"
> & {
  readonly account: Pick<CompleteCloudflareArgs["account"], "plan">;
  readonly signatures: Pick<CompleteCloudflareArgs["signatures"], "lifetimeSeconds">;
};

/** The bucket's own name in the zone. Clients have no business there, but it can be reached, so the rules hold there too. */
export function bucketHost({ name }: CompleteCloudflareArgs["zone"]): string {
  return `built-files.${name}`;
}

/** Classes that the bucket answers. */
export function inBucket(behaviors: readonly EdgeBehavior[]): EdgeBehavior[] {
  return behaviors.filter(({ target }) => target === "assets");
}

/** @param secrets of signatures, the current one first; a secret output */
export function phases(given: Args, secrets: pulumi.Output<readonly string[]>): Phase[] {
  const images = imageRules(given);
  const args = images === undefined ? given : { ...given, behaviors: withVariantPaths(given.behaviors) };
  const all: Phase[] = [
    { name: "images", phase: "http_request_transform", rules: images?.rewrites ?? [] },
    { name: "cache", phase: "http_request_cache_settings", rules: cacheRules(args) },
    { name: "cache-control", phase: "http_response_cache_settings", rules: cacheControlRules(args) },
    {
      name: "firewall",
      phase: SIGNATURE_PHASE,
      rules: [...firewallRules(args, secrets), ...(images?.refusals ?? [])],
    },
    { name: "managed", phase: "http_request_firewall_managed", rules: managedRules(args) },
    { name: "rate-limit", phase: "http_ratelimit", rules: [rateLimitRule(args)] },
    { name: "origin", phase: "http_request_late_transform", rules: originRules(args) },
    { name: "headers", phase: "http_response_headers_transform", rules: headerRules(args) },
  ];
  return all.filter(({ rules }) => rules.length > 0);
}

/** Rules for the variants of images; undefined where the service answers with one image. */
export function imageRules({
  hosts,
  behaviors,
  images = false,
}: Pick<Args, "hosts" | "behaviors" | "images">): CloudflareImageRules | undefined {
  const behavior = behaviors.find((one) => one.class === "images");
  if (!images || behavior === undefined) return undefined;
  return cloudflareImageRules(hosts, classCondition(hosts, behavior, behaviors));
}

function conditionOf({ hosts, zone, behaviors }: Args, behavior: EdgeBehavior): string {
  const names = behavior.target === "assets" ? [...hosts, bucketHost(zone)] : hosts;
  return classCondition(names, behavior, behaviors);
}

/** Requests of clients that the bucket answers, for the rule that leads there. */
export function bucketCondition({ hosts, behaviors }: Pick<Args, "hosts" | "behaviors">): string {
  return anyOf(inBucket(behaviors).map((behavior) => `(${classCondition(hosts, behavior, behaviors)})`));
}

/** Every request but those of some classes, which is shorter to say than all the others. */
function allBut(args: Args, excluded: readonly EdgeBehavior[]): string {
  const { hosts, zone, behaviors } = args;
  const names = inBucket(behaviors).length === 0 ? hosts : [...hosts, bucketHost(zone)];
  const rest = excluded.length === 0 ? "" : ` and not ${anyClass(args, excluded)}`;
  return `${hostCondition(names)}${rest}`;
}

function anyClass(args: Args, behaviors: readonly EdgeBehavior[]): string {
  return anyOf(behaviors.map((behavior) => `(${conditionOf(args, behavior)})`));
}

function cacheRules(args: Args): Rule[] {
  return args.behaviors.map((behavior): Rule => ({
    ref: `cache_${behavior.class}`,
    description:
      behavior.cache.kind === "none" ? `${behavior.class}: passed on` : `${behavior.class}: cached`,
    expression: conditionOf(args, behavior),
    action: "set_cache_settings",
    actionParameters:
      behavior.cache.kind === "none"
        ? { cache: false }
        : {
            cache: true,
            // The origin's own Cache-Control counts; what it leaves open the rule for silent origins says.
            edgeTtl: { mode: "respect_origin" },
            browserTtl: { mode: "respect_origin" },
            serveStale: { disableStaleWhileUpdating: behavior.cache.staleWhileRevalidateSeconds === 0 },
            respectStrongEtags: true,
            cacheKey: cacheKey(behavior.cache, args.account.plan),
          },
  }));
}

/** The host is in every key. */
function cacheKey({ key }: Cached, plan: CloudflarePlan): cloudflare.RulesetRuleActionParametersCacheKey {
  if (key.query.length === 0 || plan === "enterprise") {
    return {
      cacheDeceptionArmor: false,
      ignoreQueryStringsOrder: true,
      customKey: {
        queryString:
          key.query.length === 0 ? { exclude: { all: true } } : { include: { lists: [...key.query] } },
        ...(key.headers.length === 0 ? {} : { header: { includes: [...key.headers] } }),
        ...(key.cookies.length === 0 ? {} : { cookie: { includes: [...key.cookies] } }),
      },
    };
  }
  // The smaller plans take the whole query or nothing of it; the firewall refuses what else it could hold.
  return { cacheDeceptionArmor: false, ignoreQueryStringsOrder: true };
}

/** What an origin that is silent about caching means. */
function cacheControlRules(args: Args): Rule[] {
  const passedOn = args.behaviors.filter(({ cache }) => cache.kind === "none");
  const strip: Rule = {
    ref: "strip_set_cookie",
    description: "an answer for everybody sets nobody's cookie",
    expression: allBut(args, passedOn),
    action: "set_cache_settings",
    actionParameters: { stripSetCookie: true },
  };
  const silent = args.behaviors.flatMap((behavior): Rule[] => {
    const { cache } = behavior;
    if (cache.kind === "none") return [];
    const seconds = (value: number): { operation: string; value: number } => ({ operation: "set", value });
    const stale = {
      ...(cache.staleWhileRevalidateSeconds > 0
        ? { staleWhileRevalidate: seconds(cache.staleWhileRevalidateSeconds) }
        : {}),
      ...(cache.staleIfErrorSeconds > 0 ? { staleIfError: seconds(cache.staleIfErrorSeconds) } : {}),
    };
    return [
      {
        ref: `cache_control_${behavior.class}`,
        description: `${behavior.class}: what a silent origin means`,
        expression: `${conditionOf(args, behavior)} and len(http.response.headers["cache-control"]) eq 0`,
        action: "set_cache_control",
        actionParameters: {
          public: { operation: "set" },
          maxAge: seconds(cache.browserSeconds),
          sMaxage: seconds(cache.edgeSeconds),
          ...stale,
          ...(cache.immutable ? { immutable: { operation: "set" } } : {}),
        },
      },
    ];
  });
  return silent.length === 0 ? [] : [strip, ...silent];
}

function firewallRules(args: Args, secrets: pulumi.Output<readonly string[]>): Rule[] {
  const { behaviors, account, signatures, zone } = args;
  const [read, changing] = [
    behaviors.filter(({ methods }) => methods === "read"),
    behaviors.filter(({ methods }) => methods === "all"),
  ];
  const stored = inBucket(behaviors);
  return [
    ...(stored.length === 0
      ? []
      : [
          {
            ref: "bucket_paths",
            description: "the bucket's own name leads to its classes only",
            expression: `${hostCondition([bucketHost(zone)])} and not ${anyClass(args, stored)}`,
            action: "block",
          },
        ]),
    {
      ref: "methods",
      description: "what is the same for everybody may be read only",
      expression: `${allBut(args, changing)} and not http.request.method in ${setOf(METHODS_THAT_READ)}`,
      action: "block",
    },
    ...read.flatMap((behavior): Rule[] => {
      const { cache } = behavior;
      if (cache.kind === "none" || cache.key.query.length === 0 || account.plan === "enterprise") return [];
      return [
        {
          ref: `query_${behavior.class}`,
          description: `${behavior.class}: no query but its own`,
          expression: `${conditionOf(args, behavior)} and ${unknownQueryCondition(cache.key.query)}`,
          action: "block",
        },
      ];
    }),
    ...behaviors
      .filter(({ signed }) => signed)
      .map((behavior): Rule => ({
        ref: `signed_${behavior.class}`,
        description: `${behavior.class}: with a valid signature only`,
        // The secrets are in the condition, so the condition is one.
        expression: pulumi.secret(
          secrets.apply((known) => {
            const check = { lifetimeSeconds: signatures.lifetimeSeconds, secrets: known };
            return `${conditionOf(args, behavior)} and not ${signatureCondition(behavior, check)}`;
          }),
        ),
        action: "block",
      })),
  ];
}

/** The plan free has its own ruleset, always on. */
function managedRules({ hosts, account }: Args): Rule[] {
  if (account.plan === "free") return [];
  return Object.entries(MANAGED_RULESETS).map(([name, id]) => ({
    ref: `managed_${name}`,
    description: `Cloudflare's ruleset ${name}`,
    expression: hostCondition(hosts),
    action: "execute",
    actionParameters: { id },
  }));
}

/** The plan free knows no host where it counts: there the other hosts of the zone are counted with those of the stack. */
function rateLimitRule({ hosts, account, plan }: Args): Rule {
  return {
    ref: "client_rate",
    description: "one address asks too much",
    expression: account.plan === "free" ? 'starts_with(http.request.uri.path, "/")' : hostCondition(hosts),
    action: "block",
    ratelimit: {
      // Each of Cloudflare's places counts for itself.
      characteristics: ["ip.src", "cf.colo.id"],
      period: RATE_WINDOW_SECONDS,
      requestsPerPeriod: Math.ceil((plan.numbers.clientRequestsPerMinute.value * RATE_WINDOW_SECONDS) / 60),
      mitigationTimeout: RATE_WINDOW_SECONDS,
    },
  };
}

/** The lock, and nothing of who asks where the answer is for everybody. */
function originRules(args: Args): Rule[] {
  const { headerName, headerValue } = args.originLock;
  const remove = { operation: "remove" } as const;
  const cookies = ({ cache }: EdgeBehavior): number =>
    cache.kind === "cached" ? cache.key.cookies.length : 0;
  const passedOn = args.behaviors.filter(({ cache }) => cache.kind === "none");
  // A cookie of a key has to arrive, and the header holds all of them.
  const withCookies = args.behaviors.filter((behavior) => cookies(behavior) > 0);
  const anonymous = (ref: string, expression: string, headers: RemovedHeaders): Rule => ({
    ref,
    description: "who asks does not matter where the answer is for everybody",
    expression,
    action: "rewrite",
    actionParameters: { headers },
  });
  // The bucket has no use for the secret.
  const elsewhere = inBucket(args.behaviors).length === 0 ? "" : ` and not ${bucketCondition(args)}`;
  return [
    {
      ref: "origin_lock",
      description: "the load balancer answers nobody else",
      expression: `${hostCondition(args.hosts)}${elsewhere}`,
      action: "rewrite",
      actionParameters: {
        headers: { [headerName]: { operation: "set", value: pulumi.secret(headerValue) } },
      },
    },
    anonymous("anonymous", allBut(args, [...passedOn, ...withCookies]), {
      Authorization: remove,
      Cookie: remove,
    }),
    ...(withCookies.length === 0
      ? []
      : [anonymous("anonymous_but_for_cookies", anyClass(args, withCookies), { Authorization: remove })]),
  ];
}

function headerRules(args: Args): Rule[] {
  const set = (value: string): { operation: string; value: string } => ({ operation: "set", value });
  const owned = args.behaviors.filter((behavior) => edgeSetsHeaders(args, behavior));
  if (owned.length === 0) return [];
  const everything = owned.length === args.behaviors.length;
  const expression = everything ? hostCondition(args.hosts) : anyClass(args, owned);
  const headers = { ...SECURITY_HEADERS, [HSTS.name]: HSTS.value };
  return [
    {
      ref: "security_headers",
      description: "security headers, the same as the proxy's",
      expression,
      action: "rewrite",
      actionParameters: {
        headers: {
          ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, set(value)])),
          "X-Powered-By": { operation: "remove" },
        },
      },
    },
    {
      ref: "content_security_policy",
      description: "a policy where the service has none",
      expression: `${expression} and len(http.response.headers["content-security-policy"]) eq 0`,
      action: "rewrite",
      actionParameters: { headers: { "Content-Security-Policy": set(FALLBACK_POLICY) } },
    },
  ];
}
