/**
 * A Kubernetes control plane on loopback ports: etcd and kube-apiserver. Objects are validated, defaulted and stored as
 * in any cluster. With controllers (controllers.ts) they are acted on as well, on nodes that are simulated.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { stringify } from "yaml";

import { freePort } from "../../cli/free-port";
import { SANDBOX, ensureDirectory } from "../../cli/paths";
import { UserError } from "../../cli/user-error";
import { CONTROLLER_NAMES, type ControlPlaneFiles, type ControllerPrograms } from "./controller-programs";
import { ensureControllers } from "./controllers";
import { installDefinitions, keepSeed, seedFolder, sow } from "./definitions";
import { KubernetesClient, connectionFromKubeconfig } from "./kubernetes-client";
import { ensureCertificate, type CertificateFiles } from "./self-signed";
import {
  lastLogLines,
  runningPid,
  startInBackground,
  stopInBackground,
  type BackgroundProcess,
} from "./processes";

/** What a cluster is made from. */
export interface ClusterParts {
  /** Path of the etcd program. */
  readonly etcd: string;
  /** Path of the kube-apiserver program. */
  readonly apiServer: string;
  /** Folder of CustomResourceDefinitions, one sub-folder an operator. Undefined installs none. */
  readonly customResourceDefinitions?: string;
  /** Folder with the data of a server that has the definitions; made when there is none. @default one in the user's cache */
  readonly seed?: string;
  /** What acts on objects. Undefined: they are stored, and nothing runs them. */
  readonly controllers?: ControllerPrograms;
}

export interface Cluster {
  readonly name: string;
  readonly kubeconfig: string;
  /** `https://127.0.0.1:port` */
  readonly server: string;
  /** True when it ran already. */
  readonly reused: boolean;
}

const START_ATTEMPTS = 3;
/** Seconds on a quiet machine; a busy one is no failure. */
const READY_WITHIN_MS = 240_000;
const MARKER_CRDS = "custom-resource-definitions-installed";

export function clusterDirectory(name: string): string {
  return join(SANDBOX, "clusters", name);
}

function processes(name: string): { etcd: BackgroundProcess; apiServer: BackgroundProcess } {
  const directory = clusterDirectory(name);
  return { etcd: { name: "etcd", directory }, apiServer: { name: "kube-apiserver", directory } };
}

