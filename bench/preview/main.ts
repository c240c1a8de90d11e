/** `make bench-preview`: previews of growing stacks beside a flat program, and the program's share beside cdk8s-plus. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { removeCluster, startCluster } from "../../sandbox/cluster/cluster";
import { ROOT } from "../../cli/paths";
import { alone, clusterParts, prepareToolchain } from "../../sandbox/sandbox";
import { measure, type Measurement } from "./measure";

const SIZES = (process.env["BENCH_SIZES"] ?? "10,100,1000").split(",").map(Number);
const FOLDER = join(ROOT, "build", "bench", "preview");
const CLUSTER = "bench";
const MOST_TIMES_FLAT = 1.2;
const MOST_TIMES_CDK8S = 1.5;

/** Small stacks are measured more often, for there the noise is largest. The fastest run counts. */
function repetitions(size: number): number {
  return size <= 10 ? 5 : size <= 100 ? 3 : 1;
}

const TS_NODE = ["-r", "ts-node/register/transpile-only"];

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

interface Project {
  readonly runtime: { readonly name: string; readonly options: Readonly<Record<string, unknown>> };
}

/** A project whose program is one of the bench's. */
function project(name: string, main: string): string {
  const directory = join(FOLDER, name);
  mkdirSync(directory, { recursive: true });
  // Both sides run as the program itself does.
  const { runtime: own } = parse(readFileSync(join(ROOT, "Pulumi.yaml"), "utf8")) as Project;
  const runtime = { ...own, options: { ...own.options, tsconfig: join(ROOT, "tsconfig.json") } };
  // The program lies in the checkout: its package.json and tsconfig.json count.
  const project = { name: `bench-${name}`, runtime, main: join("../../../..", "bench/preview", main) };
  writeFileSync(join(directory, "Pulumi.yaml"), JSON.stringify(project));
  writeFileSync(join(directory, "Pulumi.bench.yaml"), "config: {}\n");
  return directory;
}

interface Side {
  readonly seconds: number;
  readonly peakMiB: number;
}

function best(runs: readonly Measurement[]): Side {
  return {
    seconds: Math.min(...runs.map(({ seconds }) => seconds)),
    peakMiB: Math.min(...runs.map(({ peakMiB }) => peakMiB)),
  };
}

interface PreviewRow {
  readonly services: number;
  readonly resources: number;
  readonly platform: Side;
  readonly flat: Side;
}

/** Both sides in turns, so that a slow moment of the machine meets both. */
async function previews(services: number, pulumi: string, kubeconfig: string): Promise<PreviewRow> {
  const resourcesFile = join(FOLDER, `resources-${services}.json`);
  process.env["BENCH_SERVICES"] = String(services);
  process.env["BENCH_RESOURCES"] = resourcesFile;
  const run = (directory: string, ...more: string[]): Promise<Measurement> =>
    measure(process.execPath, [
      ...TS_NODE,
      join(__dirname, "run-preview.ts"),
      directory,
      pulumi,
      kubeconfig,
      ...more,
    ]);
  const platformProject = project("platform", "platform-program.ts");
  const flatProject = project("flat", "flat-main.ts");
  const platform: Measurement[] = [];
  const flat: Measurement[] = [];
  for (let i = 0; i < repetitions(services); i++) {
    platform.push(await run(platformProject, resourcesFile));
    flat.push(await run(flatProject));
  }
  return { services, resources: Number(platform[0]?.stdout), platform: best(platform), flat: best(flat) };
}

interface ShareRow {
  readonly services: number;
  readonly platformSeconds: number;
  readonly platformResources: number;
  /** The SDK's floor: the same resources as literal data. */
  readonly flatSeconds: number;
  readonly cdk8sSeconds: number;
  readonly cdk8sObjects: number;
}

async function shares(services: number): Promise<ShareRow> {
  process.env["BENCH_SERVICES"] = String(services);
  const run = async (file: string): Promise<readonly [number, number]> => {
    const { stdout } = await measure(process.execPath, [...TS_NODE, join(__dirname, file)]);
    const [seconds = NaN, count = NaN] = stdout.trim().split(" ").map(Number);
    return [seconds, count];
  };
  const platform: (readonly [number, number])[] = [];
  const flat: (readonly [number, number])[] = [];
  const cdk8s: (readonly [number, number])[] = [];
  for (let i = 0; i < repetitions(services); i++) {
    platform.push(await run("share-platform.ts"));
    flat.push(await run("share-flat.ts"));
    cdk8s.push(await run("share-cdk8s.ts"));
  }
  return {
    services,
    platformSeconds: Math.min(...platform.map(([seconds]) => seconds)),
    platformResources: platform[0]?.[1] ?? NaN,
    flatSeconds: Math.min(...flat.map(([seconds]) => seconds)),
    cdk8sSeconds: Math.min(...cdk8s.map(([seconds]) => seconds)),
    cdk8sObjects: cdk8s[0]?.[1] ?? NaN,
  };
}

