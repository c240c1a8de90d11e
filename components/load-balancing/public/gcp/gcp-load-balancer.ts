import * as compute from "@pulumi/gcp/compute";
import * as dns from "@pulumi/gcp/dns";
import * as pulumi from "@pulumi/pulumi";

import { assertValid } from "../../../shared/issues";
import { COMPONENT_TYPES } from "../../../../budget/core/component-types";
import { GOOGLE_FRONT_END_RANGES } from "../../../../budget/load-balancing/public-load-balancer";
import type { PublicLoadBalancerPlan } from "../../../../budget/load-balancing/public-plan";
import { RECORD_TTL_SECONDS } from "../../../shared/host-records";
import { transformed } from "../../../shared/transform";
import { completePublicArgs, isBehindCdn, publicLoadBalancerSummary } from "../public-load-balancer-args";
import { gcpArmor } from "./gcp-armor";
import { gcpCertificateMap } from "./gcp-certificate";
import { gcpAccessLogs } from "./gcp-access-logs";
import { gcpWitnesses } from "./gcp-witnesses";
import {
  gcpLoadBalancerIssues,
  negLink,
  type CompleteGcpArgs,
  type GcpLoadBalancerArgs,
} from "./gcp-load-balancer-args";

export { gcpLoadBalancerIssues, negAnnotation, negLink } from "./gcp-load-balancer-args";
export type { GcpLoadBalancerArgs, GcpNetwork } from "./gcp-load-balancer-args";

/** Scheme of the global load balancer on Envoy, the only one with all that is used here. */
const SCHEME = "EXTERNAL_MANAGED";

/**
 * The global external Application Load Balancer in front of the proxy's pods, which it reaches one by one through
 * network endpoint groups. GKE makes these from an annotation of the proxy's Service, one a zone, and keeps the pods in
 * them; their links follow from project, zone and name.
 *
 * Trap: a group exists some seconds after the first pod of its zone. Make this component depend on the proxy; when a
 * zone has no pod yet, the first `up` fails with "not found" and the next one goes on.
 *
 * Trap: the timeout of a backend service ends a WebSocket however busy it is, so `longLivedPaths` have a backend service
 * of their own.
 *
 * Cost: the forwarding rules by hour, the policy by rule and request, traffic by size, logs by size.
 */
export class GcpLoadBalancer extends pulumi.ComponentResource {
  /** What a CDN connects to: the first host, for which the certificate is good. */
  readonly hostname: pulumi.Output<string>;
  readonly address: pulumi.Output<string>;
  readonly backendServiceId: pulumi.Output<string>;
  readonly urlMapId: pulumi.Output<string>;
  readonly firewallId: pulumi.Output<string>;

  readonly plan: PublicLoadBalancerPlan;
  readonly backend: compute.BackendService;
  /** Of paths that stay open. */
  readonly tunnels: compute.BackendService | undefined;
  readonly urlMap: compute.URLMap;
  readonly firewall: compute.SecurityPolicy;

