import { delimiter, dirname } from "node:path";
import { pathToFileURL } from "node:url";

import { PULUMI_HOME, STATE, ensureDirectory } from "../cli/paths";
import { writeExecutables } from "./executables";

/** Protects the secrets of nothing but the sandbox. */
const PASSPHRASE = "sandbox";

/** What the engine needs to find its parts. */
export interface EngineParts {
  /** Path of the `pulumi` program. */
  readonly pulumi: string;
  /** What the Kubernetes provider connects to. Undefined when there is no cluster. */
  readonly kubeconfig?: string;
}

/**
 * Environment of every engine of this checkout. It is all there is to the sandbox as far as the engine can tell: with
 * it the plain CLI works, too.
 */
export function engineEnvironment({ pulumi, kubeconfig }: EngineParts): Record<string, string> {
  ensureDirectory(STATE);
  ensureDirectory(PULUMI_HOME);
  const standIns = process.env["RETROFITLINK_PROVIDERS"] !== "official";
  const bin = writeExecutables({ pulumiDirectory: dirname(pulumi), standIns });
  return {
    PATH: [bin, dirname(pulumi), process.env["PATH"] ?? ""].join(delimiter),
    PULUMI_HOME,
    PULUMI_BACKEND_URL: pathToFileURL(STATE).href,
    PULUMI_CONFIG_PASSPHRASE: process.env["PULUMI_CONFIG_PASSPHRASE"] ?? PASSPHRASE,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Providers come from PATH; a download would only wait for a network.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // Types are checked by `make lint`; here they would cost seconds and hundreds of megabytes a run.
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }),
  };
}
