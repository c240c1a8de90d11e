import type * as compute from "@pulumi/gcp/compute";
import type * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../../shared/problems";
import type { Transform } from "../../../shared/transform";
import { cloudLoadBalancerProblems, type CloudLoadBalancerArgs } from "../cloud-load-balancer-args";

/** Where the proxy's pods are. */
export interface GcpNetwork {
  readonly project: string;
  readonly region: string;
  /** Name of the network of the cluster. */
  readonly network: string;
  /** Zones of the cluster's nodes: `europe-west3-a`. Each has a network endpoint group. */
  readonly zones: readonly string[];
}

export interface GcpLoadBalancerArgs extends CloudLoadBalancerArgs {
  /** Name of the stack: two of them may share a project. */
  readonly stack: string;
  readonly location: GcpNetwork;
  /** A global address that is reserved already: the proxy has to trust it, before there is a load balancer. */
  readonly address: pulumi.Input<string>;
  /** Name of the network endpoint groups, as the annotation of the proxy's Service gives it. */
  readonly negName: string;
  /** Requests/s at which a pod counts as full, a whole number >= 1. */
  readonly ratePerPod: number;
  /** Path prefixes of WebSockets and event streams. Elsewhere a connection is ended after `timeouts.request.loadBalancer`. @default none */
  readonly longLivedPaths?: readonly string[];
  /** Share of the requests that are logged, 0..1. @default 1 */
  readonly logSampleRate?: number;
  readonly transform?: {
    readonly backend?: Transform<compute.BackendServiceArgs>;
    readonly firewall?: Transform<compute.SecurityPolicyArgs>;
    readonly urlMap?: Transform<compute.URLMapArgs>;
    readonly healthCheck?: Transform<compute.HealthCheckArgs>;
    readonly sslPolicy?: Transform<compute.SSLPolicyArgs>;
  };
}

/** What a rule of Cloud Armor that bans counts at most, requests in an interval of any length. */
export const MOST_COUNTED_REQUESTS = 10_000;

/** Everything that makes the load balancer impossible to build. An empty list means it is sound. */
export function gcpLoadBalancerProblems(args: GcpLoadBalancerArgs): Problem[] {
  const { location, certificate, negName, ratePerPod, logSampleRate = 1, timeouts, firewall } = args;
  const problems = cloudLoadBalancerProblems(args);
  if (firewall.requestsPerFiveMinutes > MOST_COUNTED_REQUESTS) {
    problems.push({
      property: "firewall.requestsPerFiveMinutes",
      got: firewall.requestsPerFiveMinutes,
      allowed: `at most ${MOST_COUNTED_REQUESTS} (requests in five minutes), for Cloud Armor counts no further`,
      fix: "Lower it; the rate limit of the proxy is another.",
    });
  }
  if (location.zones.length === 0) {
    problems.push({
      property: "zones",
      got: location.zones,
      allowed: "at least one zone",
      fix: "Name the zones of the cluster's nodes; see `gcloud container clusters describe`.",
    });
  }
  location.zones.forEach((zone, index) => {
    const isOfRegion = zone.startsWith(`${location.region}-`) && /-[a-z]$/.test(zone);
    if (isOfRegion && location.zones.indexOf(zone) === index) return;
    problems.push({
      property: `zones[${index}]`,
      got: zone,
      allowed: `a zone of ${location.region}, like ${location.region}-a, once`,
      fix: "Name the zones of the cluster's nodes; see `gcloud container clusters describe`.",
    });
  });
  if (
    certificate.kind === "existing" &&
    !/^projects\/[^/]+\/locations\/global\/certificates\/[^/]+$/.test(certificate.id)
  ) {
    problems.push({
      property: "certificate.id",
      got: certificate.id,
      allowed: "projects/<project>/locations/global/certificates/<name>",
      fix: "See `gcloud certificate-manager certificates list`.",
    });
  }
  const checks: [boolean, string, unknown, string, string][] = [
    [
      /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(negName),
      "negName",
      negName,
      "a name of at most 63 lower-case letters, digits and hyphens",
      "Shorten it.",
    ],
    [
      Number.isInteger(ratePerPod) && ratePerPod >= 1,
      "ratePerPod",
      ratePerPod,
      "a whole number of at least 1 (requests/s)",
      "Derive it from the peak.",
    ],
    [
      logSampleRate >= 0 && logSampleRate <= 1,
      "logSampleRate",
      logSampleRate,
      "a number from 0 to 1",
      "0.1 logs every tenth request.",
    ],
    [
      timeouts.idle.loadBalancerClient >= 5 && timeouts.idle.loadBalancerClient <= 1200,
      "timeouts.idle.loadBalancerClient",
      timeouts.idle.loadBalancerClient,
      "5 to 1200 (seconds)",
      "Derive the ladder for gcp.",
    ],
    [
      timeouts.idle.proxyClient >= 620,
      "timeouts.idle.proxyClient",
      timeouts.idle.proxyClient,
      "at least 620 (seconds), for the load balancer keeps idle connections for 600 s",
      "Derive the ladder for gcp.",
    ],
  ];
  return [
    ...problems,
    ...checks
      .filter(([ok]) => !ok)
      .map(([, property, got, allowed, fix]) => ({ property, got, allowed, fix })),
  ];
}

/** The annotation by which GKE makes the network endpoint groups of a Service, one a zone, under a name of ours. */
export function negAnnotation(servicePort: number, negName: string): Record<string, string> {
  return {
    "cloud.google.com/neg": JSON.stringify({ exposed_ports: { [servicePort]: { name: negName } } }),
  };
}

/**
 * Where a network endpoint group is: GKE makes it of project, zone and name, so that its link is known before it is
 * there.
 */
export function negLink({ project }: Pick<GcpNetwork, "project">, zone: string, negName: string): string {
  return `https://www.googleapis.com/compute/v1/projects/${project}/zones/${zone}/networkEndpointGroups/${negName}`;
}