  constructor(name: string, given: GcpLoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("GcpLoadBalancer", name, gcpLoadBalancerIssues(given), given.configKey);
    const args = completePublicArgs("gcp", given);
    const { plan } = args;
    super(
      COMPONENT_TYPES.gcpLoadBalancer,
      name,
      publicLoadBalancerSummary(name, "gcp", args, gcpWitnesses(name, args)),
      opts,
    );
    const child = { parent: this };
    const { location, transform = {} } = args;
    const { project } = location;
    const { responseTimeout, tunnel, clientIdle, requestsPerFiveMinutes } = plan.numbers;
    const prefix = args.prefix ?? `${pulumi.getStack()}-${name}`;
    this.plan = plan;

    this.openToGoogle(name, args);
    const firewall = gcpArmor(
      name,
      {
        project,
        sources: args.sources,
        firewall: { ...args.firewall, requestsPerFiveMinutes: requestsPerFiveMinutes.value },
        originLock: args.originLock,
        transform: transform.firewall,
      },
      this,
    );
    const healthCheck = this.healthCheck(name, args);
    const backend = this.backendService(
      `${name}-backend`,
      args,
      responseTimeout.value,
      healthCheck,
      firewall,
    );
    const longLived = args.longLivedPaths ?? [];
    const tunnels =
      longLived.length === 0
        ? undefined
        : this.backendService(`${name}-tunnels`, args, tunnel.value, healthCheck, firewall);
    const urlMap = this.routes(name, args, backend, tunnels);
    this.backend = backend;
    this.tunnels = tunnels;
    this.urlMap = urlMap;
    this.firewall = firewall;

    const sslPolicyName = `${name}-tls`;
    const sslPolicy = new compute.SSLPolicy(
      ...transformed<compute.SSLPolicyArgs>(
        transform.sslPolicy,
        sslPolicyName,
        {
          project,
          profile: "MODERN",
          minTlsVersion: "TLS_1_2",
        },
        child,
      ),
    );
    const certificateMap = gcpCertificateMap(
      name,
      {
        project,
        prefix,
        hosts: args.hosts,
        anyHost: isBehindCdn(args.sources),
        certificate: args.certificate,
        dnsZone: args.dnsZone,
        records: args.records,
        transform,
      },
      this,
    );
    const https = new compute.TargetHttpsProxy(
      ...transformed<compute.TargetHttpsProxyArgs>(
        transform.httpsProxy,
        `${name}-https`,
        {
          project,
          urlMap: urlMap.selfLink,
          sslPolicy: sslPolicy.selfLink,
          certificateMap,
          quicOverride: "ENABLE",
          // Replayed by whoever saw it: nothing here asks for it.
          tlsEarlyData: "DISABLED",
          httpKeepAliveTimeoutSec: clientIdle.value,
        },
        child,
      ),
    );
    this.forward(`${name}-https-rule`, args, https.selfLink, 443);
    // A CDN connects by TLS only, so that nothing has to be redirected.
    if (!isBehindCdn(args.sources)) this.redirect(name, args);
    this.records(name, args);
    gcpAccessLogs(name, args, prefix, urlMap, this);

    this.hostname = pulumi.output(args.hosts[0] ?? "");
    this.address = pulumi.output(args.address);
    this.backendServiceId = backend.id;
    this.urlMapId = urlMap.id;
    this.firewallId = firewall.id;
    this.registerOutputs({
      hostname: this.hostname,
      address: this.address,
      backendServiceId: this.backendServiceId,
      urlMapId: this.urlMapId,
      firewallId: this.firewallId,
    });
  }

  /** The pods' port, to the front ends of Google and nobody else. GKE opens it for a Service of its own making only. */
  private openToGoogle(name: string, { location, proxy, transform = {} }: CompleteGcpArgs): void {
    new compute.Firewall(
      ...transformed<compute.FirewallArgs>(
        transform.networkFirewall,
        `${name}-from-google`,
        {
          project: location.project,
          network: location.network,
          direction: "INGRESS",
          description: "Load balancer and its health checks to the proxy",
          sourceRanges: [...GOOGLE_FRONT_END_RANGES],
          allows: [{ protocol: "tcp", ports: [String(proxy.podPort)] }],
        },
        { parent: this },
      ),
    );
  }

  private healthCheck(name: string, { location, proxy, transform }: CompleteGcpArgs): compute.HealthCheck {
    const healthCheckName = `${name}-health`;
    const probe = { port: proxy.podPort, requestPath: proxy.healthPath };
    return new compute.HealthCheck(
      ...transformed<compute.HealthCheckArgs>(
        transform?.healthCheck,
        healthCheckName,
        {
          project: location.project,
          // Noticed within 10 s, less than what the drain chain waits for it.
          checkIntervalSec: 5,
          timeoutSec: 4,
          healthyThreshold: 2,
          unhealthyThreshold: 2,
          ...(proxy.protocol === "HTTPS" ? { httpsHealthCheck: probe } : { httpHealthCheck: probe }),
        },
        { parent: this },
      ),
    );
  }

