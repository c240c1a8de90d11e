declare module "apicache" {
  import type { RequestHandler } from "express";
  interface ApiCache {
    options(options: { readonly redisClient: unknown }): ApiCache;
    middleware(duration: string): RequestHandler;
  }
  const apicache: ApiCache;
  export default apicache;
}
