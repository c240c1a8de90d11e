/** An object of the bucket. */
export interface AssetObject {
  /** Path in the bucket, below the target. */
  readonly key: string;
  readonly content: Buffer;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly contentEncoding?: "br" | "gzip";
}

/** Where assets are published. Keys are paths with slashes, below the store's own folder. */
export interface AssetStore {
  /** For messages: `s3://bucket/assets`. */
  readonly name: string;
  /** The content of an object, or undefined when there is none. */
  read(key: string): Promise<Buffer | undefined>;
  /** Puts an object in place of what was there. */
  put(object: AssetObject): Promise<void>;
  /** Removes an object; none is no error. */
  remove(key: string): Promise<void>;
}
