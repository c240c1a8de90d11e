import assert from "node:assert/strict";

import fc from "fast-check";

import { publicIssues, type PublicPlace } from "../../../../budget/load-balancing/public-services";
import { ownerOf, routingTables, type Claim } from "../../../../budget/load-balancing/routing";

const claim = (owner: string, base: string, ...hosts: string[]): Claim<string> => ({ owner, base, hosts });

describe("tables of hosts and paths", () => {
  const claims = [
    claim("api", "/api"),
    claim("deep", "/api/v2", "a.org", "b.org"),
    claim("admin", "", "admin.org"),
    claim("users", "/admin/users"),
  ];

  it("have the longest path first, and equal hosts together", () => {
    assert.deepEqual(
      routingTables(claims).map(({ hosts, claims: found }) => [hosts, found.map(({ owner }) => owner)]),
      [
        [
          ["a.org", "b.org"],
          ["deep", "api", "users"],
        ],
        [["admin.org"], ["admin"]],
        [undefined, ["api", "users"]],
      ],
    );
  });

  it("give a request to the claim of its host before one of every host, and by whole segments", () => {
    const tables = routingTables(claims);
    const asked: [host: string, path: string, owner: string | undefined][] = [
      ["a.org", "/api/v2/x", "deep"],
      ["a.org", "/api/v22", "api"],
      ["admin.org", "/api", "admin"],
      ["c.org", "/api/v2", "api"],
      ["c.org", "/apis", undefined],
      ["c.org", "/admin/users/1", "users"],
      ["c.org", "/admin", undefined],
    ];
    for (const [host, path, owner] of asked) {
      assert.equal(ownerOf(tables, host, path), owner, `${host}${path}`);
    }
  });

  it("decide as the rule says, whatever the claims are", () => {
    const base = fc.array(fc.constantFrom("/a", "/b"), { maxLength: 3 }).map((parts) => parts.join(""));
    const host = fc.constantFrom("x.org", "y.org");
    const unique = fc.uniqueArray(fc.tuple(base, fc.option(host, { nil: "" })), {
      selector: (pair) => pair.join(),
      maxLength: 8,
    });
    fc.assert(
      fc.property(unique, host, base, (pairs, asked, path) => {
        const all = pairs.map(([of, at]) => claim(`${at}${of}`, of, ...(at === "" ? [] : [at])));
        const below = (of: string): boolean => `${path}/`.startsWith(`${of}/`);
        const best = (at: string): string | undefined =>
          pairs
            .filter(([of, its]) => its === at && below(of))
            .sort((a, b) => b[0].length - a[0].length)
            .map(([of]) => `${at}${of}`)[0];
        assert.equal(ownerOf(routingTables(all), asked, path), best(asked) ?? best(""));
      }),
    );
  });
});

describe("services that are public together", () => {
  const issues = (...places: PublicPlace[]): string[] =>
    publicIssues(places, { routes: [{ path: "/socket.io/" }], reserved: ["/healthz"] }).map(
      ({ service, path, got, allowed }) => `${service} ${path.join(".")}: got ${got}; allowed is ${allowed}`,
    );

  it("may share hosts and nest paths", () => {
    assert.deepEqual(
      issues(
        { name: "a", paths: ["/api"] },
        { name: "b", paths: ["/api/v2"] },
        { name: "c", hosts: ["c.org"], paths: ["/api"], routes: [{ path: "/api/live" }] },
        { name: "d", hosts: ["c.org"] },
        { name: "e", hosts: ["e.org"], paths: ["/socket.io"] },
      ),
      [],
    );
  });

  it("cannot have the same path of the same host, or one that stays open for the proxy's own service", () => {
    assert.deepEqual(
      issues(
        { name: "a", paths: ["/api/"] },
        { name: "b", paths: ["/api", "/healthz"] },
        { name: "c", hosts: ["c.org", "d.org"] },
        { name: "d", hosts: ["d.org"], routes: [{ path: "/live" }] },
        { name: "e", paths: ["/socket.io/v2", "/socket.io"] },
        { name: "f" },
        { name: "g", paths: ["/g", "/g/"], routes: [{ path: "/h" }] },
      ),
      [
        'b paths.1: got "/healthz"; allowed is a path other than /healthz, which the proxy answers',
        'b paths.0: got "/api"; allowed is a host and path that a has not: /api of every host',
        'd hosts.0: got "d.org"; allowed is a host and path that c has not: all of d.org',
        'e paths.0: got "/socket.io/v2"; allowed is a path that does not overlap with /socket.io/ of loadBalancer.routes',
        'e paths.1: got "/socket.io"; allowed is a path that does not overlap with /socket.io/ of loadBalancer.routes',
        "f : got no hosts and no paths; allowed is hosts, paths, or both",
        'g paths.1: got "/g"; allowed is each of them once',
        'g routes.0.path: got "/h"; allowed is a path below /g or /g',
      ],
    );
  });
});
