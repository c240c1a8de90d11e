import assert from "node:assert/strict";

import type { PublicLoadBalancerNumbers } from "../../../../budget/load-balancing/public-plan";
import { createPlatform } from "../../../../stacks/platform";
import { parseStackConfig, type StackConfig } from "../../../../stacks/stack-file/config";
import { cdnBlock, inventedOutputs, type Provider } from "../../../helpers/cdn";
import { record, type Recording } from "../../../helpers/pulumi";
import { TODAY, mistakesOf } from "../sound-stack";

const AWS = {
  cloud: "aws",
  zones: 3,
  region: "eu-central-1",
  clusterName: "retrofitlink-test",
  vpcId: "vpc-0a1b2c3d",
  subnetIds: ["subnet-0a1b2c31", "subnet-0a1b2c32", "subnet-0a1b2c35"],
};
const GCP = {
  cloud: "gcp",
  zones: 3,
  project: "example-project",
  region: "europe-west3",
  network: "main",
  subnetwork: "nodes",
};

/** The smallest sound stack with a load balancer of the cloud. */
const sound = (cluster: Record<string, unknown> = AWS): Record<string, any> => ({
  environment: "test",
  cluster,
  services: {
    backend: {
      image: "registry.example.com/backend:1.0.0",
      demand: { baseRps: 10, peakRps: 20, growthPerMinute: 0.1 },
      profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 5 },
      resources: { cpuCores: 1, memoryMiB: 512 },
    },
  },
  loadBalancer: {
    service: "backend",
    clientConnections: 100,
    trustedProxies: ["10.0.0.0/8"],
    public: {
      hosts: ["app.example.com"],
      dnsZone: cluster["cloud"] === "gcp" ? "example-com" : "Z1",
      sources: "internet",
      aws: {
        subnetIds: ["subnet-0a1b2c33", "subnet-0a1b2c34", "subnet-0a1b2c36"],
        nodeSecurityGroupId: "sg-0a1b2c3d",
      },
    },
  },
});

type Change = (config: Record<string, any>) => void;

function mistakes(change: Change, cluster = AWS as Record<string, unknown>): string[] {
  const config = sound(cluster);
  change(config);
  return mistakesOf(config);
}

function accepted(cluster: Record<string, unknown>, change: Change = () => undefined): StackConfig {
  const input = sound(cluster);
  change(input);
  const { config, issues: problems } = parseStackConfig(input, TODAY);
  assert.deepEqual(problems, []);
  assert.ok(config);
  return config;
}

