/** The exporter that runs beside a Redis in its pod, as a process of a test: with the user and the settings of the pod. */
import { spawn } from "node:child_process";
import { once } from "node:events";

import { passwordOf } from "../../components/caching/redis/redis-users";
import { freePort } from "../../cli/free-port";
import { eventually } from "./eventually";
import { REDIS_CREDENTIALS } from "./redis-server";

export interface RunningExporter {
  /** Address with a port. */
  readonly address: string;
  stop(): Promise<void>;
}

/** @param port of the server on 127.0.0.1 @throws Error that says to run `make system-packages` when it is not installed */
export async function startRedisExporter(port: number): Promise<RunningExporter> {
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn("prometheus-redis-exporter", [`--web.listen-address=${address}`], {
    stdio: "ignore",
    env: {
      PATH: process.env["PATH"],
      REDIS_ADDR: `redis://127.0.0.1:${port}`,
      REDIS_USER: "exporter",
      REDIS_PASSWORD: passwordOf("exporter", REDIS_CREDENTIALS.current),
      REDIS_EXPORTER_CONFIG_COMMAND: "-",
    },
  });
  const missing = new Promise<never>((_, reject) =>
    child.once("error", ({ message }) => reject(new Error(`${message}; next: make system-packages`))),
  );
  missing.catch(() => undefined);
  const answers = async (): Promise<boolean> => {
    try {
      return (await fetch(`http://${address}/health`)).ok;
    } catch {
      return false;
    }
  };
  await Promise.race([missing, eventually("the exporter answers", answers, Boolean)]);
  return {
    address,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}
