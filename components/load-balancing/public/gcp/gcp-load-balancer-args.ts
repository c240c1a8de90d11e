import type * as compute from "@pulumi/gcp/compute";
import type * as dns from "@pulumi/gcp/dns";
import type * as logging from "@pulumi/gcp/logging";
import type * as pulumi from "@pulumi/pulumi";

import { issue, type Issue, issuesOf, within } from "../../../../budget/core/issues";
import { gcpZoneNames, NODE_ZONES } from "../../../../budget/core/cloud-leaves";
import type { Transform } from "../../../shared/transform";
import {
  completePublicArgs,
  publicLoadBalancerIssues,
  type CompletePublicArgs,
  type PublicLoadBalancerArgs,
} from "../public-load-balancer-args";
import type { GcpCertificateArgs } from "./gcp-certificate";

/** Where the proxy's pods are. */
export interface GcpNetwork {
  readonly project: string;
  readonly region: string;
  /** Name of the network of the cluster. */
  readonly network: pulumi.Input<string>;
  /** Zones of the cluster's nodes: `europe-west3-a`. Each has a network endpoint group. */
  readonly zones: readonly string[];
}

export interface GcpLoadBalancerArgs extends PublicLoadBalancerArgs {
  /** Physical names begin with it: two load balancers may share a project. @default the stack's name and the component's */
  readonly prefix?: string;
  readonly location: GcpNetwork;
  /** A global address that is reserved already: the proxy has to trust it, before there is a load balancer. */
  readonly address: pulumi.Input<string>;
  /** Name of the network endpoint groups, as the annotation of the proxy's Service gives it. */
  readonly negName: string;
  /** Path prefixes of WebSockets and event streams. Elsewhere a connection is ended after `timeouts.request.loadBalancer`. @default none */
  readonly longLivedPaths?: readonly string[];
  /** Share of the requests that are logged, 0..1. @default 1 */
  readonly logSampleRate?: number;
  readonly transform?: GcpLoadBalancerTransforms;
}

/** Escape hatches, one for each child; where there are several of a kind, for each of them. */
export interface GcpLoadBalancerTransforms extends NonNullable<GcpCertificateArgs["transform"]> {
  readonly backend?: Transform<compute.BackendServiceArgs>;
  readonly firewall?: Transform<compute.SecurityPolicyArgs>;
  readonly urlMap?: Transform<compute.URLMapArgs>;
  readonly healthCheck?: Transform<compute.HealthCheckArgs>;
  readonly sslPolicy?: Transform<compute.SSLPolicyArgs>;
  /** Lets Google's front ends into the network. */
  readonly networkFirewall?: Transform<compute.FirewallArgs>;
  readonly httpsProxy?: Transform<compute.TargetHttpsProxyArgs>;
  readonly forwardingRule?: Transform<compute.GlobalForwardingRuleArgs>;
  /** Of port 80. */
  readonly redirectMap?: Transform<compute.URLMapArgs>;
  readonly redirectProxy?: Transform<compute.TargetHttpProxyArgs>;
  readonly record?: Transform<dns.RecordSetArgs>;
  readonly accessLogs?: Transform<logging.ProjectBucketConfigArgs>;
  readonly accessLogsSink?: Transform<logging.ProjectSinkArgs>;
}

/** Arguments with their defaults and their plan. */
export type CompleteGcpArgs = CompletePublicArgs<GcpLoadBalancerArgs>;

/** What a rule of Cloud Armor that bans counts at most, requests in an interval of any length. */
export const MOST_COUNTED_REQUESTS = 10_000;

/** Everything that makes the load balancer impossible to build. An empty list means it is sound. */
export function gcpLoadBalancerIssues(given: GcpLoadBalancerArgs): Issue[] {
  const args = completePublicArgs("gcp", given);
  const { location, certificate, negName, logSampleRate = 1, timeouts, firewall } = args;
  const issues = publicLoadBalancerIssues(args);
  if (firewall.requestsPerFiveMinutes > MOST_COUNTED_REQUESTS) {
    issues.push(
      issue("firewall.requestsPerFiveMinutes", firewall.requestsPerFiveMinutes, {
        allowed: `at most ${MOST_COUNTED_REQUESTS} (requests in five minutes), for Cloud Armor counts no further`,
        fix: "Lower it; the rate limit of the proxy is another.",
      }),
    );
  }
  if (location.zones.length === 0) issues.push(...within(["location", "zones"], issuesOf(gcpZoneNames, [])));
  location.zones.forEach((zone, index) => {
    const isOfRegion = zone.startsWith(`${location.region}-`) && /-[a-z]$/.test(zone);
    if (isOfRegion && location.zones.indexOf(zone) === index) return;
    issues.push(
      issue(`location.zones[${index}]`, zone, {
        allowed: `a zone of ${location.region}, like ${location.region}-a, once`,
        ...NODE_ZONES,
      }),
    );
  });
  if (
    certificate.kind === "existing" &&
    typeof certificate.id === "string" &&
    !/^projects\/[^/]+\/locations\/global\/certificates\/[^/]+$/.test(certificate.id)
  ) {
    issues.push(
      issue("certificate.id", certificate.id, {
        allowed: "projects/<project>/locations/global/certificates/<name>",
        fix: "See `gcloud certificate-manager certificates list`.",
      }),
    );
  }
  const deriveTimeouts = "Derive the timeout chain for gcp.";
  const checks: [boolean, string, unknown, string, string][] = [
    [
      /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(negName),
      "negName",
      negName,
      "a name of at most 63 lower-case letters, digits and hyphens",
      "Shorten it.",
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
      deriveTimeouts,
    ],
    [
      timeouts.idle.proxyClient >= 620,
      "timeouts.idle.proxyClient",
      timeouts.idle.proxyClient,
      "at least 620 (seconds), for the load balancer keeps idle connections for 600 s",
      deriveTimeouts,
    ],
  ];
  return [
    ...issues,
    ...checks
      .filter(([ok]) => !ok)
      .map(([, property, got, allowed, fix]) => issue(property, got, { allowed, fix })),
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
