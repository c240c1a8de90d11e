/** The exporter that runs beside a Redis in its pod, as a process of a test: with the user and the settings of the pod. */
import { passwordOf } from "../../components/caching/redis/redis-users";
import { freePort } from "../../cli/free-port";
import { answers, startProgram } from "../../sandbox/monitoring/child";
import { REDIS_CREDENTIALS } from "./redis-server";

export interface RunningExporter {
  /** Address with a port. */
  readonly address: string;
  stop(): Promise<void>;
}

/** @param port of the server on 127.0.0.1 @throws UserError that says to run `make system-packages` when it is not installed */
export async function startRedisExporter(port: number): Promise<RunningExporter> {
  const address = `127.0.0.1:${await freePort()}`;
  const exporter = await startProgram({
    name: "the exporter of Redis",
    command: "prometheus-redis-exporter",
    args: [`--web.listen-address=${address}`],
    environment: {
      REDIS_ADDR: `redis://127.0.0.1:${port}`,
      REDIS_USER: "exporter",
      REDIS_PASSWORD: passwordOf("exporter", REDIS_CREDENTIALS.current),
      REDIS_EXPORTER_CONFIG_COMMAND: "-",
    },
    isReady: () => answers(`http://${address}/health`),
  });
  return { address, stop: () => exporter.stop() };
}
