/** The proxy in front of a service. */
import { z } from "zod";

import { cloudLoadBalancer } from "./cloud-load-balancer";
import { ROUTE_KINDS } from "../../../components/load-balancing/proxy/proxy-routes";
import { CIDR, dnsLabel, number, path, positive, says, text, whole } from "./leaves";

const host = text("a host name, like app.example.org", "Give the name that clients use.");

const route = z.strictObject(
  {
    path,
    kind: z.enum(
      ROUTE_KINDS,
      says('"websocket", "sse" or "grpc"', "Choose what the path speaks; other paths need no route."),
    ),
    port: number(
      "a whole number from 1 to 65535",
      "Give the port of the service's pods that answers the path, or leave it out.",
      whole(1, 65_535),
    ).optional(),
  },
  says("a map of path, kind and port", "Describe the route; see docs/stack-file.md."),
);

const tls = z
  .strictObject(
    {
      issuer: z
        .strictObject(
          {
            kind: z
              .enum(["Issuer", "ClusterIssuer"], says('"Issuer" or "ClusterIssuer"', "Choose its kind."))
              .default("ClusterIssuer"),
            name: dnsLabel,
          },
          says("a map of kind and name", "Name the issuer of cert-manager."),
        )
        .optional(),
      secretName: dnsLabel.optional(),
      hosts: z.array(host, says("a list of host names", "Name the hosts of the certificate.")).optional(),
      plainPort: z
        .enum(["redirect", "off"], says('"redirect" or "off"', "Choose what port 80 does."))
        .default("redirect"),
    },
    says("a map of issuer and hosts, or of secretName", "Leave it out where TLS ends in front of the proxy."),
  )
  .refine(
    (given) => (given.issuer === undefined) !== (given.secretName === undefined),
    says(
      "either issuer or secretName",
      "Let cert-manager keep the certificate, or name the Secret with yours.",
    ),
  )
  .refine(
    (given) => given.issuer === undefined || (given.hosts ?? []).length > 0,
    says("issuer together with hosts", "Name the hosts that the certificate is for."),
  );

export const loadBalancer = z.strictObject(
  {
    proxy: z.enum(["nginx", "haproxy"], says('"nginx" or "haproxy"', "Choose the proxy.")).default("nginx"),
    service: dnsLabel,
    clientConnections: number(
      "a whole number of at least 1",
      "Give the clients that are connected at the same time at peak.",
      whole(1, 10_000_000),
    ),
    cpuCores: number("a number above 0 (cores)", "One worker is started for each core.", positive).default(1),
    rateLimit: z
      .strictObject(
        {
          requestsPerSecond: number(
            "a number above 0 (requests/s)",
            "Give what one client address may ask.",
            positive,
          ).default(20),
          burst: number(
            "a whole number of at least 0",
            "Give the requests that may come at once.",
            whole(0, 100_000),
          ).default(40),
          connections: number(
            "a whole number of at least 1",
            "Give the connections one client address may open.",
            whole(1, 100_000),
          ).default(50),
        },
        says("a map of requestsPerSecond, burst and connections", "Leave it out for the defaults."),
      )
      .default({ requestsPerSecond: 20, burst: 40, connections: 50 }),
    trustedProxies: z
      .array(
        text(
          "a range in CIDR notation, like 10.0.0.0/8",
          "Give the addresses of the load balancer in front.",
          CIDR,
        ),
        says("a list of ranges", "Give the addresses of the load balancer in front."),
      )
      .default([]),
    maxBodyMiB: number(
      "a whole number from 1 to 1024 (MiB)",
      "Give the largest request body.",
      whole(1, 1024),
    ).default(10),
    routes: z
      .array(route, says("a list of routes", "Give path and kind of each path that stays open."))
      .default([]),
    public: cloudLoadBalancer.optional(),
    hosts: z
      .array(host, says("a list of host names", "Give the names that clients use."))
      .refine((hosts) => new Set(hosts).size === hosts.length, says("each name once", "Remove the second."))
      .default([]),
    tls: tls.optional(),
    headers: z
      .strictObject(
        {
          tlsInFront: z
            .boolean(says("true or false", "True if clients reach the load balancer in front over TLS only."))
            .default(false),
        },
        says("a map of tlsInFront", "Leave it out for the defaults."),
      )
      .default({ tlsInFront: false }),
  },
  says("a map", "Describe the load balancer; see docs/stack-file.md."),
);
