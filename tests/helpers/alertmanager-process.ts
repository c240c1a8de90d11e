/** A real Alertmanager as a process of a test, on a free port of 127.0.0.1, in a cluster of itself alone. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { parse, stringify } from "yaml";

import { freePort } from "../../cli/free-port";
import { alertmanagerConfig, type ConfigOptions } from "../../components/monitoring/alertmanager-config";
import type { Routing } from "../../budget/monitoring/routing";
import { alertmanagerIn } from "../../sandbox/monitoring/servers";
import { startInFolder } from "./program-with-folder";

/** An alert as it is told to Alertmanager. It fires until it is told to have ended. */
export interface ToldAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface AlertmanagerProcess {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** Tells it alerts. */
  tell(...alerts: readonly ToldAlert[]): Promise<void>;
  /** Names of the alerts that another one keeps from being told. */
  inhibited(): Promise<string[]>;
  /** Ends it and removes its folder. Safe to repeat. */
  stop(): Promise<void>;
}

/** Contents of Secrets: by name, by key. */
export type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * The file as Debian's Alertmanager 0.25 knows it, where the URL of a webhook cannot be a file yet: each comes from the
 * Secret instead.
 *
 * @param urlOf what is in a file
 */
export function withInlineUrls(config: string, urlOf: (file: string) => string): string {
  const parsed = parse(config) as { receivers: { webhook_configs?: Record<string, unknown>[] }[] };
  for (const webhook of parsed.receivers.flatMap(({ webhook_configs = [] }) => webhook_configs)) {
    webhook["url"] = urlOf(String(webhook["url_file"]));
    delete webhook["url_file"];
  }
  return stringify(parsed, { aliasDuplicateObjects: false });
}

/** What amtool prints. @throws Error with what it says besides when it fails */
export async function amtool(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("amtool", args).catch((error: unknown) => {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
    throw new Error(`amtool ${args.join(" ")}:\n${stdout}${stderr}`);
  });
  return stdout;
}

/**
 * Starts it with a routing.
 *
 * @throws Error with what it logged when it does not become ready
 */
export async function startAlertmanager(
  routing: Routing,
  secrets: Secrets,
  paces: NonNullable<ConfigOptions["paces"]>,
): Promise<AlertmanagerProcess> {
  const folder = await mkdtemp(join(tmpdir(), "alertmanager-"));
  const contents = new Map<string, string>();
  for (const [secret, entries] of Object.entries(secrets)) {
    for (const [key, content] of Object.entries(entries)) {
      const file = join(folder, secret, key);
      contents.set(file, content);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }
  const config = withInlineUrls(
    alertmanagerConfig(routing, { secretsFolder: folder, paces }),
    (file) => contents.get(file) ?? `there is no ${file}`,
  );
  await writeFile(join(folder, "alertmanager.yaml"), config);
  const address = `127.0.0.1:${await freePort()}`;
  const stop = await startInFolder(folder, alertmanagerIn(folder, address));
  return {
    address,
    tell: async (...alerts) => {
      const response = await fetch(`http://${address}/api/v2/alerts`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(alerts),
      });
      if (!response.ok) throw new Error(`Alertmanager refuses the alerts: ${await response.text()}`);
    },
    inhibited: async () => {
      const response = await fetch(`http://${address}/api/v2/alerts`);
      const alerts = (await response.json()) as {
        labels: Record<string, string>;
        status: { inhibitedBy: string[] };
      }[];
      const held = alerts.filter(({ status }) => status.inhibitedBy.length > 0);
      return held.map(({ labels }) => labels["alertname"] ?? "").sort();
    },
    stop,
  };
}
