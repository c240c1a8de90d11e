import type { ProxyTls } from "../../components/load-balancing/proxy/proxy-tls";
import type { StackConfig } from "./schema/stack";

/** The certificate, of which the schema lets only one kind through. */
export function tlsOf({ tls }: Pick<NonNullable<StackConfig["loadBalancer"]>, "tls">): { tls?: ProxyTls } {
  if (tls === undefined) return {};
  const { issuer, secretName, hosts, plainPort } = tls;
  if (issuer !== undefined) return { tls: { issuer, hosts: hosts ?? [], plainPort } };
  return {
    tls: { secretName: secretName ?? "", plainPort, ...(hosts === undefined ? {} : { hosts }) },
  };
}
