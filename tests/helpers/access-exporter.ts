/** The exporter of the access log beside a proxy, as a process of a test: with the program and the arguments of the pod. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort } from "../../cli/free-port";
import { accessExporterArgs } from "../../components/load-balancing/proxy/access-exporter";
import { accessProgram, type AccessProgramArgs } from "../../components/load-balancing/proxy/access-program";
import { answers } from "../../sandbox/monitoring/child";
import { startInFolder } from "./program-with-folder";
import { deployedProgram } from "./programs";

export interface RunningAccessExporter {
  /** Where it hears lines: `address:port`, by UDP. */
  readonly log: string;
  /** Where it tells metrics: address with a port. */
  readonly address: string;
  /** Series that the platform keeps, by name and labels in the order of the exporter: `proxy_requests_total{code="2xx",…}`. */
  series(): Promise<Map<string, number>>;
  /** Ends it. Safe to repeat. */
  stop(): Promise<void>;
}

/** @param at ports of one that was there before. @default free ones */
export async function startAccessExporter(
  args: AccessProgramArgs,
  at?: Pick<RunningAccessExporter, "log" | "address">,
): Promise<RunningAccessExporter> {
  const folder = await mkdtemp(join(tmpdir(), "access-exporter-"));
  const program = join(folder, "access.mtail");
  await writeFile(program, accessProgram(args));
  const [log, address] =
    at === undefined
      ? [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
      : [at.log, at.address];
  const stop = await startInFolder(folder, {
    name: "mtail",
    command: deployedProgram("mtail"),
    args: accessExporterArgs({ program, log, port: Number(address.split(":")[1]) }),
    isReady: () => answers(`http://${address}/metrics`),
  });
  return { log, address, series: () => seriesAt(address), stop };
}

async function seriesAt(address: string): Promise<Map<string, number>> {
  const text = await (await fetch(`http://${address}/metrics`)).text();
  return new Map(
    text
      .split("\n")
      .filter((line) => line.startsWith("proxy_"))
      .map((line) => {
        const at = line.lastIndexOf(" ");
        return [line.slice(0, at), Number(line.slice(at + 1))] as const;
      }),
  );
}
