/** The DNS server of nginx, which unlike every other program does not read /etc/resolv.conf. */
import { SCRATCH } from "../proxy-conf-args";

/** Where the directive is written when nginx starts. */
export const RESOLVER_FILE = `${SCRATCH}/resolver.conf`;

/** Shorter than the TTL of cluster DNS: a pod that is gone is forgotten before it is tried often. */
export const RESOLVER_VALID = "valid=5s";

/**
 * Shell script that writes `resolver address …;` with the servers that the cluster gave the pod, whatever the cluster's
 * DNS is called and wherever it runs. It ends with status 1 where the pod was given none.
 *
 * @param resolvConf @default "/etc/resolv.conf"
 * @param file @default RESOLVER_FILE
 */
export function resolverScript(resolvConf = "/etc/resolv.conf", file = RESOLVER_FILE): string {
  return `
servers=
while read -r key address rest || [ -n "$key" ]; do
  [ "$key" = nameserver ] || continue
  # An address of IPv6 stands in brackets, and without the interface it is reached by.
  case $address in *:*) address="[\${address%%%*}]" ;; esac
  servers="$servers $address"
done <${resolvConf}
[ -n "$servers" ] || { echo "no nameserver in ${resolvConf}" >&2; exit 1; }
echo "resolver$servers ${RESOLVER_VALID};" >${file}
`.trim();
}