  private backendService(
    backendName: string,
    args: CompleteGcpArgs,
    timeoutSec: number,
    healthCheck: compute.HealthCheck,
    firewall: compute.SecurityPolicy,
  ): compute.BackendService {
    const { location, negName, logSampleRate = 1 } = args;
    const { ratePerPod, deregistration } = args.plan.numbers;
    return new compute.BackendService(
      ...transformed<compute.BackendServiceArgs>(
        args.transform?.backend,
        backendName,
        {
          project: location.project,
          loadBalancingScheme: SCHEME,
          protocol: args.proxy.protocol,
          backends: location.zones.map((zone) => ({
            group: negLink(location, zone, negName),
            balancingMode: "RATE",
            maxRatePerEndpoint: ratePerPod.value,
            capacityScaler: 1,
          })),
          healthChecks: healthCheck.selfLink,
          securityPolicy: firewall.selfLink,
          timeoutSec,
          connectionDrainingTimeoutSec: deregistration.value,
          sessionAffinity: "NONE",
          logConfig: { enable: true, sampleRate: logSampleRate },
        },
        { parent: this },
      ),
    );
  }

  /** Locked to a CDN, which may send any host, everything is passed on; else other hosts are sent to the first. */
  private routes(
    name: string,
    args: CompleteGcpArgs,
    backend: compute.BackendService,
    tunnels: compute.BackendService | undefined,
  ): compute.URLMap {
    const urlMapName = `${name}-routes`;
    const { hosts, originLock, longLivedPaths = [] } = args;
    const rest =
      originLock === undefined
        ? {
            defaultUrlRedirect: { hostRedirect: hosts[0] ?? "", httpsRedirect: true, stripQuery: false },
          }
        : { defaultService: backend.selfLink };
    return new compute.URLMap(
      ...transformed<compute.URLMapArgs>(
        args.transform?.urlMap,
        urlMapName,
        {
          project: args.location.project,
          ...rest,
          hostRules: [{ hosts: originLock === undefined ? [...hosts] : ["*"], pathMatcher: "proxy" }],
          pathMatchers: [
            {
              name: "proxy",
              defaultService: backend.selfLink,
              ...(tunnels === undefined
                ? {}
                : {
                    pathRules: [{ paths: longLivedPaths.flatMap(pathPatterns), service: tunnels.selfLink }],
                  }),
            },
          ],
        },
        { parent: this },
      ),
    );
  }

  private redirect(name: string, args: CompleteGcpArgs): void {
    const { project } = args.location;
    const { transform = {} } = args;
    const child = { parent: this };
    const urlMap = new compute.URLMap(
      ...transformed<compute.URLMapArgs>(
        transform.redirectMap,
        `${name}-redirect`,
        {
          project,
          defaultUrlRedirect: {
            httpsRedirect: true,
            stripQuery: false,
            redirectResponseCode: "MOVED_PERMANENTLY_DEFAULT",
          },
        },
        child,
      ),
    );
    const proxy = new compute.TargetHttpProxy(
      ...transformed<compute.TargetHttpProxyArgs>(
        transform.redirectProxy,
        `${name}-http`,
        { project, urlMap: urlMap.selfLink },
        child,
      ),
    );
    this.forward(`${name}-http-rule`, args, proxy.selfLink, 80);
  }

  private forward(
    ruleName: string,
    { location, address, transform = {} }: CompleteGcpArgs,
    target: pulumi.Input<string>,
    port: number,
  ): void {
    new compute.GlobalForwardingRule(
      ...transformed<compute.GlobalForwardingRuleArgs>(
        transform.forwardingRule,
        ruleName,
        {
          project: location.project,
          loadBalancingScheme: SCHEME,
          ipAddress: address,
          ipProtocol: "TCP",
          portRange: String(port),
          target,
        },
        { parent: this },
      ),
    );
  }

  private records(
    name: string,
    { location, hosts, dnsZone, records, address, transform = {} }: CompleteGcpArgs,
  ): void {
    for (const host of hosts) {
      const recordName = `${name}-record-${host}`;
      if (records !== undefined) {
        records(recordName, { name: host, type: "A", value: address }, { parent: this });
        continue;
      }
      if (dnsZone === undefined) return;
      new dns.RecordSet(
        ...transformed<dns.RecordSetArgs>(
          transform.record,
          recordName,
          {
            project: location.project,
            managedZone: dnsZone,
            name: `${host}.`,
            type: "A",
            ttl: RECORD_TTL_SECONDS,
            rrdatas: [address],
          },
          { parent: this },
        ),
      );
    }
  }
}

/** A prefix as a URL map writes it: a star stands only behind a slash. */
function pathPatterns(prefix: string): string[] {
  return prefix.endsWith("/") ? [`${prefix}*`] : [prefix, `${prefix}/*`];
}
