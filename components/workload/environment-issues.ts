/** Variables that a service may not be given, because of their name or of what is in them. */
import { issue, type Issue } from "../../budget/core/issues";
import { TRACING_VARIABLES } from "../../budget/service/tracing";
import { urlVariable, variablePrefix } from "./service-environment";

/** What the variables of a service are derived from, besides its own keys. */
export interface DerivedFrom {
  /** Names of the caches it uses. */
  readonly caches: readonly string[];
  readonly database: boolean;
  readonly urlSigning: boolean;
  /** Names of the services it calls. @default none */
  readonly calls?: readonly string[];
  /** The stack has traces. @default false */
  readonly tracing?: boolean;
}

/** By variable, the key of the service that decides it. `NODE_ENV` is free, and `NODE_OPTIONS` is added to. */
const ALWAYS: ReadonlyMap<string, string> = new Map([
  ["PORT", "port"],
  ["REQUEST_TIMEOUT_MS", "maxRequestSeconds"],
  ["DATABASE_TIMEOUT_MS", "maxRequestSeconds"],
  ["KEEP_ALIVE_TIMEOUT_MS", "maxRequestSeconds"],
  ["SHUTDOWN_TIMEOUT_MS", "maxRequestSeconds"],
  ["HTTP_DURATION_BUCKETS_SECONDS", "budget"],
]);

const OF_A_CACHE =
  /^(HOST|PORT|POOL_SIZE|USER|USERNAME|PASSWORD|TLS|CA|SENTINELS|SENTINEL_MASTER|SENTINEL_PASSWORD)$/;
const OF_THE_DATABASE =
  /^MONGODB_(URI|MAX_POOL_SIZE|MIN_POOL_SIZE|MAX_CONNECTING|WAIT_QUEUE_TIMEOUT_MS|READ_REPLICA_TAGS|SLOW_QUERY_MS)$/;
const OF_SIGNING = /^CDN_(PROVIDER|SIGNING_KEY|SIGNING_KEY_ID|SIGNED_SECONDS)$/;

/** The key of the service that a variable is derived from; undefined when it is the caller's. */
export function derivedFrom(variable: string, uses: DerivedFrom): string | undefined {
  const cache = uses.caches.find((name) => {
    const prefix = `${variablePrefix(name)}_`;
    return variable.startsWith(prefix) && OF_A_CACHE.test(variable.slice(prefix.length));
  });
  if (cache !== undefined) return `caches.${cache}`;
  if (variable === "NODE_EXTRA_CA_CERTS" && uses.caches.length > 0) return "caches";
  if (uses.calls?.some((callee) => variable === urlVariable(callee)) === true) return "calls";
  if (uses.database && OF_THE_DATABASE.test(variable)) return "database";
  if (uses.urlSigning && OF_SIGNING.test(variable)) return "signsUrls";
  if (uses.tracing === true && TRACING_VARIABLES.includes(variable)) return "retrofitlink:tracing";
  return ALWAYS.get(variable);
}

const NOT_DERIVED = "a variable that is not derived";

/** What a process may not be told, since the memory of the pod is planned for it. */
const HEAP = /--(max|min)[-_](old|semi|heap)[-_]/;

/** Ends of names that promise a secret. */
const SECRET_NAME =
  /(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRETS|TOKEN|KEY|APIKEY|CREDENTIAL|CREDENTIALS|SALT|PEPPER)$|_(PASS|PWD)$/i;
/** Keys that are no secret, by the word before. */
const PUBLIC_NAME = /(^|_)(PUBLIC|PUBLISHABLE|SITE|CACHE|PARTITION|SORT|ROUTING|PRIMARY|FOREIGN|SHARD)_KEY$/i;