/** Names of the clusters that have files in this checkout. */
export function knownClusters(): string[] {
  const directory = join(SANDBOX, "clusters");
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** The running cluster, or undefined when it is not there or does not answer. */
export async function runningCluster(name: string): Promise<Cluster | undefined> {
  const kubeconfig = join(clusterDirectory(name), "kubeconfig");
  const { etcd, apiServer } = processes(name);
  if (!existsSync(kubeconfig) || runningPid(etcd) === undefined || runningPid(apiServer) === undefined) {
    return undefined;
  }
  const connection = connectionFromKubeconfig(kubeconfig);
  const client = new KubernetesClient(connection);
  try {
    return (await client.ready()) ? { name, kubeconfig, server: connection.server, reused: true } : undefined;
  } finally {
    client.close();
  }
}

/**
 * Starts the cluster, or finds it running. Data of an earlier run is kept: a cluster whose server died comes back with
 * its objects.
 *
 * @throws UserError with the end of the log when it does not become ready
 */
export async function startCluster(
  name: string,
  parts: ClusterParts,
  progress: (line: string) => void,
): Promise<Cluster> {
  const running = await runningCluster(name);
  if (running !== undefined) {
    await startControllers(running, parts, progress);
    return running;
  }
  ensureDirectory(clusterDirectory(name));
  for (let attempt = 1; ; attempt++) {
    await stopCluster(name);
    try {
      const cluster = await startWithDefinitions(name, parts, progress);
      await startControllers(cluster, parts, progress);
      return cluster;
    } catch (error) {
      await stopCluster(name);
      const portTaken = error instanceof NotReady && error.message.includes("address already in use");
      if (!portTaken || attempt === START_ATTEMPTS) throw error;
      progress("a port was taken in the meantime; trying others");
    }
  }
}

class NotReady extends UserError {}

/**
 * Starts the controllers that do not run, and waits until nodes are ready. Nothing to do for a cluster without.
 *
 * @throws UserError with the end of the log of a controller that ends again
 */
export async function startControllers(
  cluster: Cluster,
  { controllers }: ClusterParts,
  progress: (line: string) => void,
): Promise<void> {
  if (controllers === undefined) return;
  await ensureControllers(filesOf(cluster.name), controllers, progress);
}

function filesOf(name: string): ControlPlaneFiles {
  const directory = clusterDirectory(name);
  return {
    directory,
    kubeconfig: join(directory, "kubeconfig"),
    serviceAccountKey: join(directory, "service-account.key"),
    authority: join(directory, "certificates", "apiserver.crt"),
  };
}

async function start(name: string, parts: ClusterParts): Promise<Cluster> {
  const directory = clusterDirectory(name);
  const { etcd, apiServer } = processes(name);
  for (const what of [etcd, apiServer]) rmSync(join(directory, `${what.name}.log`), { force: true });

  const [etcdPort, peerPort, port] = await Promise.all([freePort(), freePort(), freePort()]);
  startInBackground(etcd, parts.etcd, [
    "--data-dir",
    join(directory, "etcd"),
    "--listen-client-urls",
    `http://127.0.0.1:${etcdPort}`,
    "--advertise-client-urls",
    `http://127.0.0.1:${etcdPort}`,
    "--listen-peer-urls",
    `http://127.0.0.1:${peerPort}`,
    // Saves most of the start-up time; what is in here can be made again with `make up`.
    "--unsafe-no-fsync",
    "--log-level",
    "warn",
  ]);

  const token = existingToken(directory) ?? randomBytes(24).toString("hex");
  writeFileSync(join(directory, "token.csv"), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keyFile = filesOf(name).serviceAccountKey;
  if (!existsSync(keyFile)) {
    writeFileSync(keyFile, privateKey.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });
  }
  const arguments_ = [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--cert-dir=${join(directory, "certificates")}`,
    `--token-auth-file=${join(directory, "token.csv")}`,
    "--authorization-mode=RBAC",
    "--service-cluster-ip-range=10.96.0.0/16",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${keyFile}`,
    `--service-account-signing-key-file=${keyFile}`,
    "--endpoint-reconciler-type=none",
    ...aggregationFlags(directory),
    ...(parts.controllers === undefined ? FLAGS_WITHOUT_CONTROLLERS : []),
  ];
  startInBackground(apiServer, parts.apiServer, arguments_);

  const server = `https://127.0.0.1:${port}`;
  const kubeconfig = await waitUntilReady(name, server, token);
  return { name, kubeconfig, server, reused: false };
}

const FLAGS_WITHOUT_CONTROLLERS = [
  // No controller makes the default service account or takes the finalizer off an unused volume claim.
  "--disable-admission-plugins=ServiceAccount,StorageObjectInUseProtection",
  // Few watch; without the cache the server starts faster.
  "--watch-cache=false",
];

/** What lets another server, such as metrics-server, answer for an API: it has to believe who this one says is asking. */
function aggregationFlags(directory: string): string[] {
  const proxy = ensureCertificate(directory, "front-proxy-client");
  const clients: CertificateFiles = ensureCertificate(directory, "client-authority");
  return [
    `--client-ca-file=${clients.certificate}`,
    `--requestheader-client-ca-file=${proxy.certificate}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${proxy.certificate}`,
    `--proxy-client-key-file=${proxy.key}`,
  ];
}

function existingToken(directory: string): string | undefined {
  const path = join(directory, "token.csv");
  return existsSync(path) ? readFileSync(path, "utf8").split(",")[0] : undefined;
}

/** Why a program ended, as far as its log tells. */
function ended(what: BackgroundProcess): UserError {
  const log = lastLogLines(what, 200);
  if (/no space left on device|disk quota exceeded/i.test(log)) {
    return new NotReady(
      `the disk is full: ${what.name} could not write to ${what.directory}`,
      "free at least 200 MB and run the same command again; what is there is kept",
    );
  }
  return new NotReady(
    `${what.name} ended while it started:\n${lastLogLines(what)}`,
    `read ${what.directory}/${what.name}.log`,
  );
}

async function waitUntilReady(name: string, server: string, token: string): Promise<string> {
  const directory = clusterDirectory(name);
  const certificate = join(directory, "certificates", "apiserver.crt");
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    await sleep(100);
    for (const what of Object.values(processes(name))) {
      if (runningPid(what) === undefined) {
        throw ended(what);
      }
    }
    if (!existsSync(certificate)) continue;
    const certificateAuthority = readFileSync(certificate, "utf8");
    const client = new KubernetesClient({ server, token, certificateAuthority });
    const ready = await client.ready();
    client.close();
    if (ready) return writeKubeconfig(name, server, token, certificateAuthority);
  }
  throw new NotReady(
    `kube-apiserver was not ready after ${READY_WITHIN_MS / 1000} s:\n${lastLogLines(processes(name).apiServer)}`,
    `read ${directory}/kube-apiserver.log`,
  );
}

