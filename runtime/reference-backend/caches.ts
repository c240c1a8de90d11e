import type { Request, RequestHandler } from "express";
import { ApiCacheManager, type CacheCoreOptions, DataCacheManager, responseCache } from "../caching";

/** Caches of the backend. */
export class Caches {
  private readonly api: ApiCacheManager;
  private readonly data: DataCacheManager;

  constructor(options: Pick<CacheCoreOptions, "settings" | "logger" | "registry">) {
    this.api = new ApiCacheManager(options);
    this.data = new DataCacheManager(options);
  }

  get available(): boolean {
    return this.api.available && this.data.available;
  }

  /** Waits a second at most for the connections. */
  async connected(): Promise<void> {
    await Promise.all([this.api.connected(), this.data.connected()]);
  }

  /** Middleware of the routes whose answers are the same for everybody. At the route, so that its name is in the metrics. */
  responses(): RequestHandler {
    return responseCache({ cache: this.api, tags: tagsOf });
  }

  /** What is dear to find: kept for half an hour, found once for all who ask at the same time. */
  async remembered<T>(key: string, tag: string, find: () => Promise<T>): Promise<T> {
    return (await this.data.getOrLoad(key, find, { tags: [tag] })) as T;
  }

  async close(): Promise<void> {
    await Promise.all([this.api.close(), this.data.close()]);
  }
}

/** `/api/properties/:id` depends on the property, searches on all of their kind. */
function tagsOf({ params }: Request): readonly string[] {
  const { id } = params;
  return typeof id === "string" ? [`property:${id}`] : [];
}
