/** What a rendered CDN does with a request, in words that are the same for both. */
import { CACHING_DISABLED } from "../../../../components/edge/cloudfront/cloudfront-policies";
import { meets, type EdgeRequest } from "../../../helpers/cloudflare-expression";
import type { Recording } from "../../../helpers/pulumi";

export interface Treatment {
  readonly target: "service" | "assets" | "images";
  readonly cached: boolean;
  /** Parameters of the query, headers and cookies that make another answer, besides host and path. */
  readonly key: { readonly query: string[]; readonly headers: string[]; readonly cookies: string[] };
  /** `Cache-Control` of an answer that came without. */
  readonly silentOrigin: string;
  readonly methodAllowed: boolean;
  readonly needsSignature: boolean;
  /** Authorization and cookies of the client arrive at the origin. */
  readonly credentialsArrive: boolean;
  readonly answersSetCookies: boolean;
  /** Header to value, of an answer that had none. */
  readonly securityHeaders: Readonly<Record<string, string>>;
  readonly lockHeader: string;
}

type Inputs = Record<string, any>;

const SECRET_MARK = "4dabf18193072939515e22adb298388d";

/** Values as they are inside of secrets. */
export function opened(value: unknown): any {
  if (Array.isArray(value)) return value.map(opened);
  if (typeof value !== "object" || value === null) return value;
  if (SECRET_MARK in value) return opened((value as unknown as { value: unknown }).value);
  return Object.fromEntries(Object.entries(value as Inputs).map(([key, inner]) => [key, opened(inner)]));
}

const known = new WeakMap<object, any>();

/** Inputs of a resource, opened once. */
function inputsOf(resource: { readonly inputs: Inputs } | undefined): Inputs {
  if (resource === undefined) return {};
  if (!known.has(resource)) known.set(resource, opened(resource.inputs));
  return known.get(resource) as Inputs;
}

function sortedDirectives(text: string): string {
  return text.split(", ").sort().join(", ");
}

export function cloudFrontTreatment(recording: Recording, request: EdgeRequest): Treatment {
  const distribution = inputsOf(recording.only("aws:cloudfront/distribution:Distribution"));
  const ordered = distribution["orderedCacheBehaviors"] as Inputs[];
  const behavior =
    ordered.find(({ pathPattern }) => matches(String(pathPattern), request.path)) ??
    (distribution["defaultCacheBehavior"] as Inputs);
  const made = (type: string, id: string): Inputs =>
    recording.ofType(type).find(({ name }) => `${name}-id` === id)?.inputs ?? {};
  const cached = behavior["cachePolicyId"] !== CACHING_DISABLED;
  const policy = made("aws:cloudfront/cachePolicy:CachePolicy", behavior["cachePolicyId"] as string);
  const key = (policy["parametersInCacheKeyAndForwardedToOrigin"] ?? {}) as Inputs;
  const headers = made(
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
    (behavior["responseHeadersPolicyId"] ?? "") as string,
  );
  const custom = (headers["customHeadersConfig"]?.items ?? []) as Inputs[];
  const removed = ((headers["removeHeadersConfig"]?.items ?? []) as Inputs[]).map(({ header }) => header);
  const security = headers["securityHeadersConfig"] as Inputs | undefined;
  const named: Record<string, string> =
    security === undefined
      ? {}
      : {
          "X-Content-Type-Options": "nosniff",
          "X-Frame-Options": security["frameOptions"].frameOption,
          "Referrer-Policy": security["referrerPolicy"].referrerPolicy,
          "Strict-Transport-Security": `max-age=${security["strictTransportSecurity"].accessControlMaxAgeSec}; includeSubDomains`,
          "Content-Security-Policy": security["contentSecurityPolicy"].contentSecurityPolicy,
        };
  const origin = (distribution["origins"] as Inputs[]).find(
    ({ originId }) => originId === behavior["targetOriginId"],
  );
  return {
    target: ["assets", "images"].includes(String(behavior["targetOriginId"]))
      ? (behavior["targetOriginId"] as "assets" | "images")
      : "service",
    cached,
    key: {
      query: [...(key["queryStringsConfig"]?.queryStrings?.items ?? [])].sort(),
      headers: (key["headersConfig"]?.headers?.items ?? []).filter((header: string) => header !== "host"),
      cookies: key["cookiesConfig"]?.cookies?.items ?? [],
    },
    silentOrigin: sortedDirectives(
      String(custom.find(({ header }) => header === "Cache-Control")?.["value"] ?? ""),
    ),
    methodAllowed: (behavior["allowedMethods"] as string[]).includes(request.method ?? "GET"),
    needsSignature: behavior["trustedKeyGroups"] !== undefined,
    credentialsArrive: behavior["originRequestPolicyId"] !== undefined,
    answersSetCookies: !removed.includes("Set-Cookie"),
    securityHeaders: {
      ...named,
      ...Object.fromEntries(
        custom.filter(({ header }) => header !== "Cache-Control").map(({ header, value }) => [header, value]),
      ),
    },
    lockHeader: origin?.["customHeaders"]?.[0]?.value ?? "",
  };
}

