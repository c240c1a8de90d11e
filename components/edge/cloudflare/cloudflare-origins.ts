/** What the hosts lead to: one origin, or two of which the second one serves while the first one fails. */
import { DnsRecord } from "@pulumi/cloudflare/dnsRecord";
import { LoadBalancer } from "@pulumi/cloudflare/loadBalancer";
import { LoadBalancerMonitor } from "@pulumi/cloudflare/loadBalancerMonitor";
import { LoadBalancerPool } from "@pulumi/cloudflare/loadBalancerPool";
import * as pulumi from "@pulumi/pulumi";

import { physicalName } from "../../shared/physical-name";
import { transformed } from "../../shared/transform";
import type { CompleteCloudflareArgs } from "./cloudflare-args";

/** Characters of a pool's name, of which Cloudflare says "short". */
const LONGEST_POOL_NAME = 60;

/** Leads the hosts to the one origin. */
export function dnsRecords(
  name: string,
  { hosts, zone, origin, transform }: CompleteCloudflareArgs,
  child: pulumi.CustomResourceOptions,
): DnsRecord[] {
  return hosts.map((host) => {
    const recordName = `${name}-dns-${host}`;
    return new DnsRecord(
      ...transformed(
        transform?.dnsRecord,
        recordName,
        {
          zoneId: zone.id,
          name: host,
          type: "CNAME",
          content: origin.hostname,
          proxied: true,
          // 1 is "automatic", the only one that a proxied name may have.
          ttl: 1,
        },
        child,
      ),
    );
  });
}

/** Two origins, asked for their health; the second one serves while the first one fails. */
export function loadBalancers(
  name: string,
  args: CompleteCloudflareArgs,
  failover: pulumi.Input<string>,
  child: pulumi.CustomResourceOptions,
): LoadBalancer[] {
  const { hosts, zone, account, origin, originLock, transform } = args;
  const accountId = account.id;
  const monitorName = `${name}-monitor`;
  const monitor = new LoadBalancerMonitor(
    ...transformed(
      transform?.monitor,
      monitorName,
      {
        accountId,
        description: `origins of ${hosts[0] ?? ""}`,
        type: "https",
        method: "GET",
        path: args.healthPath,
        expectedCodes: "200",
        // The lock holds for whoever asks for the health as well.
        header: {
          Host: [hosts[0] ?? ""],
          [originLock.headerName]: [pulumi.secret(originLock.headerValue)],
        },
        interval: 60,
        timeout: 5,
        retries: 2,
        consecutiveDown: 2,
        consecutiveUp: 2,
        allowInsecure: false,
        followRedirects: false,
      },
      child,
    ),
  );
  const [first, second] = [
    { suffix: "primary", address: origin.hostname },
    { suffix: "failover", address: failover },
  ].map(({ suffix, address }) => {
    const poolName = `${name}-pool-${suffix}`;
    return new LoadBalancerPool(
      ...transformed(
        transform?.pool,
        poolName,
        {
          accountId,
          name: physicalName(`${pulumi.getStack()}-${name}-${suffix}`, LONGEST_POOL_NAME),
          monitor: monitor.id,
          minimumOrigins: 1,
          origins: [{ name: suffix, address, enabled: true, weight: 1 }],
        },
        child,
      ),
    ).id;
  }) as [pulumi.Output<string>, pulumi.Output<string>];
  return hosts.map((host) => {
    const balancerName = `${name}-load-balancer-${host}`;
    return new LoadBalancer(
      ...transformed(
        transform?.loadBalancer,
        balancerName,
        {
          zoneId: zone.id,
          name: host,
          proxied: true,
          // In the order of the list: the first healthy one.
          steeringPolicy: "off",
          defaultPools: [first, second],
          fallbackPool: first,
        },
        child,
      ),
    );
  });
}
