/** What nginx.conf depends on, and the names that other files share with it. */
import type { PodRateLimit } from "../../../../budget/load-balancing/proxy-limits";
import type { ProxyConfArgs, ServiceConf } from "../proxy-conf-args";

/** Where things are in the container. */
export const NGINX_PATHS = {
  /** nginx.conf, from the ConfigMap; where the image's `nginx -t` looks. */
  config: "/etc/nginx/nginx.conf",
  accessLog: "/dev/stdout",
} as const;

/** On the status port, to this pod only. */
export const NGINX_STATUS_PATH = "/stub_status";

/** A service beside the proxy's own, with what one address may do there at this pod. */
export type NginxService = ServiceConf<PodRateLimit>;

/** Everything that nginx.conf depends on. */
export interface NginxConfArgs extends ProxyConfArgs {
  /**
   * Address of a DNS server that is asked again while nginx runs, or a file with the directive that names it. Needs
   * nginx 1.27.3. Without one the names are looked up once, when nginx starts.
   */
  readonly resolver?: string | { readonly file: string };
  /** What one address may do at this pod. */
  readonly rateLimit: PodRateLimit;
  /** Services beside the proxy's own. @default none */
  readonly services?: readonly NginxService[];
  /** How HTTP/2 is asked for: with `http2 on`, as of nginx 1.25.1, or with a word of `listen`, as before. @default "directive" */
  readonly http2?: "directive" | "listen";
  /** Directory with the modules of brotli, which the official image has not. @default none, and no brotli */
  readonly brotliModules?: string;
  /** @default "/dev/stdout" */
  readonly accessLog?: string;
}
