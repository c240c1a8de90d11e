import type { MongoClient } from "mongodb";
import type { Registry } from "prom-client";
import { counter, gauge } from "../metrics/metric";

type State = "pending" | "idle" | "in-use";

/** Counts the connections of a client's pools by what they do, and the waits for one that were in vain. */
export function monitorPool(client: MongoClient, registry: Registry): void {
  const connections = gauge(registry, {
    name: "mongodb_pool_connections",
    help: "Connections of the driver's pools to all hosts: pending, idle or in-use",
    labelNames: ["state"],
  });
  const timeouts = counter(registry, {
    name: "mongodb_pool_wait_queue_timeouts_total",
    help: "Operations that got no connection within MONGODB_WAIT_QUEUE_TIMEOUT_MS",
  });
  const cleared = counter(registry, {
    name: "mongodb_pool_cleared_total",
    help: "Times a pool was emptied because its server failed or stepped down",
  });
  for (const state of ["pending", "idle", "in-use"] satisfies State[]) connections.inc({ state }, 0);

  const states = new Map<string, State>();
  const move = (address: string, id: number | "<monitor>", to: State | undefined): void => {
    const key = `${address} ${id}`;
    const from = states.get(key);
    if (from !== undefined) connections.dec({ state: from });
    if (to === undefined) states.delete(key);
    else {
      connections.inc({ state: to });
      states.set(key, to);
    }
  };
  client.on("connectionCreated", ({ address, connectionId }) => move(address, connectionId, "pending"));
  client.on("connectionReady", ({ address, connectionId }) => move(address, connectionId, "idle"));
  client.on("connectionCheckedOut", ({ address, connectionId }) => move(address, connectionId, "in-use"));
  client.on("connectionCheckedIn", ({ address, connectionId }) => move(address, connectionId, "idle"));
  client.on("connectionClosed", ({ address, connectionId }) => move(address, connectionId, undefined));
  client.on("connectionPoolCleared", () => cleared.inc());
  client.on("connectionCheckOutFailed", ({ reason }) => {
    if (reason === "timeout") timeouts.inc();
  });
}
