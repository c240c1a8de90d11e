/** Bytes or text that an answer ends with, as `end` takes them. */
export interface LastPiece {
  readonly chunk: string | Buffer | undefined;
  readonly encoding: BufferEncoding | undefined;
}

/** Who is told of an answer while it goes out. */
export interface AnswerWatch {
  /**
   * The whole answer is there, and nothing of it has gone out.
   *
   * @returns what ends the answer instead, the head being set for it; then nothing else is told
   */
  readonly instead?: (() => LastPiece | undefined) | undefined;
  /**
   * The head is as handlers and the middleware behind made it. Headers may still be set.
   *
   * @param body where the answer is whole; else it is being written in pieces
   */
  readonly head: (body: Buffer | undefined) => void;
  /** The head goes out as it is now, with what the middleware in front made of it. Headers may still be set. */
  readonly sealed: () => void;
  /**
   * Head and body are given to the network.
   *
   * @param body undefined when it is larger than was to be collected
   */
  readonly complete: (body: Buffer | undefined) => void;
}

/** Collects the pieces of a body up to a size, bytes. */
export class Pieces {
  private readonly pieces: Buffer[] = [];
  private size = 0;

  constructor(private readonly most: number) {}

  add(chunk: unknown, encoding: unknown): void {
    const piece = bytesOf(chunk, encoding);
    this.size += piece.length;
    if (this.size > this.most) this.pieces.length = 0;
    // The writer may use its buffer again once it is through.
    else if (piece.length > 0) this.pieces.push(typeof chunk === "string" ? piece : Buffer.from(piece));
  }

  get body(): Buffer | undefined {
    return this.size > this.most ? undefined : Buffer.concat(this.pieces);
  }
}

/** What Node.js would refuse has no bytes: it refuses it itself. */
export function bytesOf(chunk: unknown, encoding: unknown): Buffer {
  if (typeof chunk === "string") {
    return Buffer.from(chunk, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8");
  }
  if (Buffer.isBuffer(chunk)) return chunk;
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return Buffer.alloc(0);
}
