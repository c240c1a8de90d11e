/**
 * Reads from the installed SDKs which properties a resource type has, which of them are required and of what kind they
 * are. `node -r ts-node/register/transpile-only scripts/cloud-models/shapes.ts` writes the tables again, after a new
 * version of an SDK or a new type in `types.ts`; a spec says when that is due.
 */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import ts from "typescript";

import type { ShapeTable } from "../../sandbox/providers/clouds/tables";
import { TYPES } from "./types";

const ROOT = join(__dirname, "..", "..");
const TABLES = join(ROOT, "sandbox", "providers", "clouds", "tables");

export const PACKAGES = ["aws", "gcp", "cloudflare", "mongodbatlas"] as const;

type Package = (typeof PACKAGES)[number];

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2022, false);
}

/** Interfaces of `types/input.d.ts` by `namespace.Name`. */
function inputShapes(folder: string): Map<string, ts.InterfaceDeclaration> {
  const found = new Map<string, ts.InterfaceDeclaration>();
  const collect = (statements: readonly ts.Statement[], prefix: string): void => {
    for (const statement of statements) {
      if (ts.isInterfaceDeclaration(statement)) found.set(`${prefix}${statement.name.text}`, statement);
      else if (ts.isModuleDeclaration(statement) && statement.body && ts.isModuleBlock(statement.body)) {
        collect(statement.body.statements, `${prefix}${statement.name.text}.`);
      }
    }
  };
  collect(parse(join(folder, "types", "input.d.ts")).statements, "");
  return found;
}

/** The `…Args` of a resource type, whose file is named after it in one spelling or another. */
function argsOf(folder: string, type: string): ts.InterfaceDeclaration {
  const [, module = "", name = ""] = type.split(":");
  const directory = join(folder, module.startsWith("index/") ? "" : (module.split("/")[0] ?? ""));
  const wanted = `${module.split("/")[1] ?? ""}.d.ts`.toLowerCase();
  const file = readdirSync(directory).find((entry) => entry.toLowerCase() === wanted);
  const statements: readonly ts.Statement[] =
    file === undefined ? [] : parse(join(directory, file)).statements;
  const args = statements
    .filter(ts.isInterfaceDeclaration)
    .find(({ name: its }) => its.text === `${name}Args`);
  if (args === undefined) throw new Error(`the SDK has no ${type}`);
  return args;
}

function nameOf(name: ts.EntityName | ts.Expression): string {
  if (ts.isIdentifier(name)) return name.text;
  if (ts.isQualifiedName(name)) return `${nameOf(name.left)}.${name.right.text}`;
  return "";
}

class Reader {
  readonly shapes: Record<string, Record<string, string>> = {};
  private readonly known: Map<string, ts.InterfaceDeclaration>;

  constructor(folder: string) {
    this.known = inputShapes(folder);
  }

  properties(declaration: ts.InterfaceDeclaration): Record<string, string> {
    const entries = declaration.members.filter(ts.isPropertySignature).map((member): [string, string] => {
      const name = ts.isIdentifier(member.name) || ts.isStringLiteral(member.name) ? member.name.text : "";
      const kind = member.type === undefined ? "any" : this.kind(member.type);
      return [name, `${member.questionToken === undefined ? "!" : ""}${kind}`];
    });
    return Object.fromEntries(entries);
  }

  private kind(node: ts.TypeNode): string {
    if (ts.isParenthesizedTypeNode(node)) return this.kind(node.type);
    if (ts.isArrayTypeNode(node)) return `[]${this.kind(node.elementType)}`;
    if (ts.isUnionTypeNode(node)) {
      const kinds = node.types
        .filter(({ kind }) => kind !== ts.SyntaxKind.UndefinedKeyword)
        .map((type) => this.kind(type));
      // A text that may as well be given as an object reaches the provider as either.
      return new Set(kinds).size === 1
        ? (kinds[0] ?? "any")
        : kinds.every((kind) => kind === "string")
          ? "string"
          : "any";
    }
    if (ts.isTypeLiteralNode(node)) {
      const index = node.members.find(ts.isIndexSignatureDeclaration);
      return index === undefined ? "any" : `{}${this.kind(index.type)}`;
    }
    if (node.kind === ts.SyntaxKind.StringKeyword) return "string";
    if (node.kind === ts.SyntaxKind.NumberKeyword) return "number";
    if (node.kind === ts.SyntaxKind.BooleanKeyword) return "boolean";
    return ts.isTypeReferenceNode(node) ? this.reference(node) : "any";
  }

  private reference(node: ts.TypeReferenceNode): string {
    const name = nameOf(node.typeName);
    const [inner] = node.typeArguments ?? [];
    if (name === "pulumi.Input" && inner !== undefined) return this.kind(inner);
    if (name.startsWith("enums.")) return "string";
    if (!name.startsWith("inputs.")) return /^[A-Z]/.test(name) ? "string" : "any";
    const shape = name.slice("inputs.".length);
    const declaration = this.known.get(shape);
    if (declaration === undefined) return "any";
    if (this.shapes[shape] === undefined) {
      this.shapes[shape] = {};
      this.shapes[shape] = this.properties(declaration);
    }
    return `#${shape}`;
  }
}

/** What the installed SDK of one cloud says of the types of `types.ts`. */
export function shapeTable(cloud: Package): ShapeTable {
  const folder = join(ROOT, "node_modules", "@pulumi", cloud);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  const reader = new Reader(folder);
  const types = TYPES.filter((type) => type.startsWith(`${cloud}:`));
  const resources = Object.fromEntries(types.map((type) => [type, reader.properties(argsOf(folder, type))]));
  const shapes = Object.fromEntries(Object.entries(reader.shapes).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { source: `@pulumi/${cloud} ${version}, the types of its arguments`, resources, shapes };
}

export function shapeTablePath(cloud: Package): string {
  return join(TABLES, `${cloud}.shapes.json`);
}

if (require.main === module) {
  for (const cloud of PACKAGES) {
    writeFileSync(shapeTablePath(cloud), `${JSON.stringify(shapeTable(cloud), undefined, 1)}\n`);
  }
}
