/** `transform` reaches every child of every component, whichever of its variants makes that child. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type * as pulumi from "@pulumi/pulumi";

import type { CacheUser } from "../../../budget/caching/connections";
import * as components from "../../../components";
import { ROOT } from "../../../cli/paths";
import { cloudflareRecords } from "../../../components/edge/cloudflare/cloudflare-records";
import { CATALOGUE } from "../../../product/data-model/catalogue";
import { record, type Recording } from "../../helpers/pulumi";
import { childSites, everywhere, watching, type BuiltChild } from "../../helpers/transform-marks";
import { autoscalingVariants } from "./autoscaling/variants";
import { ATLAS, GCP, LOOK_UP, atlasOutputs } from "./database/atlas-fixture";
import { clusterArgs, endpoint } from "./database/fixtures";
import { cloudFront, cloudflare, edgeOutputs } from "./edge/fixtures";
import { AWS_ALB, AWS_ALB_OUTPUTS, LOCKED } from "./load-balancing/aws-alb-fixture";
import { LATENCY } from "./monitoring/panels";

const transform = everywhere();
const bundles = mkdtempSync(join(tmpdir(), "image-bundles-"));

const users: CacheUser[] = [
  { service: "shop", maxReplicas: 4, maxSurge: 0.25, processesPerPod: 1, poolSize: 4 },
];
const cache = { workingSetMiB: 512, users, transform } as const;
const rented = {
  ...cache,
  network: {
    vpcId: "vpc-0a1b2c3d",
    subnetIds: ["subnet-0a1b2c31", "subnet-0a1b2c32"],
    clientSecurityGroupIds: ["sg-0a1b2c3d"],
  },
};
const upstream = {
  host: "shop",
  port: 3000,
  demand: { baseRps: 50, peakRps: 200, growthPerMinute: 0.2 },
  serviceTimeSeconds: 0.05,
};
const proxy = {
  upstream,
  clientConnections: 500,
  hosts: ["www.example.com"],
  tls: { issuer: { kind: "ClusterIssuer" as const, name: "letsencrypt" }, hosts: ["www.example.com"] },
  transform,
};
const onGcp = {
  location: { project: "shop", region: "europe-west3", network: "main", zones: ["europe-west3-a"] },
  address: "203.0.113.10",
  negName: "web",
  proxy: { serviceName: "web" },
  hosts: ["www.example.com"],
  transform,
};
const images = { peakRps: 20, bundles, transform };
const cloudflareAccount = {
  ...cloudflare.account,
  advancedCertificate: true,
  originCertificateRequest: "-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----\n",
};
const signed = cloudflare.behaviors.map((behavior) =>
  behavior.class === "media" ? { ...behavior, signed: true } : behavior,
);

type Make = (opts: pulumi.ComponentResourceOptions) => pulumi.Resource;

/** Every component with what makes it have all its children; several of one kind where these exclude each other. */
const VARIANTS: Readonly<Record<string, Make>> = {
  ...autoscalingVariants(transform),
  PrometheusStack: (opts) => new components.PrometheusStack("web", { transform }, opts),
  Monitors: (opts) =>
    new components.Monitors(
      "web",
      { monitored: [components.serviceMetrics({ name: "web", namespace: "shop" })], transform },
      opts,
    ),
  "Redis, a cache": (opts) => new components.Redis("web", { ...cache, purpose: "cache" }, opts),
  "Redis, a cache with standby": (opts) =>
    new components.Redis("web", { ...cache, purpose: "cache", standby: true }, opts),
  "Redis, sessions": (opts) => new components.Redis("web", { ...cache, purpose: "session" }, opts),
  ElastiCache: (opts) => new components.ElastiCache("web", { ...rented, purpose: "session" }, opts),
  Memorystore: (opts) => new components.Memorystore("web", { ...cache, purpose: "cache" }, opts),
  MongoDbCluster: (opts) => new components.MongoDbCluster("web", { ...clusterArgs, transform }, opts),
  "BackupBucket on aws": (opts) =>
    new components.BackupBucket(
      "web",
      { cloud: { kind: "aws", region: "eu-central-1", clusterName: "main" }, transform },
      opts,
    ),
  "BackupBucket on gcp": (opts) =>
    new components.BackupBucket(
      "web",
      { cloud: { kind: "gcp", region: "europe-west3", project: "shop" }, transform },
      opts,
    ),
  "AtlasCluster on aws": (opts) => new components.AtlasCluster("mongodb", { ...ATLAS, transform }, opts),
  "AtlasCluster on gcp": (opts) =>
    new components.AtlasCluster("mongodb", { ...ATLAS, network: GCP, transform }, opts),
  DataModelJob: (opts) =>
    new components.DataModelJob("web", { endpoint, catalogue: CATALOGUE, transform }, opts),
  CloudFront: (opts) =>
    new components.CloudFront(
      "web",
      {
        ...cloudFront,
        behaviors: components.withImageVariants(cloudFront.behaviors, "images"),
        images: {},
        transform,
      },
      opts,
    ),
  Cloudflare: (opts) =>
    new components.Cloudflare(
      "web",
      { ...cloudflare, behaviors: signed, account: cloudflareAccount, transform },
      opts,
    ),
  "Cloudflare with two origins": (opts) =>
    new components.Cloudflare(
      "web",
      {
        ...cloudflare,
        origin: { hostname: "a.example.net", failover: { hostname: "b.example.net" } },
        transform,
      },
      opts,
    ),
  "ImageOptimizer on aws": (opts) =>
    new components.ImageOptimizer(
      "web",
      {
        ...images,
        cloud: "aws",
        region: "eu-central-1",
        originals: { name: "originals", arn: "arn:aws:s3:::originals" },
      },
      opts,
    ),
  "ImageOptimizer on gcp": (opts) =>
    new components.ImageOptimizer(
      "web",
      { ...images, cloud: "gcp", project: "shop", region: "europe-west3", originals: { name: "originals" } },
      opts,
    ),
  Nginx: (opts) => new components.Nginx("web", proxy, opts),
  HaProxy: (opts) => new components.HaProxy("web", proxy, opts),
  AwsAlb: (opts) => new components.AwsAlb("web", { ...AWS_ALB, transform }, opts),
  "AwsAlb behind a CDN": (opts) => new components.AwsAlb("web", { ...AWS_ALB, ...LOCKED, transform }, opts),
  AwsLoadBalancerController: (opts) =>
    new components.AwsLoadBalancerController(
      "web",
      { clusterName: "main", region: "eu-central-1", vpcId: "vpc-0a1b2c3d", transform },
      opts,
    ),
  GcpLoadBalancer: (opts) =>
    new components.GcpLoadBalancer("web", { ...onGcp, dnsZone: "example-com" }, opts),
  "GcpLoadBalancer behind a CDN, with records at Cloudflare": (opts) =>
    new components.GcpLoadBalancer(
      "web",
      {
        ...onGcp,
        ...LOCKED,
        records: cloudflareRecords("0123456789abcdef0123456789abcdef", transform.dnsRecord),
      },
      opts,
    ),
  BlackboxExporter: (opts) =>
    new components.BlackboxExporter(
      "web",
      { namespace: "monitoring", namespaceName: "monitoring", transform },
      opts,
    ),
  Dashboards: (opts) =>
    new components.Dashboards(
      "web",
      { panels: [LATENCY], stack: "production", namespace: "monitoring", transform },
      opts,
    ),
  OriginLockSecret: (opts) => new components.OriginLockSecret("web", { transform }, opts),
  AlertRouting: (opts) =>
    new components.AlertRouting(
      "web",
      {
        namespace: "monitoring",
        routing: { receivers: { "on-call": { kind: "webhook", secret: "on-call" } } },
        transform,
      },
      opts,
    ),
  ElasticService: (opts) =>
    new components.ElasticService(
      "web",
      {
        image: "registry.example.com/web:1",
        demand: upstream.demand,
        profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 12 },
        resources: { cpuCores: 1, memoryMiB: 1024 },
        transform,
      },
      opts,
    ),
};

