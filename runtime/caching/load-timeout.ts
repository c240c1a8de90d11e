/**
 * A value was not loaded in time. Who asks again begins anew; what is loaded after all is kept for them, unless it was
 * invalidated meanwhile. The message names no key and may be shown.
 */
export class LoadTimeout extends Error {
  override readonly name = "LoadTimeout";
  /** HTTP status, under the name that Express reads. */
  readonly status = 503;
  /** When to ask again, seconds. */
  readonly retryAfterSeconds = 1;

  constructor(
    /** Name of the cache. */
    readonly cache: string,
    /** The time that it had. */
    readonly timeoutMs: number,
  ) {
    super(`cache ${cache}: a value was not loaded within ${timeoutMs} ms (timeoutMs)`);
  }
}
