/** What makes behaviours ambiguous, unsafe or senseless, whichever CDN they are for. */
import { issue, type Issue, issueList } from "../../budget/core/issues";
import { YEAR, type EdgeBehavior } from "../../budget/edge/behaviors";
import { EVERY_PATH, covers, isPathPattern, overlap } from "../../budget/edge/path-patterns";

/** Headers that never tell two answers apart: they say who asks, or differ for everybody. */
const NOT_IN_A_KEY: Readonly<Record<string, string>> = {
  authorization: "An answer that depends on who asks belongs to behaviors.api, which is not cached.",
  cookie: "Name single cookies in key.cookies, or move the paths to behaviors.api.",
  "user-agent": "It differs for nearly everybody, so that nothing would be found; serve every client alike.",
  accept: "It differs for every browser. The format of images is negotiated by itself.",
  "accept-encoding": "Compression has a key of its own.",
  host: "It is in every key.",
};

/** Names of the query that carry signatures. They are left out of every key. */
const SIGNATURE_QUERY = ["verify", "Expires", "Signature", "Key-Pair-Id", "Policy"];

/** Everything that makes behaviours ambiguous, unsafe or senseless. An empty list means that they are sound. */
export function behaviorIssues(behaviors: readonly EdgeBehavior[]): Issue[] {
  return [...pathIssues(behaviors), ...behaviors.flatMap(cacheIssues)];
}

function pathIssues(behaviors: readonly EdgeBehavior[]): Issue[] {
  const issues: Issue[] = [];
  const all = behaviors.flatMap((behavior) =>
    behavior.paths.map((pattern, index) => ({
      pattern,
      of: behavior.class,
      property: `behaviors.${behavior.class}.paths[${index}]`,
    })),
  );
  for (const { pattern, property, of } of all) {
    if (isPathPattern(pattern) || (of === "html" && pattern === EVERY_PATH)) continue;
    issues.push(
      issue(property, pattern, {
        allowed: 'a path that begins with "/", with "*" for any characters, at most 255 long',
        fix: "Use letters, digits, _ . $ / ~ @ : + - and single stars.",
      }),
    );
  }
  // Patterns that no CDN would take cannot be compared.
  if (issues.length > 0) return issues;
  all.forEach((later, index) => {
    for (const earlier of all.slice(0, index)) {
      if (!overlap(earlier.pattern, later.pattern)) continue;
      const [wider, narrower] = [
        covers(earlier.pattern, later.pattern),
        covers(later.pattern, earlier.pattern),
      ];
      // One within the other is clear: the narrower decides. Within a class both mean the same.
      if (wider !== narrower || (!wider && earlier.of === later.of)) continue;
      issues.push(
        issue(later.property, later.pattern, {
          allowed: `a pattern that is wholly within ${earlier.property}, ${earlier.pattern}, or wholly outside of it`,
          fix: wider
            ? "Remove one of the two: only the first would ever be used."
            : "Narrow one of the two: a path that matches both has no clear owner.",
        }),
      );
    }
  });
  return issues;
}

function cacheIssues({ class: name, cache, signed }: EdgeBehavior): Issue[] {
  const at = `behaviors.${name}`;
  if (cache.kind === "none") {
    return signed
      ? [
          issue(`${at}.signed`, true, {
            allowed: "false for a class that is passed on",
            fix: "Move the paths to behaviors.media.",
          }),
        ]
      : [];
  }
  const { issues, check: checkAt } = issueList();
  const check = (ok: boolean, field: string, got: unknown, allowed: string, fix: string): void =>
    checkAt(ok, `${at}.${field}`, got, allowed, fix);
  const times = [
    "browserSeconds",
    "edgeSeconds",
    "staleWhileRevalidateSeconds",
    "staleIfErrorSeconds",
  ] as const;
  for (const field of times) {
    const least = field === "edgeSeconds" ? 1 : 0;
    const ok = Number.isInteger(cache[field]) && cache[field] >= least && cache[field] <= YEAR;
    check(
      ok,
      field,
      cache[field],
      `a whole number from ${least} to ${YEAR} (seconds)`,
      "Give whole seconds.",
    );
  }
  check(
    cache.browserSeconds <= cache.edgeSeconds,
    "browserSeconds",
    cache.browserSeconds,
    `at most edgeSeconds, ${cache.edgeSeconds} (seconds)`,
    "A copy in a browser cannot be purged, so it may not outlive the one at the edge.",
  );
  check(
    cache.staleWhileRevalidateSeconds <= cache.staleIfErrorSeconds,
    "staleWhileRevalidateSeconds",
    cache.staleWhileRevalidateSeconds,
    `at most staleIfErrorSeconds, ${cache.staleIfErrorSeconds} (seconds)`,
    "What is too old for a failing origin is too old for a working one.",
  );
  for (const header of cache.key.headers) {
    const why = NOT_IN_A_KEY[header.toLowerCase()];
    check(why === undefined, "key.headers", header, "a header that says nothing of who asks", why ?? "");
    const lower = header === header.toLowerCase();
    check(lower, "key.headers", header, "a name in lower case", `Write ${header.toLowerCase()}.`);
  }
  for (const parameter of cache.key.query) {
    const free = !SIGNATURE_QUERY.includes(parameter);
    check(
      free,
      "key.query",
      parameter,
      "a name that carries no signature",
      "Remove it: signatures are never in a key.",
    );
  }
  return issues;
}