/** What the clouds add, on each cloud with the private endpoint that is made there. */
const outputsOn = (variant: string): Readonly<Record<string, object>> => ({
  ...AWS_ALB_OUTPUTS,
  ...atlasOutputs(
    variant.endsWith("gcp") ? `${ATLAS.clusterName}-atlas` : "mongodb-private-endpoint-vpc-endpoint-id",
  ),
  "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": { dnsResourceRecords: [] },
});

interface Built {
  readonly recording: Recording;
  readonly children: readonly BuiltChild[];
}

async function build(variant: string, make: Make): Promise<Built> {
  const children: BuiltChild[] = [];
  const outputs = outputsOn(variant);
  const recording = await record(() => make(watching(children)), {
    preview: true,
    outputs: (type, inputs, name) => ({ ...outputs[type], ...edgeOutputs(type, inputs, name) }),
    invokes: {
      "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d" },
      [LOOK_UP]: { results: [] },
    },
  });
  return { recording, children };
}

describe("transform of every component", () => {
  const built = new Map<string, Built>();

  before(async () => {
    for (const cloud of ["aws", "gcp"]) {
      writeFileSync(join(bundles, `${cloud}.zip`), "zip");
      writeFileSync(join(bundles, `${cloud}.json`), JSON.stringify({ sha256: "0".repeat(64) }));
    }
    // One after the other: mocks are the process's.
    for (const [name, make] of Object.entries(VARIANTS)) built.set(name, await build(name, make));
  });

  after(() => rmSync(bundles, { recursive: true }));

  for (const name of Object.keys(VARIANTS)) {
    it(`reaches every child of ${name}, its options and its arguments`, () => {
      const { recording, children } = built.get(name) as Built;
      const custom = recording.resources.filter((resource) => resource.custom);
      assert.ok(custom.length > 0);
      assert.deepEqual(
        children.map((child) => `${child.type} ${child.name}`).sort(),
        custom.map((child) => `${child.type} ${child.name}`).sort(),
        "a child has another parent",
      );
      for (const child of children) {
        assert.equal(child.reachedBy.length, 1, `${child.type} "${child.name}" (${child.site})`);
      }
      for (const { type, inputs } of custom.filter((resource) => resource.inputs["metadata"] !== undefined)) {
        assert.match(JSON.stringify(inputs["metadata"]), /"mark":"reached by /, type);
      }
    });
  }

  it("is tried on every place that makes a child", () => {
    const tried = new Set([...built.values()].flatMap(({ children }) => children.map(({ site }) => site)));
    const sites = childSites();
    assert.ok(sites.length > 150, `${sites.length} places below ${ROOT}`);
    assert.deepEqual(
      sites.filter((site) => !tried.has(site)),
      [],
    );
  });
});
