/** CustomResourceDefinitions in a cluster of the sandbox, and the data of a server that has them: a seed for the next one. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { parseAllDocuments } from "yaml";

import { cacheDirectory, fingerprint } from "../../cli/paths";
import { UserError } from "../../cli/user-error";
import { hasCondition } from "./controllers";
import {
  ApiError,
  KubernetesClient,
  connectionFromKubeconfig,
  type KubernetesObject,
} from "./kubernetes-client";

/**
 * Where the data of a server with these definitions is kept. To take definitions in costs the server four times as long as to start
 * with them.
 *
 * @param folder of the definitions; its name changes with what is in it
 * @param programs that have written the data and are to read it: another one of the same name has another seed
 */
export function seedFolder(folder: string, programs: readonly string[]): string {
  const versions = programs.map((path) => {
    const { size, mtimeMs } = statSync(path);
    return `${path} ${size} ${mtimeMs}`;
  });
  return join(cacheDirectory(), `seed-${fingerprint([], folder, ...versions)}`);
}

/** @param data of a server that has none yet. @returns whether there was a seed */
export function sow(seed: string, data: string): boolean {
  return existsSync(seed) && copied(seed, data);
}

/** The first one counts: several runs may come to have one at once. @param data of a server that has ended */
export function keepSeed(seed: string, data: string): void {
  if (!existsSync(seed)) copied(data, seed);
}

/** Whole or not at all. @returns false where it did not work: the cluster takes longer to start, and that is all */
function copied(from: string, to: string): boolean {
  const draft = `${to}.${process.pid}.partial`;
  try {
    mkdirSync(dirname(to), { recursive: true });
  } catch {
    return false;
  }
  try {
    cpSync(from, draft, { recursive: true });
    renameSync(draft, to);
    return true;
  } catch {
    rmSync(draft, { recursive: true, force: true });
    return false;
  }
}

/**
 * @returns how many there are
 * @throws UserError when the server does not serve them in time
 */
export async function installDefinitions(
  kubeconfig: string,
  folder: string,
  withinMs: number,
): Promise<number> {
  const client = new KubernetesClient(connectionFromKubeconfig(kubeconfig));
  try {
    const definitions = readDefinitions(folder);
    await Promise.all(definitions.map((definition) => install(client, definition)));
    await untilEstablished(client, definitions, withinMs);
    return definitions.length;
  } finally {
    client.close();
  }
}

/** A first attempt may have been ended in the middle: what it left is brought to what it is to be. */
async function install(client: KubernetesClient, definition: KubernetesObject): Promise<void> {
  const options = { fieldManager: "retrofitlink-sandbox", force: true, dryRun: false };
  try {
    await client.create(definition, options);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    await client.apply(definition, options);
  }
}

/** A definition is there before its kind is served. Asked for one by one: a list of all is megabytes, and the server is busy. */
async function untilEstablished(
  client: KubernetesClient,
  definitions: readonly KubernetesObject[],
  withinMs: number,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (const definition of definitions) {
    while (!hasCondition((await client.read(definition)) ?? definition, "Established")) {
      if (Date.now() > deadline) {
        throw new UserError(
          `the CustomResourceDefinitions are not served after ${withinMs / 1000} s`,
          "run `make down` and the same command again",
        );
      }
      await sleep(200);
    }
  }
}

function readDefinitions(directory: string): KubernetesObject[] {
  return readdirSync(directory)
    .flatMap((operator) => readdirSync(join(directory, operator)).map((file) => join(operator, file)))
    .flatMap((file) => parseAllDocuments(readFileSync(join(directory, file), "utf8")))
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object): object is KubernetesObject => object?.kind === "CustomResourceDefinition");
}
