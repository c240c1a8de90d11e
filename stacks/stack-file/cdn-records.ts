/** Which DNS service has the zone of the load balancer's hosts. */
import { cloudflareRecords } from "../../components/edge/cloudflare/cloudflare-records";
import { isWithinZone } from "../../components/edge/edge-args";
import type { RecordWriter } from "../../components/shared/host-records";
import type { StackConfig } from "./schema/stack";

/** True where Cloudflare is authoritative for the names: it is the CDN, and they are within its zone. */
export function areInCloudflare(hosts: readonly string[], zone: string | undefined): boolean {
  return zone !== undefined && hosts.every((host) => isWithinZone(host, zone));
}

/**
 * Who writes the records of the load balancer's hosts and the proofs of its certificate, where that is not the cloud
 * itself. The file was refused if it named hosts in two places.
 */
export function originRecords({ cdn, loadBalancer }: StackConfig): RecordWriter | undefined {
  if (cdn?.provider !== "cloudflare") return undefined;
  const hosts = loadBalancer?.public?.hosts ?? [];
  return areInCloudflare(hosts, cdn.zone) ? cloudflareRecords(cdn.cloudflare.zoneId) : undefined;
}
