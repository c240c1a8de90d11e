export { Cloudflare } from "./edge/cloudflare/cloudflare";
export type { CloudflareArgs } from "./edge/cloudflare/cloudflare-args";
export { CloudFront } from "./edge/cloudfront/cloudfront";
export type { CloudFrontArgs } from "./edge/cloudfront/cloudfront-args";
export { ImageOptimizer } from "./edge/images/image-optimizer";
export type { ImageOptimizerArgs } from "./edge/images/image-optimizer-args";

export { edgeBehaviors, withImageVariants } from "../budget/edge/behaviors";
