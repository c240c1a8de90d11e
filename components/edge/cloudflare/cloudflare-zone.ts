/** What a zone of Cloudflare can be, and which of its names have a certificate: by plan, zone and hosts. */
import { getDomain } from "tldts";

import { type Issue, issueList, words } from "../../../budget/core/issues";
import { isWithinZone } from "../edge-args";

/** What the zone's contract allows: `enterprise` alone keys on single headers, cookies and query parameters. */
export type CloudflarePlan = "free" | "pro" | "business" | "enterprise";

/** Hosts of one advanced certificate, the zone's own name among them. Source: Cloudflare's API of certificate packs. */
const MOST_CERTIFICATE_HOSTS = 50;

export interface ZoneArgs {
  readonly plan: CloudflarePlan;
  readonly zone: string;
  readonly hosts: readonly string[];
  /** True where a certificate is ordered for the hosts; false where they have the zone's universal one. */
  readonly advancedCertificate: boolean;
}

/** True for a name that somebody registered, right below what a registry hands out. */
function isRegistered(zone: string): boolean {
  return [false, true].some((allowPrivateDomains) => getDomain(zone, { allowPrivateDomains }) === zone);
}

/** True where the certificate that every zone has is good for the host: the zone itself, and one label below. */
export function isUniversal(host: string, zone: string): boolean {
  return host === zone || host.slice(host.indexOf(".") + 1) === zone;
}

/** Hosts of an ordered certificate: it has to have the zone's own name, and holds what is one label below. */
export function certificateHosts({ zone, hosts }: Pick<ZoneArgs, "zone" | "hosts">): string[] {
  return [zone, `*.${zone}`, ...hosts.filter((host) => !isUniversal(host, zone))];
}

/** What keeps Cloudflare from being asked for the hosts, or from answering for them with TLS. */
export function zoneIssues({ plan, zone, hosts, advancedCertificate }: ZoneArgs): Issue[] {
  const { issues, check } = issueList();
  check(
    plan === "enterprise" || isRegistered(zone),
    "zone",
    zone,
    `a registered domain, like ${getDomain(zone) ?? "example.com"}, on the plan ${plan}: only enterprise has zones for a part of one`,
    "Give the registered domain and its id. A second stack needs a domain of its own.",
  );
  // Where the zone is wrong, so is the distance to it.
  if (issues.length > 0) return issues;
  hosts.forEach((host, index) => {
    if (!isWithinZone(host, zone)) return;
    check(
      advancedCertificate || isUniversal(host, zone),
      `hosts[${index}]`,
      host,
      `${zone} or a name one label below it, which is what the zone's universal certificate is for`,
      "Give such a name, or order Advanced Certificate Manager and set advancedCertificate to true.",
    );
  });
  const ordered = certificateHosts({ zone, hosts }).length;
  check(
    !advancedCertificate || ordered <= MOST_CERTIFICATE_HOSTS,
    "hosts",
    words(`${ordered} names for one certificate, ${zone} and *.${zone} among them`),
    `at most ${MOST_CERTIFICATE_HOSTS}`,
    "Use fewer names two labels below the zone.",
  );
  return issues;
}