describe("loadBalancer.public of a stack file", () => {
  it("has the documented defaults", () => {
    const { loadBalancer } = accepted(AWS);
    assert.deepEqual(loadBalancer?.public, {
      hosts: ["app.example.com"],
      dnsZone: "Z1",
      certificate: "managed",
      sources: "internet",
      accessLogDays: 30,
      firewall: { mode: "block", requestsPerFiveMinutes: 6000 },
      aws: {
        subnetIds: ["subnet-0a1b2c33", "subnet-0a1b2c34", "subnet-0a1b2c36"],
        nodeSecurityGroupId: "sg-0a1b2c3d",
        controller: "install",
      },
    });
  });

  const cdn: Change = (c) => {
    c["cdn"] = cdnBlock("cloudfront");
  };
  const publicBlock = (c: Record<string, any>): Record<string, any> => c["loadBalancer"].public;
  const cases: [string, Change, string[]][] = [
    [
      "no host",
      (c) => (publicBlock(c)["hosts"] = []),
      [
        "retrofitlink:loadBalancer.public.hosts: got a list, []; allowed is at least one host name. Give the names that clients use, or that the CDN does.",
      ],
    ],
    [
      "a certificate for another name",
      (c) =>
        (publicBlock(c)["certificate"] = {
          id: "arn:aws:acm:eu-central-1:123456789012:certificate/x",
          names: ["*.example.org"],
        }),
      [
        'retrofitlink:loadBalancer.public.certificate.names: got a list, ["*.example.org"]; allowed is names that cover every host; app.example.com is not covered. Choose a certificate for this name, or let one be made with certificate: managed.',
      ],
    ],
    [
      "a certificate that nobody can prove",
      (c) => delete publicBlock(c)["dnsZone"],
      [
        "retrofitlink:loadBalancer.public.dnsZone: got nothing; allowed is the zone of the hosts. Name the zone, in which the certificate is proved, or give a certificate that is there.",
      ],
    ],
    [
      "a certificate that is neither",
      (c) => (publicBlock(c)["certificate"] = "none"),
      [
        'retrofitlink:loadBalancer.public.certificate: got "none"; allowed is "managed", or a map of id and names. Let a certificate be made, which needs dnsZone, or name one that is there and the names it was issued for.',
      ],
    ],
    [
      "a rate of zero",
      (c) => (publicBlock(c)["firewall"] = { requestsPerFiveMinutes: 0 }),
      [
        "retrofitlink:loadBalancer.public.firewall.requestsPerFiveMinutes: got 0; allowed is a whole number from 10 to 2,000,000,000 (requests in five minutes). Give what the busiest honest client asks, several times over; at most 10,000 on gcp. Behind CloudFront its own firewall counts.",
      ],
    ],
    [
      "the internet beside a CDN",
      cdn,
      [
        'retrofitlink:loadBalancer.public.sources: got "internet"; allowed is nothing, for cdn.provider is cloudfront, and the CDN is the only source. Remove the key: whoever else may connect passes by the CDN.',
      ],
    ],
    [
      "a CDN that everybody could pass by",
      (c) => {
        cdn(c);
        delete c["loadBalancer"].public;
      },
      [
        "retrofitlink:loadBalancer.public: got nothing; allowed is a load balancer that demands the origin lock, for cdn.provider is cloudfront. Describe it: without one everybody could pass by the CDN.",
      ],
    ],
    [
      "no word of who may connect",
      (c) => delete publicBlock(c)["sources"],
      [
        'retrofitlink:loadBalancer.public.sources: got nothing; allowed is "internet" or a list of ranges. Say internet, or name the ranges, or put a CDN in front with retrofitlink:cdn.',
      ],
    ],
    [
      "everybody, said as a range",
      (c) => (publicBlock(c)["sources"] = ["0.0.0.0/0"]),
      [
        'retrofitlink:loadBalancer.public.sources[0]: got "0.0.0.0/0"; allowed is a range that is not everybody, at the widest /8. Name the ranges; everybody is said with sources: internet.',
      ],
    ],
    [
      "a range with bits behind its prefix, and half of the internet",
      (c) => (publicBlock(c)["sources"] = ["203.0.113.5/24", "128.0.0.0/1"]),
      [
        'retrofitlink:loadBalancer.public.sources[0]: got "203.0.113.5/24"; allowed is a range without bits behind its prefix; one address alone is 203.0.113.5/32. Name the ranges; everybody is said with sources: internet.',
        'retrofitlink:loadBalancer.public.sources[1]: got "128.0.0.0/1"; allowed is a range that is not everybody, at the widest /8. Name the ranges; everybody is said with sources: internet.',
      ],
    ],
    [
      "the name of a zone, where Route 53 has ids",
      (c) => (publicBlock(c)["dnsZone"] = "example.com"),
      [
        'retrofitlink:loadBalancer.public.dnsZone: got "example.com"; allowed is the id of a zone of Route 53, like Z0123456789ABC. Name the zone of the hosts.',
      ],
    ],
    [
      "a zone without a subnet, whose pods would get no request",
      (c) => publicBlock(c)["aws"].subnetIds.pop(),
      [
        "retrofitlink:loadBalancer.public.aws.subnetIds: got 2 subnets; allowed is at least 3 different subnets, for cluster.zones is 3. Give one subnet for each zone.",
      ],
    ],
    [
      "an ALB that stands nowhere",
      (c) => delete publicBlock(c)["aws"],
      [
        "retrofitlink:loadBalancer.public.aws: got nothing; allowed is a map of subnetIds and nodeSecurityGroupId. Give the public subnets, and the security group of the cluster's nodes.",
      ],
    ],
    [
      "a proxy that trusts nobody behind an ALB",
      (c) => delete c["loadBalancer"].trustedProxies,
      [
        "retrofitlink:loadBalancer.trustedProxies: got nothing; allowed is the range of the VPC, or all clients share the load balancer's address and its rate limit. Give the range of the VPC, in which the load balancer stands.",
      ],
    ],
    [
      "a proxy that trusts the internet",
      (c) => (c["loadBalancer"].trustedProxies = ["10.0.0.0/8", "203.0.113.0/24", "10.0.0.0/7"]),
      [
        'retrofitlink:loadBalancer.trustedProxies[1]: got "203.0.113.0/24"; allowed is a range of the private network. Give the range of the VPC, in which the load balancer stands.',
        'retrofitlink:loadBalancer.trustedProxies[2]: got "10.0.0.0/7"; allowed is a range of the private network. Give the range of the VPC, in which the load balancer stands.',
      ],
    ],
    [
      "a request that the CDN gives up",
      (c) => {
        cdn(c);
        delete publicBlock(c)["sources"];
        c["services"].backend.maxRequestSeconds = 100;
      },
      [
        "retrofitlink:services.backend.maxRequestSeconds: got 100; allowed is at most 90 (seconds), for cloudfront waits 120 s at most, and each hop inside it has to give up earlier. Shorten it, and give longer work to a queue.",
      ],
    ],
    [
      "a request that no node waits for",
      (c) => (c["services"].backend.maxRequestSeconds = 300),
      [
        "retrofitlink:services.backend.maxRequestSeconds: got 300; allowed is at most 260 (seconds), for a pod would need 685 s to end, and a node that goes away grants 600 s. Shorten it, and give longer work to a queue.",
      ],
    ],
  ];
  for (const [what, change, expected] of cases) {
    it(`refuses ${what}`, () => {
      assert.deepEqual(mistakes(change), expected);
    });
  }

  it("refuses a load balancer of a cloud on a local cluster, and zones of another region", () => {
    assert.deepEqual(
      mistakes(() => undefined, { cloud: "local", zones: 1 }),
      [
        "retrofitlink:loadBalancer.public: got a map; allowed is nothing on a local cluster. Remove the key, or say in retrofitlink:cluster.cloud where the stack runs.",
      ],
    );
    assert.deepEqual(
      mistakes((c) => (publicBlock(c)["gcp"] = { zones: ["europe-west1-b"] }), GCP),
      [
        'retrofitlink:loadBalancer.public.gcp.zones: got a list, ["europe-west1-b"]; allowed is 3 of europe-west3-a, europe-west3-b, europe-west3-c, as cluster.zones and cluster.region say. Name the zones of the cluster\'s nodes; see `gcloud container clusters describe`.',
      ],
    );
  });

  it("counts on gcp no further than Cloud Armor does", () => {
    const firewall = { mode: "block", requestsPerFiveMinutes: 10_001 };
    assert.deepEqual(
      mistakes((c) => (publicBlock(c)["firewall"] = firewall), GCP),
      [
        "retrofitlink:loadBalancer.public.firewall.requestsPerFiveMinutes: got 10001; allowed is at most 10000 on gcp, for Cloud Armor counts no further. Lower it; the rate limit of the proxy, loadBalancer.rateLimit, is another.",
      ],
    );
    assert.deepEqual(
      mistakes((c) => (publicBlock(c)["firewall"] = firewall)),
      [],
    );
  });

  it("has to be told the zones where the region has more than the cluster, and only zones that there are", () => {
    const zones = (region: string, count: number, named?: string[]): string[] =>
      mistakes(
        (c) => {
          if (named !== undefined) publicBlock(c)["gcp"] = { zones: named };
        },
        { ...GCP, region, zones: count },
      );
    assert.deepEqual(zones("us-central1", 3), [
      "retrofitlink:loadBalancer.public.gcp.zones: got nothing; allowed is 3 of us-central1-a, us-central1-b, us-central1-c, us-central1-f, as cluster.zones and cluster.region say. Name the zones of the cluster's nodes; see `gcloud container clusters describe`.",
    ]);
    assert.deepEqual(zones("us-central1", 3, ["us-central1-a", "us-central1-c", "us-central1-f"]), []);
    assert.deepEqual(zones("europe-west1", 3), []);
    const [missing = ""] = zones("europe-west1", 2, ["europe-west1-a", "europe-west1-b"]);
    assert.match(missing, /allowed is 2 of europe-west1-b, europe-west1-c, europe-west1-d/);
    assert.equal(zones("europe-west1", 2, ["europe-west1-b", "europe-west1-b"]).length, 1);
  });
});

