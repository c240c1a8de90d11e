/** The proxy in front of a service. */
import { z } from "zod";

import { cloudLoadBalancer } from "./cloud-load-balancer";
import { CIDR, dnsLabel, number, path, positive, says, text, whole } from "./leaves";

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
    webSocketPaths: z
      .array(path, says("a list of paths", "Give the prefixes of WebSocket routes."))
      .default([]),
    public: cloudLoadBalancer.optional(),
  },
  says("a map", "Describe the load balancer; see docs/stack-file.md."),
);
