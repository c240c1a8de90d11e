export { CdnMetrics, type CdnMetricsOptions, type CdnSource, type CdnWindow } from "./cdn-metrics";
export { CloudFrontFigures } from "./cloudfront-figures";
export { CloudFrontPurger } from "./cloudfront-purger";
export { CloudFrontSigner, type CloudFrontSignerOptions } from "./cloudfront-signer";
export { CloudflareFigures, type CloudflareFiguresOptions } from "./cloudflare-figures";
export { CloudflarePurger, type CloudflarePurgerOptions } from "./cloudflare-purger";
export { CloudflareSigner, type CloudflareSignerOptions } from "./cloudflare-signer";
export {
  CdnInvalidation,
  InvalidationError,
  type Invalidated,
  type InvalidationOptions,
} from "./invalidation";
export type { OriginGuard, Purge } from "./purge-plan";
export { type CdnProvider, cdnProvider, urlSigner } from "./settings";
export type { SignatureLimits, SignedCookie, UrlSigner } from "./url-signer";
