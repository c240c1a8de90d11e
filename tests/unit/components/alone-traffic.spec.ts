/** Proxies, load balancers, CDNs and the image function in a program of somebody else's, with what cannot be guessed only. */
import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";

import { Cloudflare } from "../../../components/edge/cloudflare/cloudflare";
import { CloudFront } from "../../../components/edge/cloudfront/cloudfront";
import { ImageOptimizer } from "../../../components/edge/images/image-optimizer";
import { HaProxy } from "../../../components/load-balancing/proxy/haproxy/haproxy";
import { Nginx } from "../../../components/load-balancing/proxy/nginx/nginx";
import type { ProxyArgs } from "../../../components/load-balancing/proxy/proxy-args";
import { AwsAlb } from "../../../components/load-balancing/public/aws/aws-alb";
import { GcpLoadBalancer } from "../../../components/load-balancing/public/gcp/gcp-load-balancer";
import { inventedOutputs } from "../../helpers/cdn";
import { record, type Recording } from "../../helpers/pulumi";
import { judgedObjects } from "../../helpers/witnesses";

/** Ids that another resource of the program gives. */
const later = (value: string): pulumi.Output<string> => pulumi.output(value);

const UPSTREAM: ProxyArgs["upstream"] = {
  host: "shop",
  port: 3000,
  demand: { baseRps: 50, peakRps: 200, growthPerMinute: 0.2 },
  serviceTimeSeconds: 0.05,
};

const CDN = {
  hosts: ["www.example.com"],
  zone: { name: "example.com", id: later("0123456789abcdef0123456789abcdef") },
  origin: { hostname: later("lb.example.net") },
  originLock: { headerName: "X-Origin-Lock", headerValue: pulumi.secret("s3cret") },
  traffic: { peakRps: 1000, shares: { assets: 0.5, html: 0.5 } },
};

const COMPONENTS: Readonly<Record<string, () => pulumi.ComponentResource>> = {
  Nginx: () => new Nginx("web", { upstream: UPSTREAM, clientConnections: 500, namespace: later("shop") }),
  HaProxy: () => new HaProxy("web", { upstream: UPSTREAM, clientConnections: 500 }),
  AwsAlb: () =>
    new AwsAlb("web", {
      clusterName: later("main"),
      network: {
        region: "eu-central-1",
        vpcId: later("vpc-0a1b2c3d"),
        subnetIds: pulumi.output(["subnet-0a1b2c31", "subnet-0a1b2c32"]),
        nodeSecurityGroupId: later("sg-0a1b2c3d"),
      },
      proxy: { serviceName: later("web") },
      hosts: ["www.example.com"],
      dnsZone: later("Z1"),
    }),
  GcpLoadBalancer: () =>
    new GcpLoadBalancer("web", {
      location: {
        project: "shop",
        region: "europe-west3",
        network: later("main"),
        zones: ["europe-west3-a"],
      },
      address: later("203.0.113.10"),
      negName: "web",
      proxy: { serviceName: later("web") },
      hosts: ["www.example.com"],
      dnsZone: later("example-com"),
    }),
  CloudFront: () => new CloudFront("web", { ...CDN, site: { region: "eu-central-1" } }),
  Cloudflare: () => new Cloudflare("web", { ...CDN, account: { id: later("fedcba9876543210") } }),
  ImageOptimizer: () =>
    new ImageOptimizer("web", {
      cloud: "aws",
      region: "eu-central-1",
      peakRps: 20,
      originals: { name: later("originals"), arn: later("arn:aws:s3:::originals") },
    }),
};

const OUTPUTS = (type: string, inputs: Record<string, unknown>): object => ({
  ...inventedOutputs(type, inputs),
  ...(type === "gcp:certificatemanager/dnsAuthorization:DnsAuthorization" ? { dnsResourceRecords: [] } : {}),
});

const build = (make: () => pulumi.ComponentResource): Promise<Recording> =>
  record(make, {
    preview: true,
    outputs: OUTPUTS,
    invokes: { "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d" } },
  });

describe("a component in somebody else's program", () => {
  for (const [kind, make] of Object.entries(COMPONENTS)) {
    it(`${kind} is built from few arguments, and is what it planned`, async () => {
      const recording = await build(make);
      const component = recording.resources.find(
        ({ type, name }) => type.endsWith(`:${kind}`) && name === "web",
      );
      assert.ok(component);
      const { proofs, configKey } = component.inputs as { proofs: { holds: boolean }[]; configKey: string };
      assert.equal(configKey, "web");
      assert.ok(proofs.length > 0);
      assert.ok(proofs.every(({ holds }) => holds));
      assert.deepEqual(judgedObjects(recording).wrong, []);
    });

    it(`${kind} has no name of this product, and speaks of no stack file`, async () => {
      const { resources } = await build(make);
      for (const { type, inputs } of resources.filter(({ custom }) => custom)) {
        const text = JSON.stringify(inputs).replaceAll(/"app\.kubernetes\.io\/part-of":"retrofitlink"/g, "");
        assert.doesNotMatch(text, /retrofitlink/i, type);
      }
    });
  }

  it("names the argument and no key of a stack file where something is wrong", async () => {
    const wrong = new Map<string, string>();
    const attempt = async (kind: string, make: () => pulumi.ComponentResource): Promise<void> => {
      await build(make).catch((error: unknown) => wrong.set(kind, (error as Error).message));
    };
    await attempt("Nginx", () => new Nginx("web", { upstream: UPSTREAM, clientConnections: 0 }));
    await attempt(
      "CloudFront",
      () => new CloudFront("web", { ...CDN, site: { region: "eu-central-1", logDays: 0 } }),
    );
    await attempt(
      "Cloudflare",
      () =>
        new Cloudflare("web", {
          ...CDN,
          account: { id: "1" },
          signatures: { generation: 0, lifetimeSeconds: 60 },
        }),
    );
    assert.deepEqual(
      [...wrong.values()],
      [
        'Nginx "web" cannot be built:\n  - clientConnections: got 0; allowed is a whole number from 1 to 10,000,000 (connections). Give the clients that are connected at the same time at peak.',
        'CloudFront "web" cannot be built:\n  - site.logDays: got 0; allowed is a whole number from 1 to 3,650 (days). Say how long logs are kept.',
        'Cloudflare "web" cannot be built:\n  - signatures.generation: got 0; allowed is a whole number from 1 to 1,000,000. Raise it by one to rotate.',
      ],
    );
  });
});
