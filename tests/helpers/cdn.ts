/** A stack file with a CDN, as it is read. */
import { generateKeyPairSync } from "node:crypto";

/** RSA keys of 2048 bits: the only ones that CloudFront takes from RSA. */
export function publicKey(bits = 2048): string {
  const { publicKey: key } = generateKeyPairSync("rsa", { modulusLength: bits });
  return key.export({ type: "spki", format: "pem" }).toString();
}

export const PUBLIC_KEYS = [publicKey(), publicKey()] as const;

export type Provider = "cloudfront" | "cloudflare";

/** `retrofitlink:cdn` with the blocks of both CDNs, as a map that a test may change. */
export function cdnBlock(provider: Provider): Record<string, any> {
  return {
    provider,
    hosts: ["www.example.com", "example.com"],
    zone: "example.com",
    traffic: {
      peakRps: 4000,
      shares: {
        assets: 0.5,
        images: 0.2,
        media: 0.05,
        publicApi: 0.05,
        api: 0.1,
        html: 0.1,
      },
    },
    behaviors: {
      media: { paths: ["/media/*"] },
      publicApi: { paths: ["/api/public/*"] },
    },
    cloudfront: {
      zoneId: "Z0123456789ABC",
      originShieldRegion: "eu-central-1",
      publicKeys: [...PUBLIC_KEYS],
    },
    cloudflare: {
      zoneId: "0123456789abcdef0123456789abcdef",
      accountId: "fedcba9876543210fedcba9876543210",
    },
  };
}

export const CLUSTERS = {
  aws: {
    cloud: "aws",
    region: "eu-central-1",
    zones: 3,
    clusterName: "retrofitlink-production",
    vpcId: "vpc-0a1b2c3d",
    subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3e", "subnet-0a1b2c3f"],
  },
  gcp: {
    cloud: "gcp",
    region: "europe-west3",
    zones: 3,
    project: "retrofitlink",
    network: "network",
    subnetwork: "subnetwork",
  },
} as const;

/** Clouds that a stack with a CDN may be in. */
export type Cloud = keyof typeof CLUSTERS;

/** A stack file with a CDN, as a map that a test may change. */
export function cdnStackFile(provider: Provider, cloud: Cloud = "aws"): Record<string, any> {
  const cdn = cdnBlock(provider);
  // A path that stays open is told to the CDN and to the proxy.
  cdn["behaviors"].webSocket = { paths: ["/socket.io/*"] };
  Object.assign(cdn["traffic"].shares, { api: 0.09, webSocket: 0.01 });
  return {
    environment: "test",
    cluster: { ...CLUSTERS[cloud] },
    services: {
      backend: {
        image: "registry.example.com/backend:1.0.0",
        demand: { baseRps: 100, peakRps: 1200, growthPerMinute: 0.1 },
        profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 5 },
        resources: { cpuCores: 1, memoryMiB: 512 },
      },
    },
    loadBalancer: {
      service: "backend",
      clientConnections: 1000,
      trustedProxies: ["10.0.0.0/8"],
      routes: [{ path: "/socket.io/", kind: "websocket" }],
      public: {
        hosts: ["origin.example.com"],
        dnsZone: cloud === "aws" ? "Z0123456789ABC" : "example-com",
        aws: {
          subnetIds: ["subnet-0a1b2c31", "subnet-0a1b2c32", "subnet-0a1b2c33"],
          nodeSecurityGroupId: "sg-0a1b2c3d",
        },
      },
    },
    cdn,
  };
}

/** What AWS and the generator of passwords add to their inputs. */
export function inventedOutputs(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  if (type === "aws:lb/loadBalancer:LoadBalancer") {
    return { dnsName: "public-1234567890.eu-central-1.elb.amazonaws.com" };
  }
  if (type !== "aws:acm/certificate:Certificate") return {};
  const others = (inputs["subjectAlternativeNames"] ?? []) as unknown[];
  return {
    domainValidationOptions: [inputs["domainName"], ...others].map((domainName) => ({
      domainName,
      resourceRecordName: `_proof.${String(domainName)}`,
      resourceRecordType: "CNAME",
      resourceRecordValue: "_proof.acm-validations.aws",
    })),
  };
}
