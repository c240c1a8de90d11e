/** What the component writes into the function's environment. */
export interface ImageSettings {
  readonly bucket: string;
  /** `images/` */
  readonly prefix: string;
  readonly concurrency: number;
}

/** Names of the variables. */
export const IMAGE_VARIABLES = {
  bucket: "ORIGINALS_BUCKET",
  prefix: "ORIGINALS_PREFIX",
  concurrency: "IMAGES_AT_ONCE",
} as const;

/** @throws Error that names the variable */
export function imageSettings(environment: Readonly<Record<string, string | undefined>>): ImageSettings {
  const text = (name: string): string => {
    const value = environment[name] ?? "";
    if (value === "") throw new Error(`${name} is not set`);
    return value;
  };
  const concurrency = Number(text(IMAGE_VARIABLES.concurrency));
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new Error(`${IMAGE_VARIABLES.concurrency} is not a whole number of at least 1`);
  }
  const prefix = text(IMAGE_VARIABLES.prefix);
  if (!prefix.endsWith("/") || prefix.startsWith("/")) {
    throw new Error(`${IMAGE_VARIABLES.prefix} does not end with a slash, or starts with one`);
  }
  return { bucket: text(IMAGE_VARIABLES.bucket), prefix, concurrency };
}
