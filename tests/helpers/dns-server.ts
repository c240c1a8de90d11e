import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";

/** A DNS server that knows IPv4 addresses of a few names, which a test may change. */
export interface DnsServer {
  /** `address:port` */
  readonly address: string;
  /** Name without a dot at the end, and its addresses. A name that is not here does not exist. */
  readonly names: Map<string, readonly string[]>;
  stop(): Promise<void>;
}

const TYPE_A = 1;
const NAME_ERROR = 3;

/** Starts it on a free port of 127.0.0.1. */
export async function startDns(): Promise<DnsServer> {
  const names = new Map<string, readonly string[]>();
  const socket = createSocket("udp4");
  socket.on("message", (query: Buffer, from: RemoteInfo) => {
    socket.send(answer(query, names), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    names,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** RFC 1035: the question again, and a record for each address. */
function answer(query: Buffer, names: ReadonlyMap<string, readonly string[]>): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(12, at + 5);
  const found = names.get(labels.join("."));
  const addresses = type === TYPE_A ? (found ?? []) : [];
  const head = Buffer.alloc(12);
  head.writeUInt16BE(query.readUInt16BE(0), 0);
  // An answer, with recursion as asked for.
  head.writeUInt16BE(0x8180 | (found === undefined ? NAME_ERROR : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(addresses.length, 6);
  const records = addresses.map((address) => {
    const record = Buffer.alloc(16);
    // The name is that of the question, at byte 12.
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(TYPE_A, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(1, 6);
    record.writeUInt16BE(4, 10);
    address.split(".").forEach((byte, index) => record.writeUInt8(Number(byte), 12 + index));
    return record;
  });
  return Buffer.concat([head, question, ...records]);
}
