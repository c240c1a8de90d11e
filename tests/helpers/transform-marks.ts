/** Marks every child that a component's `transform` reaches, and finds every place of components/ that makes a child. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import ts from "typescript";

import { ROOT } from "../../cli/paths";

const MARK = "reached by ";

interface Metadata {
  readonly metadata?: pulumi.Input<{ readonly annotations?: Readonly<Record<string, pulumi.Input<string>>> }>;
}

/** Marks the options of a child, and the arguments where these have a place for it: annotations of Kubernetes. */
const marking =
  (path: string) =>
  (args: Metadata, opts: pulumi.CustomResourceOptions): object => {
    opts.ignoreChanges = [...(opts.ignoreChanges ?? []), MARK + path];
    if (!("metadata" in args)) return args;
    const metadata = pulumi
      .output(args.metadata)
      .apply((known) => ({ ...known, annotations: { ...known?.annotations, mark: MARK + path } }));
    return { ...args, metadata };
  };

/** A `transform` with an entry for whatever a component looks for, each of which marks what it reaches. */
export function everywhere(path = ""): any {
  return new Proxy(marking(path), {
    get: (_, key) => (typeof key === "string" ? everywhere(path === "" ? key : `${path}.${key}`) : undefined),
  });
}

/** A child, as its constructor was called. */
export interface BuiltChild {
  readonly type: string;
  readonly name: string;
  /** `components/caching/redis/redis.ts:136`, or undefined where it was made elsewhere. */
  readonly site: string | undefined;
  /** Entries of the `transform` that reached it. */
  readonly reachedBy: readonly string[];
}

/** Options of a component that tell what it makes. */
export function watching(seen: BuiltChild[]): pulumi.ComponentResourceOptions {
  const watch: pulumi.ResourceTransformation = ({ type, name, opts }) => {
    // Whether a resource is a component it knows only later.
    if (!type.startsWith("retrofitlink:")) {
      const marks = (opts as pulumi.CustomResourceOptions).ignoreChanges ?? [];
      const reachedBy = marks.filter((mark) => mark.startsWith(MARK)).map((mark) => mark.slice(MARK.length));
      seen.push({ type, name, site: callingSite(), reachedBy });
    }
    return undefined;
  };
  return { transformations: [watch] };
}

/** The line of components/ from which a resource is being constructed. */
function callingSite(): string | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  const lines = (new Error().stack ?? "").split("\n");
  Error.stackTraceLimit = stackTraceLimit;
  for (const line of lines) {
    const [, file = "", number = ""] = /\(?(\/[^():]+\.ts):(\d+):\d+\)?$/.exec(line) ?? [];
    const path = relative(ROOT, file);
    if (path.startsWith("components/")) return `${path}:${number}`;
  }
  return undefined;
}

/** `file:line` of every `new` of a provider's class in components/. */
export function childSites(): string[] {
  const listed = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "components"],
    {
      cwd: ROOT,
      encoding: "utf8",
    },
  );
  return listed
    .split("\n")
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) => sitesIn(path, readFileSync(join(ROOT, path), "utf8")));
}

function sitesIn(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const classes = new Set(source.statements.filter(ts.isImportDeclaration).flatMap(namesOfProviders));
  const sites: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && classes.has(rootOf(node.expression))) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      sites.push(`${path}:${line + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return sites;
}

/** Names that an import takes from an SDK of a provider. */
function namesOfProviders({ moduleSpecifier, importClause }: ts.ImportDeclaration): string[] {
  const from = ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : "";
  if (!/^@pulumi\/(?!pulumi(\/|$))/.test(from) || importClause === undefined) return [];
  const { name, namedBindings } = importClause;
  if (namedBindings === undefined) return name === undefined ? [] : [name.text];
  return ts.isNamespaceImport(namedBindings)
    ? [namedBindings.name.text]
    : namedBindings.elements.map((element) => element.name.text);
}

/** `k8s` of `k8s.core.v1.Secret`. */
function rootOf(expression: ts.Expression): string {
  return ts.isPropertyAccessExpression(expression) ? rootOf(expression.expression) : expression.getText();
}
