import { CacheManager, type CacheManagerOptions } from "./cache-manager";

const MINUTE_MS = 60_000;

/** Answers go out as they are: to unpack a small one would cost more than everything else about a hit. */
const COMPRESS_ANSWERS_FROM_BYTES = 64 * 1024;

/** Answers of the API: fresh for 5 minutes, then stale for a minute at most while a new one is made. */
export class ApiCacheManager extends CacheManager {
  constructor(options: CacheManagerOptions) {
    super(
      { compressFromBytes: COMPRESS_ANSWERS_FROM_BYTES, ...options },
      { name: "api", ttlMs: 5 * MINUTE_MS, staleMs: MINUTE_MS, negativeTtlMs: 10_000 },
    );
  }
}

/** What is dear to compute or to query: fresh for 30 minutes, then stale for 5 at most while a new one is made. */
export class DataCacheManager extends CacheManager {
  constructor(options: CacheManagerOptions) {
    super(options, { name: "data", ttlMs: 30 * MINUTE_MS, staleMs: 5 * MINUTE_MS, negativeTtlMs: 30_000 });
  }
}
