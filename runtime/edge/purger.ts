import type { PurgeBatch, PurgeLimits } from "./purge-plan";

/** One CDN that can be told to forget. */
export interface Purger {
  readonly limits: PurgeLimits;
  /**
   * @param reference the same for a call that is repeated, so that the CDN does it once
   * @throws PurgeBusy when the CDN has too much to do; anything else is final
   */
  purge(batch: PurgeBatch, reference: string): Promise<void>;
}

/** The CDN takes no more at the moment. */
export class PurgeBusy extends Error {
  override readonly name = "PurgeBusy";

  /** @param retryAfterSeconds when it said to ask again; undefined when it did not */
  constructor(
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}
