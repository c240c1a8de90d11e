import { setTimeout as sleep } from "node:timers/promises";

import { MemoryStore } from "../../../runtime/reference-backend/memory-store";
import type { PropertySearch, Store } from "../../../runtime/reference-backend/model";

/** A store whose searches take as long, and fail as, a test says. */
export class TestStore extends MemoryStore {
  delayMs = 0;
  failure: Error | undefined;
  closed = false;

  override async searchProperties(search: PropertySearch): ReturnType<Store["searchProperties"]> {
    await sleep(this.delayMs);
    if (this.failure !== undefined) throw this.failure;
    return super.searchProperties(search);
  }

  override async ping(): Promise<void> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
  }

  override close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
