import { type RedisArgument, RESP_TYPES, createClient } from "redis";
import type { Address, CacheSettings } from "./settings";

/** Commands that may wait on a connection, written or not. Beyond it nothing is waiting for an answer any more. */
const MOST_WAITING = 5000;

/** What is used of a client of the driver. */
export interface Client {
  readonly isReady: boolean;
  on(event: "error", listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  sendCommand(args: RedisArgument[], options?: typeof COMMAND_OPTIONS): Promise<unknown>;
  close(): Promise<unknown>;
  destroy(): unknown;
}

/**
 * Bulk strings as Buffers: a hit goes out as it came in. The driver's own timeout is off: it ends once a command is
 * written, and is an AbortSignal with a timer for each.
 */
export const COMMAND_OPTIONS = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer }, timeout: undefined };

/**
 * A client of the driver for one connection, which is not open yet and does not open itself again: what follows a lost
 * connection, and to where, is for its owner to say.
 *
 * @param ended ends it whatever state it is in: told to destroy a client, the driver forgets a socket that is still
 * connecting, and lets it live
 */
export function newClient(
  { username, password, tls, authority, name }: CacheSettings,
  { host, port }: Address,
  connectTimeoutMs: number,
  ended: AbortSignal,
): Client {
  const socket = {
    ...{ host, port, connectTimeout: connectTimeoutMs, signal: ended },
    reconnectStrategy: false,
  } as const;
  return createClient({
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    name: `retrofitlink-${name}`,
    // What has names in an answer is a map.
    RESP: 3,
    // Commands while there is no connection fail at once instead of waiting: the caller has another way.
    disableOfflineQueue: true,
    commandsQueueMaxLength: MOST_WAITING,
    // An extension of Redis Enterprise.
    maintNotifications: "disabled",
    socket: tls ? { ...socket, tls: true, ...(authority === undefined ? {} : { ca: authority }) } : socket,
  });
}

/** Ends a client at once, if it has not ended. */
export function destroy(client: Client): void {
  try {
    client.destroy();
  } catch {
    // It was closed already.
  }
}
