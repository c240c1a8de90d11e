/** Rules between the settings of a public load balancer, as its component and the stack file hold to them. */
import { issue, type Issue } from "../core/issues";

/** True when a certificate for `names` is good for `host`: the name itself, or a wildcard for its first label. */
export function certificateCovers(names: readonly string[], host: string): boolean {
  const parent = host.slice(host.indexOf(".") + 1);
  return names.some((name) => name === host || name === `*.${parent}`);
}

/**
 * @param names of a certificate that is there; undefined where one is made
 * @param isProved true where there is a zone to prove a new certificate in
 */
export function certificateIssues(
  hosts: readonly string[],
  names: readonly string[] | undefined,
  isProved: boolean,
): Issue[] {
  if (names === undefined) {
    if (isProved) return [];
    const fix = "Name the zone, in which the certificate is proved, or give a certificate that is there.";
    return [issue(["dnsZone"], undefined, { allowed: "the zone of the hosts", fix })];
  }
  return hosts
    .filter((host) => !certificateCovers(names, host))
    .map((host) =>
      issue(["certificate", "names"], names, {
        allowed: `names that cover every host; ${host} is not covered`,
        fix: "Choose a certificate for this name, or let one be made with certificate: managed.",
      }),
    );
}