function matches(pattern: string, path: string): boolean {
  return new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`).test(path);
}

export function cloudflareTreatment(recording: Recording, request: EdgeRequest): Treatment {
  const rules = (phase: string): Inputs[] => {
    const ruleset = recording
      .ofType("cloudflare:index/ruleset:Ruleset")
      .find(({ inputs }) => inputs["phase"] === phase);
    const all = (inputsOf(ruleset)["rules"] ?? []) as Inputs[];
    return all.filter(({ expression }) => meets(String(expression), request));
  };
  const [cache, ...more] = rules("http_request_cache_settings");
  if (cache === undefined || more.length > 0)
    throw new Error(`${request.path} is of ${more.length + 1} classes`);
  const settings = cache["actionParameters"] as Inputs;
  const custom = (settings["cacheKey"]?.customKey ?? {}) as Inputs;
  const afterOrigin = rules("http_response_cache_settings");
  const control = afterOrigin.find(({ action }) => action === "set_cache_control")?.["actionParameters"];
  const firewall = rules("http_request_firewall_custom").map(({ ref }) => String(ref));
  const toOrigin = Object.assign(
    {},
    ...rules("http_request_late_transform").map((rule) => rule["actionParameters"].headers as Inputs),
  ) as Inputs;
  const answer = Object.assign(
    {},
    ...rules("http_response_headers_transform").map((rule) => rule["actionParameters"].headers as Inputs),
  ) as Inputs;
  const route = recording.ofType("cloudflare:index/cloudConnectorRules:CloudConnectorRules")[0];
  const toBucket = ((route?.inputs["rules"] ?? []) as Inputs[]).some(({ expression }) =>
    meets(String(expression), request),
  );
  return {
    target: toBucket ? "assets" : "service",
    cached: settings["cache"] === true,
    key: {
      query: [...(custom["queryString"]?.include?.lists ?? [])].sort(),
      headers: custom["header"]?.includes ?? [],
      cookies: custom["cookie"]?.includes ?? [],
    },
    silentOrigin: sortedDirectives(directives((control ?? {}) as Inputs)),
    methodAllowed: !firewall.includes("methods"),
    needsSignature: firewall.some((ref) => ref.startsWith("signed_")),
    credentialsArrive: toOrigin["Authorization"]?.operation !== "remove",
    answersSetCookies: !afterOrigin.some((rule) => rule["actionParameters"].stripSetCookie === true),
    securityHeaders: Object.fromEntries(
      Object.entries(answer)
        .filter(([, { operation }]) => operation === "set")
        .map(([header, { value }]) => [header, value as string]),
    ),
    lockHeader: toOrigin["X-Origin-Lock"]?.value ?? "",
  };
}

/** The directives of a rule, written as a header. */
function directives(control: Inputs): string {
  const names: Readonly<Record<string, string>> = {
    public: "public",
    immutable: "immutable",
    maxAge: "max-age",
    sMaxage: "s-maxage",
    staleWhileRevalidate: "stale-while-revalidate",
    staleIfError: "stale-if-error",
  };
  return Object.entries(control)
    .map(([name, { value }]) => `${names[name] ?? name}${value === undefined ? "" : `=${value as number}`}`)
    .join(", ");
}
