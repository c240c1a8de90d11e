/**
 * The CustomResourceDefinitions of every operator the platform uses, out of the operators' own pinned Go modules; of an
 * operator that is none, what the platform uses of it, in `own-crds/`.
 */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { withLock } from "../../cli/lock";
import { cacheDirectory, ensureDirectory, fingerprint } from "../../cli/paths";
import { UserError } from "../../cli/user-error";
import { moduleDirectory } from "./programs";

const run = promisify(execFile);

interface CrdSource {
  readonly operator: string;
  /** Go module, pinned in `crds/go.mod`. */
  readonly module: string;
  /** Folder or file inside the module. */
  readonly path: string;
}

const SOURCES: readonly CrdSource[] = [
  { operator: "cert-manager", module: "github.com/cert-manager/cert-manager", path: "deploy/crds" },
  { operator: "keda", module: "github.com/kedacore/keda/v2", path: "config/crd/bases" },
  {
    operator: "vertical-pod-autoscaler",
    module: "k8s.io/autoscaler/vertical-pod-autoscaler",
    path: "deploy/vpa-v1-crd-gen.yaml",
  },
  {
    operator: "prometheus-operator",
    module: "github.com/prometheus-operator/prometheus-operator",
    path: "example/prometheus-operator-crd",
  },
  {
    operator: "percona-mongodb",
    module: "github.com/percona/percona-server-mongodb-operator",
    path: "deploy/crd.yaml",
  },
  { operator: "gateway-api", module: "sigs.k8s.io/gateway-api", path: "config/crd/standard" },
  // CapacityBuffer is among them.
  { operator: "karpenter", module: "github.com/aws/karpenter-provider-aws", path: "pkg/apis/crds" },
];

/** Definitions kept here. */
const OWN = join(__dirname, "own-crds");

/**
 * Folder with one sub-folder of YAML files for each operator.
 *
 * @throws UserError when the modules can neither be found in the cache nor downloaded
 */
export async function customResourceDefinitions(progress: (line: string) => void): Promise<string> {
  const module = moduleDirectory("crds");
  const own = readdirSync(OWN).map((file) => join(OWN, file));
  const key = fingerprint([join(module, "go.mod"), join(module, "go.sum"), ...own], JSON.stringify(SOURCES));
  const target = join(cacheDirectory(), `crds-${key}`);
  if (existsSync(target)) return target;
  ensureDirectory(cacheDirectory());
  const waiting = (): void =>
    progress("waiting for another run that is getting the CustomResourceDefinitions");
  return await withLock(`${target}.lock`, waiting, async () => {
    if (existsSync(target)) return target;
    progress("getting the CustomResourceDefinitions of the operators from their Go modules");
    const partial = `${target}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial);
    const folders = await moduleFolders(module);
    for (const { operator, module: name, path } of SOURCES) {
      const folder = folders.get(name);
      if (folder === undefined) throw new UserError(`the Go module ${name} was not downloaded`);
      copyYaml(join(folder, path), join(partial, operator));
    }
    copyYaml(OWN, join(partial, "own"));
    renameSync(partial, target);
    return target;
  });
}

async function moduleFolders(directory: string): Promise<Map<string, string>> {
  const args = ["mod", "download", "-json", ...SOURCES.map((source) => source.module)];
  const output = await run("go", args, { cwd: directory, maxBuffer: 1 << 24 }).then(
    ({ stdout }) => stdout,
    (error: NodeJS.ErrnoException & { stderr?: string }) => {
      const reason =
        error.code === "ENOENT"
          ? "Go is not installed"
          : (error.stderr ?? "").trim().split("\n")[0] || "no network and nothing in Go's module cache";
      throw new UserError(
        `the CustomResourceDefinitions of the operators could not be had: ${reason}`,
        "install Go 1.26 and give this machine access to a Go module proxy, then run the same command again",
      );
    },
  );
  // go prints one JSON object after the other.
  const objects = JSON.parse(`[${output.trim().replaceAll(/\}\s*\{/g, "},{")}]`) as {
    Path: string;
    Dir: string;
  }[];
  return new Map(objects.map(({ Path, Dir }) => [Path, Dir]));
}

/** Files of Go's module cache are read-only; the copies are not, so that the cache can be removed. */
function copyYaml(from: string, to: string): void {
  mkdirSync(to);
  const files = from.endsWith(".yaml")
    ? [from]
    : readdirSync(from)
        .filter((file) => file.endsWith(".yaml"))
        .map((file) => join(from, file));
  for (const file of files) cpSync(file, join(to, file.split("/").pop() ?? file), { mode: 0 });
}
