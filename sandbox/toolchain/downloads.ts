/** Official downloads. Each is checked against the checksum its publisher gives. */
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { PulumiCommand } from "@pulumi/pulumi/automation";
import { SemVer } from "semver";

import { PULUMI_VERSION } from "../../engine/version";
import { KUBERNETES_VERSION, KWOK_VERSION, type Program } from "./programs";

const ETCD_VERSION = "3.6.8";

/** Longest wait for one download. */
const TIMEOUT_MS = 5 * 60_000;

/**
 * Puts a program at `target`.
 *
 * @returns what went wrong, or undefined when the program is there
 */
export async function download(
  program: Pick<Program, "name">,
  target: string,
  progress: (line: string) => void,
): Promise<string | undefined> {
  const source = SOURCES[program.name];
  if (source === undefined) return "there is none";
  const system = `${process.platform}-${GO_ARCHITECTURES[process.arch] ?? process.arch}`;
  try {
    await source(target, system, progress);
    return undefined;
  } catch (error) {
    return reason(error);
  }
}

const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

type Source = (target: string, system: string, progress: (line: string) => void) => Promise<void>;

const SOURCES: Readonly<Record<string, Source>> = {
  pulumi: async (target, _system, progress) => {
    const root = mkdtempSync(join(dirname(target), "pulumi-"));
    try {
      progress(`asking for the official Pulumi CLI ${PULUMI_VERSION}`);
      await PulumiCommand.install({ version: new SemVer(PULUMI_VERSION), root, skipVersionCheck: true });
      // The archive brings the language hosts; the engine looks for them beside itself.
      cpSync(join(root, "bin"), dirname(target), { recursive: true });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
  "kube-apiserver": (target, system, progress) => kubernetes("kube-apiserver", target, system, progress),
  kubectl: (target, system, progress) => kubernetes("kubectl", target, system, progress),
  "kube-controller-manager": (target, system, progress) =>
    kubernetes("kube-controller-manager", target, system, progress),
  "kube-scheduler": (target, system, progress) => kubernetes("kube-scheduler", target, system, progress),
  kwok: async (target, system, progress) => {
    const release = `https://github.com/kubernetes-sigs/kwok/releases/download/v${KWOK_VERSION}/kwok-${system}`;
    progress(`asking for the official kwok ${KWOK_VERSION}`);
    await checked("kwok", release, target);
  },
  etcd: async (target, system, progress) => {
    const base = `https://github.com/etcd-io/etcd/releases/download/v${ETCD_VERSION}`;
    const archive = `etcd-v${ETCD_VERSION}-${system}.tar.gz`;
    progress(`asking for the official ${archive}`);
    const sums = (await get(`${base}/SHA256SUMS`)).toString("utf8");
    const sum = sums
      .split("\n")
      .find((line) => line.endsWith(archive))
      ?.split(/\s+/)[0];
    const content = await get(`${base}/${archive}`);
    verify(archive, content, sum);
    const folder = mkdtempSync(join(tmpdir(), "etcd-"));
    try {
      writeFileSync(join(folder, "etcd.tar.gz"), content);
      execFileSync("tar", ["-xzf", "etcd.tar.gz", "--strip-components=1"], { cwd: folder });
      place(target, join(folder, "etcd"));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function kubernetes(
  name: string,
  target: string,
  system: string,
  progress: (line: string) => void,
): Promise<void> {
  const [platform, architecture] = system.split("-");
  const url = `https://dl.k8s.io/v${KUBERNETES_VERSION}/bin/${platform}/${architecture}/${name}`;
  progress(`asking for the official ${name} ${KUBERNETES_VERSION}`);
  await checked(name, url, target);
}

/** A program whose checksum lies beside it. */
async function checked(name: string, url: string, target: string): Promise<void> {
  const sum = (await get(`${url}.sha256`)).toString("utf8").trim().split(/\s+/)[0];
  const content = await get(url);
  verify(name, content, sum);
  const partial = `${target}.partial`;
  writeFileSync(partial, content);
  place(target, partial);
}

function place(target: string, from: string): void {
  const partial = `${target}.partial`;
  if (from !== partial) cpSync(from, partial);
  chmodSync(partial, 0o755);
  renameSync(partial, target);
}

async function get(url: string): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** @throws Error when the content is not what the publisher signed */
export function verify(name: string, content: Buffer, sha256: string | undefined): void {
  const found = createHash("sha256").update(content).digest("hex");
  if (sha256 === undefined || found !== sha256) {
    throw new Error(`${name} has the checksum ${found}, its publisher says ${sha256 ?? "nothing"}`);
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  return (cause ?? error.message).split("\n")[0] ?? "no reason given";
}
