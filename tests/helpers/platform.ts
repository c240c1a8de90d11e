/** The platform itself on the real engine and a real API server. */
import { SCRATCH } from "./sandbox-folder";

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import type { ProxyKind } from "../../budget/load-balancing/proxy";
import { runStack, type Operation, type StackRun } from "../../engine/stack";
import { ROOT } from "../../cli/paths";
import { theCluster, theToolchain } from "./engine";
import { shippedText } from "./stack-file";

const asShipped = (text: string): string => text;

/** Runs the platform itself with a shipped stack file, changed by the test. */
export async function runPlatform(
  operation: Operation,
  stack: string,
  change: (text: string) => string = asShipped,
): Promise<StackRun> {
  const directory = join(SCRATCH, "platform");
  mkdirSync(directory, { recursive: true });
  const runtime = { name: "nodejs", options: { typescript: true } };
  const main = relative(directory, ROOT);
  writeFileSync(join(directory, "Pulumi.yaml"), JSON.stringify({ name: "retrofitlink", runtime, main }));
  const text = shippedText(stack);
  const changed = change(text);
  assert.ok(change === asShipped || changed !== text, "the change hit nothing");
  writeFileSync(join(directory, `Pulumi.${stack}.yaml`), changed);
  const { pulumi } = await theToolchain();
  const { kubeconfig } = await theCluster();
  return await runStack({
    operation,
    stack,
    projectDirectory: directory,
    pulumi: pulumi.path,
    kubeconfig,
    policyPacks: [join(ROOT, "policies")],
  });
}

/** Changes the text of the local stack: no database, and a proxy with a certificate of cert-manager and every kind of route. */
export const everyRoute =
  (proxy: ProxyKind) =>
  (text: string): string =>
    text
      .replace(/ {6}database:\n( {8}.*\n)+/, "")
      .replace(
        / {2}retrofitlink:database:[^]*proxy: nginx[^]*$/,
        [
          "  retrofitlink:loadBalancer:",
          `    proxy: ${proxy}`,
          "    service: backend",
          "    clientConnections: 100",
          "    cpuCores: 0.5",
          "    hosts: [app.example.org]",
          "    tls: { issuer: { name: letsencrypt }, hosts: [app.example.org] }",
          "    routes:",
          "      - { path: /socket.io/, kind: websocket }",
          "      - { path: /events, kind: sse }",
          "      - { path: /retrofitlink.Quotes, kind: grpc, port: 50051 }",
          "",
        ].join("\n"),
      );

/** What a run says that nobody may pass over. */
export const mandatory = (run: StackRun): string[] =>
  run.policyEvents
    .filter(({ enforcementLevel }) => enforcementLevel === "mandatory")
    .map(({ message }) => message);
