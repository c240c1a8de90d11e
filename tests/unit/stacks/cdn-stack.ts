/** A stack file with a CDN, as the specs of `cdn` change it. */
import assert from "node:assert/strict";

import { parseStackConfig, type StackConfig } from "../../../stacks/config";
import { cdnBlock, type Provider } from "../../helpers/cdn";
import { TODAY } from "./sound-stack";

export type Cloud = keyof typeof CLUSTERS;

export const CLUSTERS = {
  aws: {
    cloud: "aws",
    region: "eu-central-1",
    zones: 3,
    clusterName: "retrofitlink-production",
    vpcId: "vpc-0a1b2c3d",
    subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
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

export function file(provider: Provider, cloud: Cloud = "aws"): Record<string, any> {
  return {
    environment: "test",
    cluster: CLUSTERS[cloud],
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
      public: {
        hosts: ["origin.example.com"],
        dnsZone: "Z0123456789ABC",
        aws: { subnetIds: ["subnet-0a1b2c3d", "subnet-0a1b2c3e"], nodeSecurityGroupId: "sg-0a1b2c3d" },
      },
    },
    cdn: cdnBlock(provider),
  };
}

export function config(provider: Provider, cloud: Cloud = "aws"): StackConfig {
  const parsed = parseStackConfig(file(provider, cloud), TODAY);
  assert.deepEqual(parsed.problems, []);
  assert.ok(parsed.config);
  return parsed.config;
}
