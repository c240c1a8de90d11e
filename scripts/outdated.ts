/** `make outdated`: every pinned version beside the newest of its line and the newest at all, asked of its own registry. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { parse } from "yaml";

import { CHARTS, IMAGES } from "../components/shared/versions";
import { type Pin, type Standing, newestOf, table } from "./outdated-versions";

const ROOT = join(__dirname, "..");
/** Lists the tags of an image with whatever credentials the machine has. Pinned; the Go module proxy serves it. */
const CRANE = "github.com/google/go-containerregistry/cmd/crane@v0.20.6";
const ASK_WITHIN_MS = 120_000;

const run = promisify(execFile);

async function output(program: string, args: readonly string[], cwd = ROOT): Promise<string> {
  const { stdout } = await run(program, [...args], { cwd, timeout: ASK_WITHIN_MS, maxBuffer: 64 << 20 });
  return stdout;
}

/** npm ends with 1 when something is outdated; its answer is on stdout all the same. */
async function npmPackages(): Promise<Standing[]> {
  const answer = await output("npm", ["outdated", "--json", "--all=false"]).catch(
    (error: { stdout?: string }) => error.stdout ?? "",
  );
  type Outdated = { readonly current?: string; readonly wanted: string; readonly latest: string };
  const packages = JSON.parse(answer === "" ? "{}" : answer) as Record<string, Outdated | Outdated[]>;
  return Object.entries(packages).flatMap(([name, found]) => {
    const [first] = Array.isArray(found) ? found : [found];
    // An alias is an old version on purpose: tests of middleware run on it.
    if (first === undefined || name.includes(":")) return [];
    const { current = "not installed", wanted, latest } = first;
    return [{ kind: "npm", name, pinned: current, inLine: wanted, newest: latest }];
  });
}

async function goModules(): Promise<Standing[]> {
  const folders = readdirSync(join(ROOT, "sandbox/toolchain"), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const found = await Promise.all(
    folders.map(async ({ name: folder }) => {
      const format =
        "{{if not .Indirect}}{{if .Update}}{{.Path}} {{.Version}} {{.Update.Version}}{{end}}{{end}}";
      const lines = await output(
        "go",
        ["list", "-m", "-u", "-f", format, "all"],
        join(ROOT, "sandbox/toolchain", folder),
      );
      return lines.split("\n").filter((line) => line !== "");
    }),
  );
  return found.flat().map((line) => {
    const [name = "", pinned = "", newest = ""] = line.split(" ");
    return { kind: "go", name, pinned, inLine: newest, newest };
  });
}

async function image(reference: string): Promise<Standing> {
  const at = reference.lastIndexOf(":");
  const pin: Pin = { kind: "image", name: reference.slice(0, at), pinned: reference.slice(at + 1) };
  const tags = (await output("go", ["run", CRANE, "ls", pin.name])).split("\n");
  return { ...pin, ...newestOf(pin.pinned, tags) };
}

async function chart(pin: (typeof CHARTS)[keyof typeof CHARTS]): Promise<Standing> {
  const response = await fetch(new URL("index.yaml", pin.repository.replace(/\/?$/, "/")), {
    signal: AbortSignal.timeout(ASK_WITHIN_MS),
  });
  const index = parse(await response.text()) as { readonly entries: Record<string, { version: string }[]> };
  const versions = (index.entries[pin.chart] ?? []).map(({ version }) => version);
  return { kind: "chart", name: pin.chart, pinned: pin.version, ...newestOf(pin.version, versions) };
}

/** The last thing that a program said before it failed, or the error's own first line. */
function reasonOf(error: unknown): string {
  const { stderr = "", message = String(error) } = error as { stderr?: string; message?: string };
  const said = stderr.trim().split("\n").at(-1) ?? "";
  return said === "" ? (message.split("\n")[0] ?? message) : said;
}

async function main(): Promise<void> {
  const questions: readonly (readonly [string, () => Promise<Standing[]>])[] = [
    ["npm packages", npmPackages],
    ["Go modules of the sandbox", goModules],
    ...Object.values(IMAGES).map((one) => [one, async () => [await image(one)]] as const),
    ...Object.values(CHARTS).map((one) => [`chart ${one.chart}`, async () => [await chart(one)]] as const),
  ];
  const standings: Standing[] = [];
  const unanswered: string[] = [];
  for (const [what, ask] of questions) {
    try {
      standings.push(...(await ask()));
    } catch (error) {
      unanswered.push(`${what}: ${reasonOf(error)}`);
    }
  }
  for (const line of table(standings)) process.stdout.write(`${line}\n`);
  if (unanswered.length > 0) process.stdout.write("\nnot answered, so not known to be up to date:\n");
  for (const line of unanswered) process.stdout.write(`  ${line}\n`);
}

void main();
