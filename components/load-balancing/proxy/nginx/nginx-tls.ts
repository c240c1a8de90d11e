/** TLS in nginx.conf. */
import type { NginxConfArgs } from "./nginx-conf-args";
import { directive, duration, type Directive } from "./nginx-syntax";
import { PROXY_PORTS } from "../proxy-conf-args";
import { TLS_SESSION_CACHE_MIB } from "../../../../budget/load-balancing/proxy-memory";
import { TLS_CIPHERS, TLS_SESSION_SECONDS } from "../proxy-tls";

/**
 * The encrypted port. Sessions are resumed from a cache that the workers share; tickets are off, since a key for
 * tickets that lives as long as the process would end forward secrecy for as long.
 *
 * @param listenOptions words of `listen`, which both ports share
 */
export function tlsServer(
  { listen, http2 = "directive" }: NginxConfArgs,
  { certificate, key }: NonNullable<NginxConfArgs["tls"]>,
  listenOptions: readonly string[],
): Directive[] {
  const word = http2 === "listen" ? ["http2"] : [];
  return [
    directive("listen", listen?.https ?? PROXY_PORTS.https, "ssl", ...word, ...listenOptions),
    ...(http2 === "directive" ? [directive("http2", "on")] : []),
    directive("ssl_certificate", certificate),
    directive("ssl_certificate_key", key),
    directive("ssl_protocols", "TLSv1.2", "TLSv1.3"),
    directive("ssl_ciphers", TLS_CIPHERS.join(":")),
    directive("ssl_prefer_server_ciphers", "off"),
    directive("ssl_session_cache", `shared:tls:${TLS_SESSION_CACHE_MIB}m`),
    directive("ssl_session_timeout", duration(TLS_SESSION_SECONDS)),
    directive("ssl_session_tickets", "off"),
  ];
}
