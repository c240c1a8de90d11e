/** Small programs on the real engine and a real API server. One cluster serves all specs of a process. */
import { SCRATCH } from "./sandbox-folder";

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import {
  clusterDirectory,
  removeCluster,
  runningCluster,
  startCluster,
  type Cluster,
} from "../../sandbox/cluster/cluster";
import { lastLogLines } from "../../sandbox/cluster/processes";
import { KubernetesClient, connectionFromKubeconfig } from "../../sandbox/cluster/kubernetes-client";
import { runStack, type Operation, type StackRun, type StackRunArgs } from "../../engine/stack";
import { STATE } from "../../cli/paths";
import {
  clusterParts,
  liveClusterParts,
  prepareToolchain,
  withoutKeda,
  type Toolchain,
} from "../../sandbox/sandbox";

/** How long a test with several runs of the engine may take. On a quiet machine the longest takes a minute; a busy one is no failure. */
export const ENGINE_TIMEOUT_MS = 900_000;

const silent = (): void => undefined;

let toolchain: Promise<Toolchain> | undefined;
let cluster: Cluster | undefined;

export function theToolchain(): Promise<Toolchain> {
  toolchain ??= prepareToolchain(silent);
  return toolchain;
}

/**
 * The cluster of this test process, started on first use and removed after the last spec. One that ended is started again,
 * so that one spec fails of it and not every one after it.
 */
export async function theCluster(): Promise<Cluster> {
  const parts = clusterParts(await theToolchain());
  if (cluster !== undefined && (await runningCluster("tests")) === undefined) {
    const server = { name: "kube-apiserver", directory: clusterDirectory("tests") };
    process.stderr.write(`the cluster of the tests ended and is started again:\n${lastLogLines(server)}\n`);
  }
  return (cluster = await startCluster("tests", parts, silent));
}

let live = false;

/** Another one, with controllers and nodes and without definitions of operators: what is put there runs. */
export async function theLiveCluster(): Promise<Cluster> {
  const parts = liveClusterParts(withoutKeda(await theToolchain()));
  live = true;
  return await startCluster("live", { ...parts, customResourceDefinitions: undefined }, silent);
}

export async function theClient(): Promise<KubernetesClient> {
  return new KubernetesClient(connectionFromKubeconfig((await theCluster()).kubeconfig));
}

/** `kubectl` as a user would type it. */
export async function kubectl(...args: string[]): Promise<string> {
  const { kubectl: program } = await theToolchain();
  const { kubeconfig } = await theCluster();
  return execFileSync(program.path, ["--kubeconfig", kubeconfig, ...args], { encoding: "utf8" });
}

after(async function () {
  this.timeout(60_000);
  if (cluster !== undefined) await removeCluster("tests");
  if (live) await removeCluster("live");
  cluster = undefined;
  live = false;
});

/** A program with one stack, `test`. */
export class Project {
  readonly directory: string;

  constructor(readonly name: string) {
    this.directory = join(SCRATCH, name);
    mkdirSync(this.directory, { recursive: true });
    const options = { name: "nodejs", options: { typescript: true } };
    this.write("Pulumi.yaml", JSON.stringify({ name, runtime: options }));
    this.write("Pulumi.test.yaml", "config: {}\n");
    this.write("package.json", JSON.stringify({ name, main: "index.ts" }));
    this.write("tsconfig.json", JSON.stringify({ extends: "../../../../../tsconfig.json" }));
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.directory, file), text);
  }

  /** Sets the program; the SDKs are imported as `pulumi`, `k8s` and `random`. */
  program(body: string): this {
    const sdks = ["pulumi", "kubernetes", "random"].map(
      (sdk) => `import * as ${sdk === "kubernetes" ? "k8s" : sdk} from "@pulumi/${sdk}";`,
    );
    this.write("index.ts", [...sdks, "void [pulumi, k8s, random];", body].join("\n"));
    return this;
  }

  async run(operation: Operation, more: Partial<StackRunArgs> = {}): Promise<StackRun> {
    const { pulumi } = await theToolchain();
    const { kubeconfig } = await theCluster();
    return await runStack({
      operation,
      stack: "test",
      projectDirectory: this.directory,
      pulumi: pulumi.path,
      kubeconfig,
      ...more,
    });
  }

  /** The engine's state of the stack, as it lies on disk. */
  state(): string {
    return readFileSync(join(STATE, ".pulumi", "stacks", this.name, "test.json"), "utf8");
  }

  locks(): string[] {
    return readdirSync(join(STATE, ".pulumi", "locks"), { recursive: true }).map(String);
  }
}

export const STATE_URL = pathToFileURL(STATE).href;

/** `operation name` of every resource of the program, sorted. */
export function operations(run: StackRun): string[] {
  return run.resources
    .filter(({ type }) => !type.startsWith("pulumi:"))
    .map(({ operation, name }) => `${operation} ${name}`)
    .sort();
}
