/** The page's script and looks of its charts as text, so that the page asks nobody for anything. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { buildSync } from "esbuild";

import { ROOT } from "../../cli/paths";

/** client.ts with uPlot, in one piece. */
export function clientScript(): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(__dirname, "client.ts")],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    legalComments: "none",
    write: false,
  });
  return outputFiles[0]?.text.trim() ?? "";
}

/** uPlot's own style sheet. */
export function chartStyles(): string {
  return readFileSync(join(ROOT, "node_modules", "uplot", "dist", "uPlot.min.css"), "utf8");
}
