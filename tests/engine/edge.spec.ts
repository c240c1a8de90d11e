import { SCRATCH } from "../helpers/sandbox-folder";

import assert from "node:assert/strict";
import { join } from "node:path";

import { cdnBlock, type Provider } from "../helpers/cdn";
import { Project, operations } from "../helpers/engine";
import { ROOT } from "../../sandbox/paths";
import type { StackRun } from "../../sandbox/engine/stack";

const CLUSTERS = {
  aws: {
    cloud: "aws",
    region: "eu-central-1",
    zones: 3,
    clusterName: "retrofitlink-test",
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

const from = (path: string): string => JSON.stringify(join(ROOT, path));

/** The CDN of a stack, in front of a load balancer that is there already. */
function edgeProgram(name: string, provider: Provider, cloud: keyof typeof CLUSTERS): Project {
  const raw = {
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
  return new Project(name).program(`
    import { parseStackConfig } from ${from("stacks/config")};
    import { createEdge } from ${from("stacks/edge")};
    const parsed = parseStackConfig(${JSON.stringify(raw)});
    if (parsed.config === undefined) throw new Error(JSON.stringify(parsed.problems));
    const lock = new random.RandomPassword("lock", { length: 40, special: false });
    const originLock = { headerName: "X-Origin-Lock", headerValue: lock.result };
    const edge = createEdge(parsed.config, { hostname: "lb.example.net", originLock }, {});
    export const url = edge?.url;
  `);
}

const shape = ({ resources }: StackRun): string[] =>
  resources
    .filter(({ type, name }) => !type.startsWith("pulumi:pulumi:") && name.startsWith("cdn"))
    .map(({ type, name }) => `${type} ${name}`)
    .sort();

describe("CDN on the real engine", function () {
  this.timeout(600_000);
  assert.ok(SCRATCH);

  for (const provider of ["cloudfront", "cloudflare"] as const) {
    it(`previews ${provider} on both clouds, with the same resources`, async () => {
      const shapes: string[][] = [];
      for (const cloud of ["aws", "gcp"] as const) {
        const result = await edgeProgram(`${provider}-${cloud}`, provider, cloud).run("preview");
        assert.deepEqual([result.errors, result.warnings, result.succeeded], [[], [], true]);
        const seen = JSON.stringify(result.resources);
        assert.ok(seen.includes("[secret]"));
        shapes.push(shape(result));
      }
      const [aws = [], gcp = []] = shapes;
      assert.ok(aws.length > 20, `${aws.length} resources`);
      assert.deepEqual(aws, gcp);
    });

    it(`brings ${provider} up, and leaves it as it is the second time`, async () => {
      const project = edgeProgram(`${provider}-up`, provider, "aws");
      const first = await project.run("up");
      assert.deepEqual([first.errors, first.succeeded], [[], true]);
      assert.equal(first.outputs["url"], "https://www.example.com");
      const second = await project.run("up");
      assert.deepEqual(
        operations(second).filter((line) => !line.startsWith("same")),
        [],
      );
      const gone = await project.run("destroy");
      assert.deepEqual([gone.errors, gone.succeeded], [[], true]);
    });
  }
});
