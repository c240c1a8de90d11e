/** Versions of the servers that specs run on: the system's own, and those that are deployed, where they were unpacked. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** `openssl` is a client, of the same library as the servers beside it. */
export type ServerKind = "nginx" | "haproxy" | "redis" | "openssl" | "mtail" | "blackbox";

/** One version of one server. */
export interface Program {
  /** For sentences: `nginx 1.30.6`, or `nginx` for the system's own. */
  readonly name: string;
  /** Path of the program; a bare name is looked up in PATH. */
  readonly path: string;
  /** It is of the line that is deployed, newer than the system's. */
  readonly deployed: boolean;
}

const NAMES = {
  nginx: "nginx",
  haproxy: "HAProxy",
  redis: "Redis",
  openssl: "OpenSSL",
  mtail: "mtail",
  blackbox: "blackbox exporter",
} as const;

/** Debian keeps proxies where only root's PATH leads. */
const SYSTEM = {
  nginx: "/usr/sbin/nginx",
  haproxy: "/usr/sbin/haproxy",
  redis: "redis-server",
  openssl: "openssl",
  mtail: "mtail",
  blackbox: "prometheus-blackbox-exporter",
} as const;

/** As scripts/deployed-programs.sh calls them. */
const DEPLOYED = {
  nginx: { program: "nginx", package: "nginx" },
  haproxy: { program: "haproxy", package: "haproxy" },
  redis: { program: "redis-server", package: "valkey" },
  openssl: { program: "openssl", package: "openssl" },
  mtail: { program: "mtail", package: "mtail" },
  blackbox: { program: "prometheus-blackbox-exporter", package: "prometheus-blackbox-exporter" },
} as const;

const PLACE = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "retrofitlink/deployed/current",
);

/** Every version of a server that is on this machine, the system's own first. */
export function programs(kind: ServerKind): Program[] {
  const own = { name: NAMES[kind], path: SYSTEM[kind], deployed: false };
  const versions = join(PLACE, "versions");
  if (!existsSync(versions)) return [own];
  const { program, package: name } = DEPLOYED[kind];
  const [, version = "deployed"] =
    new RegExp(`\\b${name}-([\\d.]+)`).exec(readFileSync(versions, "utf8")) ?? [];
  const shown = kind === "redis" ? "Valkey" : NAMES[kind];
  return [own, { name: `${shown} ${version}`, path: join(PLACE, "bin", program), deployed: true }];
}

/**
 * Versions that specs of a proxy run on: the deployed one, or the system's own where none was unpacked. With
 * EVERY_VERSION in the environment both, as `make test-nightly` has it.
 */
export function testedVersions(kind: ServerKind): Program[] {
  const all = programs(kind);
  return process.env["EVERY_VERSION"] === undefined ? all.slice(-1) : all;
}

const chosen = new Map<ServerKind, Program>();

/** The version that the spec which runs now is about. @default the system's own */
export function program(kind: ServerKind): Program {
  return chosen.get(kind) ?? { name: NAMES[kind], path: SYSTEM[kind], deployed: false };
}

/** The deployed version. @throws Error that says how to get it: the system's own is too old for what is tested */
export function deployedProgram(kind: ServerKind): string {
  const found = programs(kind).find(({ deployed, path }) => deployed && existsSync(path));
  if (found !== undefined) return found.path;
  throw new Error(
    `${NAMES[kind]} is not unpacked; next: make deployed-programs, and run the same command again`,
  );
}

/** A PATH in which the tools of that version come first: `redis-cli` beside its server. */
export function programPath(kind: ServerKind): string {
  const { path, deployed } = program(kind);
  const before = deployed ? `${join(path, "..")}${delimiter}` : "";
  return `${before}${process.env["PATH"] ?? ""}`;
}

/** Declares the same specs for each version that is tested. */
export function onEveryVersion(kind: ServerKind, specs: (program: Program) => void): void {
  for (const one of testedVersions(kind)) onVersion(kind, one, specs);
}

/** Declares specs that run on one version. */
export function onVersion(kind: ServerKind, one: Program, specs: (program: Program) => void): void {
  describe(`on ${one.name}`, () => {
    before(() => void chosen.set(kind, one));
    after(() => void chosen.delete(kind));
    specs(one);
  });
}
