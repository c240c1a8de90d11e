/** The proxy in front of a service. */
import {
  PROXY_DEFAULTS,
  proxySettings,
  rateLimitSettings,
  tlsSettings,
} from "../../../budget/load-balancing/settings";
import { workloadName } from "../../../budget/core/leaves";
import { group, retold, ruled } from "../../../budget/core/settings";
import { cloudLoadBalancer } from "./cloud-load-balancer";

const { requestsPerSecond, burst, connections } = rateLimitSettings.shape;
const { issuer, secretName, hosts: certified, plainPort, tlsInFront } = tlsSettings;
const { rateLimit } = PROXY_DEFAULTS;

const tls = ruled(
  ruled(
    group(
      {
        issuer: group(
          { kind: issuer.kind.default("ClusterIssuer"), name: issuer.name },
          { fix: "Name the issuer of cert-manager." },
        ).optional(),
        secretName: secretName.optional(),
        hosts: certified.optional(),
        plainPort: plainPort.default("redirect"),
      },
      {
        allowed: "a map of issuer and hosts, or of secretName",
        fix: "Leave it out where TLS ends in front of the proxy.",
      },
    ),
    (given) => (given.issuer === undefined) !== (given.secretName === undefined),
    {
      allowed: "either issuer or secretName",
      fix: "Let cert-manager keep the certificate, or name the Secret with yours.",
    },
  ),
  (given) => given.issuer === undefined || (given.hosts ?? []).length > 0,
  { allowed: "issuer together with hosts", fix: "Name the hosts that the certificate is for." },
);

export const loadBalancer = group(
  {
    proxy: proxySettings.proxy.default(PROXY_DEFAULTS.proxy),
    service: retold(workloadName, { fix: "Name a service of this stack." }),
    clientConnections: proxySettings.clientConnections,
    cpuCores: proxySettings.cpuCores.default(PROXY_DEFAULTS.cpuCores),
    rateLimit: group(
      {
        requestsPerSecond: requestsPerSecond.default(rateLimit.requestsPerSecond),
        burst: burst.default(rateLimit.burst),
        connections: connections.default(rateLimit.connections),
      },
      { fix: "Leave it out for the defaults." },
    ).default({ ...rateLimit }),
    trustedProxies: proxySettings.trustedProxies.default([]),
    maxBodyMiB: proxySettings.maxBodyMiB.default(PROXY_DEFAULTS.maxBodyMiB),
    routes: proxySettings.routes.default([]),
    public: cloudLoadBalancer.optional(),
    hosts: proxySettings.hosts.default([]),
    tls: tls.optional(),
    headers: group(
      { tlsInFront: tlsInFront.default(false) },
      { fix: "Leave it out for the defaults." },
    ).default({ tlsInFront: false }),
  },
  { allowed: "a map", fix: "Describe the load balancer; see docs/stack-file.md." },
);
