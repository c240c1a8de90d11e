import type { Planned } from "../core/summary";
import type { CdnNumbers } from "./plan";
import type { ImageNumbers } from "./image-plan";

/** Summary of `retrofitlink:edge:CloudFront` and `retrofitlink:edge:Cloudflare`: the same, for they promise the same. */
export interface EdgeSummary extends Planned {
  readonly numbers: CdnNumbers;
  readonly provider: "cloudfront" | "cloudflare";
  /** Names that clients use. */
  readonly hosts: readonly string[];
  /** Who sets the security headers. */
  readonly headers: "edge" | "proxy";
  readonly classes: readonly EdgeClassSummary[];
}

/** One class of paths at the edge. */
export interface EdgeClassSummary {
  readonly name: string;
  readonly paths: readonly string[];
  readonly target: "service" | "assets" | "images";
  readonly signed: boolean;
  /** How long the edge keeps an answer, seconds; 0 for what it passes on. */
  readonly edgeSeconds: number;
  /** Requests/s of clients, and those that its target answers. */
  readonly rps: number;
  readonly hitRatio: number;
  readonly missRps: number;
}

/** Summary of `retrofitlink:edge:ImageOptimizer`. */
export interface ImageOptimizerSummary extends Planned {
  readonly numbers: ImageNumbers;
  readonly cloud: "aws" | "gcp";
}