function writeKubeconfig(name: string, server: string, token: string, authority: string): string {
  const path = join(clusterDirectory(name), "kubeconfig");
  const entry = `retrofitlink-${name}`;
  const file = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": entry,
    clusters: [
      {
        name: entry,
        cluster: { server, "certificate-authority-data": Buffer.from(authority).toString("base64") },
      },
    ],
    users: [{ name: entry, user: { token } }],
    contexts: [{ name: entry, context: { cluster: entry, user: entry, namespace: "retrofitlink" } }],
  };
  writeFileSync(path, stringify(file), { mode: 0o600 });
  return path;
}

/**
 * A cluster begins with the seed, if there is one. Otherwise it takes the definitions in, and its data as it is then becomes the seed:
 * nothing of a user is in it yet.
 */
async function startWithDefinitions(
  name: string,
  parts: ClusterParts,
  progress: (line: string) => void,
): Promise<Cluster> {
  const { customResourceDefinitions: folder } = parts;
  const directory = clusterDirectory(name);
  const [marker, data] = [join(directory, MARKER_CRDS), join(directory, "etcd")];
  if (folder === undefined || existsSync(marker)) return await start(name, parts);
  const seed = parts.seed ?? seedFolder(folder, [parts.etcd, parts.apiServer]);
  const isNew = !existsSync(data);
  if (isNew && sow(seed, data)) {
    writeFileSync(marker, "");
    return await start(name, parts);
  }
  const cluster = await start(name, parts);
  const count = await installDefinitions(cluster.kubeconfig, folder, READY_WITHIN_MS);
  progress(`installed ${count} CustomResourceDefinitions`);
  writeFileSync(marker, "");
  if (!isNew) return cluster;
  await stopCluster(name);
  keepSeed(seed, data);
  return await start(name, parts);
}

/** Ends the programs and keeps the data. */
export async function stopCluster(name: string): Promise<void> {
  const { etcd, apiServer } = processes(name);
  const directory = clusterDirectory(name);
  await Promise.all(CONTROLLER_NAMES.map((program) => stopInBackground({ name: program, directory })));
  // The server first: it complains at length when its store goes away.
  await stopInBackground(apiServer);
  await stopInBackground(etcd);
}

/** Ends the programs and removes the data. */
export async function removeCluster(name: string): Promise<void> {
  await stopCluster(name);
  rmSync(clusterDirectory(name), { recursive: true, force: true });
}