/** Seconds for one more service between two sizes: on a straight line it is the same everywhere. */
function slopes(rows: readonly PreviewRow[]): number[] {
  return rows.slice(1).map((row, i) => {
    const before = rows[i] ?? row;
    return (row.platform.seconds - before.platform.seconds) / (row.services - before.services);
  });
}

function report(previewRows: readonly PreviewRow[], shareRows: readonly ShareRow[]): boolean {
  print("\npreview            platform            flat program         ratio");
  for (const { services, resources, platform, flat } of previewRows) {
    const side = ({ seconds, peakMiB }: Side): string =>
      `${seconds.toFixed(1).padStart(6)} s ${peakMiB.toFixed(0).padStart(5)} MiB`;
    const ratio = `${(platform.seconds / flat.seconds).toFixed(2)} time, ${(platform.peakMiB / flat.peakMiB).toFixed(2)} memory`;
    print(
      `${String(services).padStart(5)} (${String(resources).padStart(5)} res.) ${side(platform)}   ${side(flat)}   ${ratio}`,
    );
  }
  print(
    `seconds for one more service: ${slopes(previewRows)
      .map((slope) => slope.toFixed(3))
      .join(", ")}`,
  );
  print("\nagainst mocks, without the engine, in seconds");
  print(
    "services   platform   flat (the SDK's floor)   platform - flat   cdk8s-plus   platform / cdk8s-plus",
  );
  for (const row of shareRows) {
    const columns = [
      String(row.services).padStart(8),
      row.platformSeconds.toFixed(2).padStart(8),
      row.flatSeconds.toFixed(2).padStart(22),
      (row.platformSeconds - row.flatSeconds).toFixed(2).padStart(15),
      row.cdk8sSeconds.toFixed(2).padStart(10),
      (row.platformSeconds / row.cdk8sSeconds).toFixed(2).padStart(21),
    ];
    print(columns.join("   "));
  }
  const verdicts = [
    {
      promise: `at most ${MOST_TIMES_FLAT} times the flat program`,
      kept: previewRows.every(({ platform, flat }) => platform.seconds <= MOST_TIMES_FLAT * flat.seconds),
    },
    {
      promise: `against mocks at most ${MOST_TIMES_CDK8S} times cdk8s-plus`,
      kept: shareRows.every((row) => row.platformSeconds <= MOST_TIMES_CDK8S * row.cdk8sSeconds),
    },
    {
      promise: `what the platform adds to the SDK at most ${MOST_TIMES_CDK8S} times cdk8s-plus`,
      kept: shareRows.every(
        (row) => row.platformSeconds - row.flatSeconds <= MOST_TIMES_CDK8S * row.cdk8sSeconds,
      ),
    },
  ];
  print("");
  for (const { promise, kept } of verdicts) print(`${kept ? "kept" : "NOT kept"}: ${promise}`);
  return verdicts.every(({ kept }) => kept);
}

async function main(): Promise<void> {
  await alone(print, async () => {
    const toolchain = await prepareToolchain(print);
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    try {
      const cluster = await startCluster(CLUSTER, clusterParts(toolchain), print);
      const shareRows: ShareRow[] = [];
      const previewRows: PreviewRow[] = [];
      for (const size of SIZES) {
        print(`measuring ${size} services`);
        previewRows.push(await previews(size, toolchain.pulumi.path, cluster.kubeconfig));
        // The flat side needs the resources that the preview recorded.
        shareRows.push(await shares(size));
      }
      const kept = report(previewRows, shareRows);
      writeFileSync(
        join(FOLDER, "report.json"),
        JSON.stringify({ kept, previewRows, shareRows }, undefined, 2),
      );
      if (!kept) process.exitCode = 1;
    } finally {
      await removeCluster(CLUSTER);
    }
  });
}

void main();
