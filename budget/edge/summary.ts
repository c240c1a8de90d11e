/** Summary of `retrofitlink:edge:CloudFront` and `retrofitlink:edge:Cloudflare`: the same, for they promise the same. */
export interface EdgeSummary {
  /** Path in the stack file that the numbers come from: `retrofitlink:cdn`. */
  readonly configKey: string;
  /** Name of the component. */
  readonly workload: string;
  readonly provider: "cloudfront" | "cloudflare";
  /** Names that clients use. */
  readonly hosts: readonly string[];
  /** Requests/s of clients at peak. */
  readonly peakRps: number;
  /** Expected hits / requests, 0..1. */
  readonly hitRatio: number;
  /** Requests/s at the service with the promised hit ratio, with the one that pages, and with none. */
  readonly expectedOriginRps: number;
  readonly degradedOriginRps: number;
  readonly collapseOriginRps: number;
  /** Requests a minute of one client address, beyond which it gets 429. */
  readonly clientRequestsPerMinute: number;
  /** How long the edge waits for an answer, and keeps an idle connection, seconds. */
  readonly originReadSeconds: number;
  readonly originKeepAliveSeconds: number;
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
export interface ImageOptimizerSummary {
  readonly configKey: string;
  readonly cloud: "aws" | "gcp";
  /** Requests for pictures at the edge at peak, per second. */
  readonly peakRps: number;
  /** Share of them that the edge answers, 0..1. */
  readonly hitRatio: number;
  /** Mean time of one picture, seconds. */
  readonly secondsPerPicture: number;
  /** Share of the calls that may be busy at peak, 0..1. */
  readonly maxUtilization: number;
  /** Cached objects that one original can become. */
  readonly variantsPerOriginal: number;
  /** Calls of the function at the same time. */
  readonly concurrency: number;
  /** What one call may need at worst, MiB. */
  readonly neededMemoryMiB: number;
  /** What it has, MiB. */
  readonly memoryLimitMiB: number;
  /** Longest call, seconds. */
  readonly timeoutSeconds: number;
}
