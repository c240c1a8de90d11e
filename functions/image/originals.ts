/** An image as it was uploaded. */
export interface Original {
  /** Changes when the file does. Not shown to anyone as it is. */
  readonly version: string;
  /** Size that the bucket states, bytes. */
  readonly bytes: number;
  /** The content, from the beginning. An original that is not read is closed. */
  read(): AsyncIterable<Uint8Array>;
  close(): void;
}

/** Where originals are. */
export interface Originals {
  /** The file `key`, or undefined when there is none. @throws when the bucket does not answer */
  open(key: string, signal: AbortSignal): Promise<Original | undefined>;
}