describe("load balancer of the cloud in the platform", () => {
  const build = (config: StackConfig): Promise<Recording> =>
    record(() => createPlatform(config), {
      preview: true,
      invokes: { "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d" } },
    });
  const behind =
    (provider: Provider): Change =>
    (c) => {
      c["cdn"] = cdnBlock(provider);
      delete c["loadBalancer"].public.sources;
    };
  const ofInput = (recording: Recording, type: string, name: string): any =>
    recording.resources.find((resource) => resource.type.endsWith(type) && resource.name === name)?.inputs;

  /** What both clouds add to the inputs, as far as the proxy's configuration is made of it. */
  const everything = (type: string, inputs: Record<string, unknown>): object => {
    const added: Readonly<Record<string, object>> = {
      "gcp:compute/globalAddress:GlobalAddress": { address: "203.0.113.10" },
      "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": { dnsResourceRecords: [] },
      "random:index/randomPassword:RandomPassword": { result: "s3cret" },
    };
    return { ...inventedOutputs(type, inputs), ...added[type] };
  };

  it("is an ALB with its controller on AWS, and readiness gates for the pods", async () => {
    const recording = await build(accepted(AWS));
    const types = recording.resources.map(({ type }) => type);
    assert.ok(types.includes("retrofitlink:load-balancing:AwsAlb"));
    assert.ok(types.includes("retrofitlink:load-balancing:AwsLoadBalancerController"));
    assert.ok(!types.some((type) => type.startsWith("gcp:")));
    assert.deepEqual(ofInput(recording, ":Namespace", "namespace").metadata.labels, {
      "pod-security.kubernetes.io/enforce": "restricted",
      "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled",
    });
  });

  it("leaves a controller alone that is there already", async () => {
    const recording = await build(
      accepted(AWS, (c) => (c["loadBalancer"].public.aws.controller = "present")),
    );
    assert.ok(!recording.typesAndNames().some((line) => line.includes("AwsLoadBalancerController")));
  });

  it("is a global load balancer on Google Cloud, with endpoint groups of the proxy's Service", async () => {
    const recording = await build(accepted(GCP));
    assert.ok(recording.typesAndNames().some((line) => line.includes("GcpLoadBalancer")));
    assert.ok(!recording.resources.some(({ type }) => type.startsWith("aws:")));
    assert.deepEqual(ofInput(recording, ":Service", "nginx-load-balancer-service").metadata.annotations, {
      "cloud.google.com/neg": '{"exposed_ports":{"80":{"name":"retrofitlink-test-proxy"}}}',
      "pulumi.com/skipAwait": "true",
    });
    const { backends } = ofInput(recording, ":BackendService", "public-load-balancer-backend");
    assert.deepEqual(
      backends.map(({ group }: { group: string }) => /zones\/(.+?)\//.exec(group)?.[1]),
      ["europe-west3-a", "europe-west3-b", "europe-west3-c"],
    );
  });

  it("takes what the proxy says about its own names and ports", async () => {
    const recording = await build(accepted(AWS));
    const { serviceRef } = ofInput(recording, ":TargetGroupBinding", "public-load-balancer-binding").spec;
    const service = ofInput(recording, ":Service", "nginx-load-balancer-service");
    assert.equal(serviceRef.name, service.metadata.name);
    assert.equal(serviceRef.port, service.spec.ports[0].port);
    const pod = ofInput(recording, ":Deployment", "nginx-load-balancer-deployment").spec.template.spec;
    const port = pod.containers[0].ports.find(
      ({ name }: { name: string }) => name === service.spec.ports[0].targetPort,
    );
    assert.equal(ofInput(recording, ":TargetGroup", "public-load-balancer-tg").port, port.containerPort);
  });

  for (const cluster of [AWS, GCP]) {
    for (const provider of ["cloudfront", "cloudflare"] as const) {
      it(`demands the origin lock of ${provider} on ${cluster.cloud}, and gives every hop the same timeout chain`, async () => {
        const recording = await build(accepted(cluster, behind(provider)));
        const summary = recording.resources.find(({ type }) =>
          /^retrofitlink:load-balancing:(AwsAlb|GcpLoadBalancer)$/.test(type),
        )?.inputs;
        const { sources } = summary?.["numbers"] as PublicLoadBalancerNumbers;
        const names = { cloudfront: "CloudFront", cloudflare: "Cloudflare" };
        assert.deepEqual([sources.value, summary?.["originLocked"]], [names[provider], true]);
        assert.equal(recording.ofType("retrofitlink:edge:OriginLock").length, 1);
        const proxy = recording.only("retrofitlink:load-balancing:Nginx").inputs;
        assert.deepEqual(proxy["timeouts"], summary?.["timeouts"]);
      });
    }
  }

  it("refuses nobody at the proxy for an address that stands for all clients, as CloudFront's does on Google Cloud", async () => {
    const limits = async (cluster: Record<string, unknown>, provider: Provider): Promise<number[]> => {
      const recording = await record(() => createPlatform(accepted(cluster, behind(provider))), {
        outputs: everything,
        invokes: { "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d" } },
      });
      const { data } = ofInput(recording, ":ConfigMap", "nginx-load-balancer-config") as {
        data: Record<string, string>;
      };
      const conf = data["nginx.conf"] ?? "";
      const least = ofInput(recording, ":Deployment", "nginx-load-balancer-deployment")?.spec.replicas ?? 1;
      const found = [/rate=(\d+)r\/m/, /burst=(\d+)/, /limit_conn \S+ (\d+)/].map((limit) =>
        Number(limit.exec(conf)?.[1]),
      );
      return [((found[0] ?? 0) / 60) * least, found[1] ?? 0, (found[2] ?? 0) * least];
    };
    // The stack expects 20 requests/s and 100 connections at its peak, and lets a client ask 20 requests/s.
    const [rate = 0, burst = 0, connections = 0] = await limits(GCP, "cloudfront");
    assert.ok(rate >= 20 * 2 && burst >= 20 && connections >= 100, `${rate}, ${burst}, ${connections}`);
    const [one = 0, , open = 0] = await limits(GCP, "cloudflare");
    assert.ok(one <= 20 && open <= 50, `${one}, ${open}`);
  });

  it("makes the proxy trust Google's front ends, the CDN's ranges and the load balancer's own address", async () => {
    const config = accepted(GCP, behind("cloudflare"));
    const { resources } = await record(() => createPlatform(config), {
      outputs: everything,
    });
    const conf = String(
      (
        resources.find(({ name }) => name === "nginx-load-balancer-config")?.inputs["data"] as
          Record<string, string> | undefined
      )?.["nginx.conf"],
    );
    for (const range of ["10.0.0.0/8", "35.191.0.0/16", "173.245.48.0/20", "203.0.113.10/32"]) {
      assert.ok(conf.includes(`set_real_ip_from ${range};`), range);
    }
    assert.doesNotMatch(conf, /add_header Strict-Transport-Security/, "the edge owns the security headers");
  });
});
