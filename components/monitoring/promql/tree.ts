/** Trees of PromQL by Prometheus's own grammar for editors, with what belongs to a selector at the selector. */
import { parser } from "@prometheus-io/lezer-promql";

type SyntaxNode = ReturnType<typeof parser.parse>["topNode"];

/** A part of an expression. */
export interface Tree {
  /** As the grammar calls it: `FunctionCall`. */
  readonly name: string;
  /** Characters from the begin, from 0 on. */
  readonly from: number;
  readonly to: number;
  readonly parts: readonly Tree[];
}

/** What comes after a selector, and belongs to it alone. */
const SUFFIXED = [
  "OffsetExpr",
  "MatrixSelector",
  "SubqueryExpr",
  "StepInvariantExpr",
  "AnchoredExpr",
  "SmoothedExpr",
];
const LOOSER = ["BinaryExpr", "UnaryExpr"];

/** The tree of a text, or the place at which it is none. */
export function treeOf(text: string): { readonly tree: Tree } | { readonly wrongAt: number } {
  const top = parser.parse(text).topNode;
  let wrongAt: number | undefined;
  top.cursor().iterate((node) => {
    if (node.type.isError) wrongAt ??= node.from;
  });
  const first = parts(top).find(({ name }) => name !== "LineComment");
  if (wrongAt !== undefined || first === undefined) return { wrongAt: wrongAt ?? 0 };
  return { tree: read(first) };
}

/**
 * The grammar, made for editors, takes `a - b offset 1h` for `(a - b) offset 1h`; Prometheus does not. So what comes after the
 * last operand moves to it.
 */
function read(node: SyntaxNode): Tree {
  const tree = { name: node.name, from: node.from, to: node.to, parts: parts(node).map(read) };
  const [of, ...rest] = tree.parts;
  return of !== undefined && SUFFIXED.includes(tree.name) ? suffixed(of, tree, rest) : tree;
}

function suffixed(of: Tree, { name, to }: Pick<Tree, "name" | "to">, rest: readonly Tree[]): Tree {
  const last = of.parts.at(-1);
  if (!LOOSER.includes(of.name) || last === undefined)
    return { name, from: of.from, to, parts: [of, ...rest] };
  return { ...of, to, parts: [...of.parts.slice(0, -1), suffixed(last, { name, to }, rest)] };
}

function parts(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== "LineComment") found.push(child);
  }
  return found;
}
