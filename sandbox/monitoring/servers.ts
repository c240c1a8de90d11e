/** Servers of the monitoring, as commands and specs start them: in a folder with their configuration, which keeps their data. */
import { join } from "node:path";

import { answers, type Program } from "./child";

/** Reads `prometheus.yaml` of the folder. @param address with a port @param more flags */
export function prometheusIn(folder: string, address: string, ...more: readonly string[]): Program {
  return {
    name: "Prometheus",
    command: "prometheus",
    args: [
      `--config.file=${join(folder, "prometheus.yaml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=${address}`,
      "--log.level=warn",
      ...more,
    ],
    isReady: () => answers(`http://${address}/-/ready`),
  };
}

/** Reads `alertmanager.yaml` of the folder; in a cluster of itself alone. @param address with a port */
export function alertmanagerIn(folder: string, address: string): Program {
  return {
    name: "Alertmanager",
    command: "prometheus-alertmanager",
    args: [
      `--config.file=${join(folder, "alertmanager.yaml")}`,
      `--storage.path=${join(folder, "alertmanager")}`,
      `--web.listen-address=${address}`,
      "--cluster.listen-address=",
      "--log.level=warn",
    ],
    isReady: () => answers(`http://${address}/-/ready`),
  };
}
