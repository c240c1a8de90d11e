/**
 * A replica set that knows who it is and nothing else: FerretDB has no members. Speaks just enough of the wire protocol
 * (hello over OP_QUERY and OP_MSG, find, insert, ping) for the driver to choose a member by role, tags and staleness.
 */
import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { BSON, type Document, Long } from "mongodb";

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const HEADER_BYTES = 16;
const SET_NAME = "rs0";

export type Role = "primary" | "secondary";

/** One member. Roles change as a test says; nobody elects. */
export class Member {
  role: Role;
  /** Behind the primary, seconds. */
  lagSeconds = 0;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private electionId = 1;

  constructor(
    readonly name: string,
    role: Role,
    private readonly tags: Readonly<Record<string, string>>,
    private readonly hosts: () => readonly string[],
  ) {
    this.role = role;
    this.server = createServer((socket) => this.serve(socket));
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async listen(port = 0): Promise<void> {
    this.server.listen(port, "127.0.0.1");
    await once(this.server, "listening");
  }

  /** Takes over as primary. */
  promote(electionId: number): void {
    this.role = "primary";
    this.electionId = electionId;
  }

  /** Closes the port and cuts every connection. Safe to repeat. */
  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, "close");
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    let buffered = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk]);
      while (buffered.length >= HEADER_BYTES && buffered.length >= buffered.readInt32LE(0)) {
        const length = buffered.readInt32LE(0);
        socket.write(this.answer(buffered.subarray(0, length)));
        buffered = buffered.subarray(length);
      }
    });
  }

  private answer(message: Buffer): Buffer {
    const requestId = message.readInt32LE(4);
    if (message.readInt32LE(12) === OP_QUERY) {
      // The first hello of a connection, the only one in the old form. OP_REPLY: flags, cursor, position, count.
      const head = Buffer.alloc(20);
      head.writeInt32LE(1, 16);
      return framed(OP_REPLY, requestId, Buffer.concat([head, BSON.serialize(this.hello())]));
    }
    // Flags, and one section of kind 0: the command. A second one of documents may follow it.
    const command = BSON.deserialize(message.subarray(HEADER_BYTES + 5), {
      allowObjectSmallerThanBufferSize: true,
    });
    return framed(OP_MSG, requestId, Buffer.concat([Buffer.alloc(5), BSON.serialize(this.reply(command))]));
  }

  private reply(command: Document): Document {
    if ("hello" in command || "ismaster" in command || "isMaster" in command) return this.hello();
    if ("insert" in command) {
      return this.role === "primary"
        ? { ok: 1, n: 1 }
        : { ok: 0, code: 10_107, codeName: "NotWritablePrimary", errmsg: "not primary" };
    }
    if ("find" in command) {
      const { comment } = command as { readonly comment?: unknown };
      const firstBatch = [{ answeredBy: this.name, ...(comment === undefined ? {} : { comment }) }];
      return { ok: 1, cursor: { id: Long.ZERO, ns: "retrofitlink.buildings", firstBatch } };
    }
    return { ok: 1 };
  }

  private hello(): Document {
    const now = Date.now();
    const primary = this.role === "primary";
    return {
      ok: 1,
      helloOk: true,
      isWritablePrimary: primary,
      ismaster: primary,
      secondary: !primary,
      setName: SET_NAME,
      setVersion: 1,
      ...(primary ? { electionId: new BSON.ObjectId(this.electionId.toString(16).padStart(24, "0")) } : {}),
      hosts: this.hosts(),
      me: this.address,
      tags: this.tags,
      minWireVersion: 0,
      maxWireVersion: 21,
      maxBsonObjectSize: 16_777_216,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: 100_000,
      logicalSessionTimeoutMinutes: 30,
      localTime: new Date(now),
      lastWrite: {
        lastWriteDate: new Date(now - this.lagSeconds * 1000),
        opTime: { ts: new BSON.Timestamp({ t: Math.floor(now / 1000), i: 1 }), t: Long.ONE },
      },
    };
  }
}

function framed(opCode: number, responseTo: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeInt32LE(HEADER_BYTES + body.length, 0);
  header.writeInt32LE(responseTo, 8);
  header.writeInt32LE(opCode, 12);
  return Buffer.concat([header, body]);
}

/** A primary, a secondary, and a read replica with the tag that the platform gives it. */
export async function startReplicaSet(): Promise<{
  readonly primary: Member;
  readonly secondary: Member;
  readonly replica: Member;
  readonly uri: string;
  stop(): Promise<void>;
}> {
  const members: Member[] = [];
  const addresses: string[] = [];
  const hosts = (): readonly string[] => addresses;
  const primary = new Member("primary", "primary", {}, hosts);
  const secondary = new Member("secondary", "secondary", {}, hosts);
  const replica = new Member("replica", "secondary", { role: "read-replica" }, hosts);
  members.push(primary, secondary, replica);
  for (const member of members) {
    await member.listen();
    addresses.push(member.address);
  }
  return {
    primary,
    secondary,
    replica,
    uri: `mongodb://${addresses.join(",")}/retrofitlink?replicaSet=${SET_NAME}`,
    stop: async () => {
      await Promise.all(members.map((member) => member.stop()));
    },
  };
}