/** A password in a URL, unless another variable stands for it: `mongodb://app:$(DB_PASSWORD)@host`. */
const IN_A_URL = /\b[a-z][a-z0-9+.-]*:\/\/[^\s/?#@:]*:(?!\$\([A-Za-z_]\w*\)@)[^\s/?#]+@/i;

/** What reads like a secret by itself. */
const SECRET_VALUES: readonly RegExp[] = [
  IN_A_URL,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /(^|[;&?\s])(password|pwd|sharedaccesskey|accountkey|secret|access_token|api_?key)\s*=\s*(?!\$\()[^\s;&]+/i,
  /\bhooks\.slack\.com\/(services|workflows|triggers)\/\S+/i,
  /\bdiscord(app)?\.com\/api\/webhooks\/\S+/i,
  /\bwebhook\.office\.com\/\S+/i,
  /^(bearer|basic) \S{8,}$/i,
  // What the issuers of tokens let them begin with.
  /\b(AKIA|ASIA)[0-9A-Z]{16}\b/,
  /\b(gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|npm_\w{30,})/,
  /\b(sk|rk)_(live|test)_\w{10,}/,
  /\bsk-[\w-]{20,}/,
  /\bxox[a-z]-[\w-]{10,}/,
  /\bAIza[\w-]{35}/,
  /\bSG\.[\w-]{16,}\.[\w-]{16,}/,
  /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\./,
];

/** Whether a variable of this name is one that holds a secret. */
export function namesASecret(variable: string): boolean {
  return SECRET_NAME.test(variable) && !PUBLIC_NAME.test(variable);
}

/** True for what no name and no text makes a secret of: nothing, a switch, another variable. */
function isHarmless(value: string): boolean {
  return /^(true|false|\$\([A-Za-z_]\w*\))?$/.test(value);
}

function holdsASecret(name: string, value: unknown): boolean {
  if (typeof value !== "string") return false;
  if (SECRET_VALUES.some((pattern) => pattern.test(value))) return true;
  return namesASecret(name) && !isHarmless(value) && !value.includes("BEGIN PUBLIC KEY");
}

/**
 * What is wrong with the variables of a service. No value is ever in an issue.
 *
 * @param environment values as they were given; those that are computed are not judged
 * @param secretEnvironment names of the variables that come from Secrets
 */
export function environmentIssues(
  environment: Readonly<Record<string, unknown>>,
  secretEnvironment: readonly string[],
  uses: DerivedFrom,
): Issue[] {
  const derived = (block: string, names: readonly string[]): Issue[] =>
    names.flatMap((name) => {
      const from = derivedFrom(name, uses);
      if (from === undefined) return [];
      return issue([block, name], name, {
        allowed: NOT_DERIVED,
        fix: `Remove it, and change ${from}, from which it follows.`,
      });
    });
  const secrets = Object.entries(environment)
    .filter(([name, value]) => derivedFrom(name, uses) === undefined && holdsASecret(name, value))
    .map(([name]) => ({
      path: ["environment", name],
      got: "what reads like a secret",
      allowed: "what everybody may read",
      fix: `Put it into a Secret of the namespace, and name that in secretEnvironment.${name}: { name, key }.`,
    }));
  const twice = secretEnvironment
    .filter((name) => Object.hasOwn(environment, name))
    .map((name) =>
      issue(["secretEnvironment", name], name, {
        allowed: "a variable that environment does not set",
        fix: "Remove it from one of the two.",
      }),
    );
  const options = environment["NODE_OPTIONS"];
  const heap =
    typeof options === "string" && HEAP.test(options)
      ? [
          issue(["environment", "NODE_OPTIONS"], options, {
            allowed: "options other than the sizes of the heap",
            fix: "Change resources.memoryMiB, from which they follow; other options are added to them.",
          }),
        ]
      : [];
  const hidden = secretEnvironment.includes("NODE_OPTIONS")
    ? [
        issue(["secretEnvironment", "NODE_OPTIONS"], "NODE_OPTIONS", {
          allowed: NOT_DERIVED,
          fix: "Put it into environment: it is added to the sizes of the heap.",
        }),
      ]
    : [];
  return [
    ...derived("environment", Object.keys(environment)),
    ...derived("secretEnvironment", secretEnvironment),
    ...secrets,
    ...twice,
    ...heap,
    ...hidden,
  ];
}
