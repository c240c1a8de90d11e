import assert from "node:assert/strict";

import { timeoutLadder } from "../../../budget/timeouts";
import { parseStackConfig, withCdnProvider, type StackConfig } from "../../../stacks/config";
import { configKey } from "../../../stacks/config-problems";
import { createPlatform } from "../../../stacks/platform";
import { cdnBlock, inventedOutputs, publicKey, type Provider } from "../../helpers/cdn";
import { record, type Recording } from "../../helpers/pulumi";

const TODAY = new Date("2026-01-01T00:00:00Z");

const CLUSTERS = {
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

function file(provider: Provider, cloud: keyof typeof CLUSTERS = "aws"): Record<string, any> {
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

function config(provider: Provider, cloud: keyof typeof CLUSTERS = "aws"): StackConfig {
  const parsed = parseStackConfig(file(provider, cloud), TODAY);
  assert.deepEqual(parsed.problems, []);
  assert.ok(parsed.config);
  return parsed.config;
}

function mistakes(change: (input: Record<string, any>) => void, provider: Provider = "cloudfront"): string[] {
  const input = file(provider);
  change(input);
  return parseStackConfig(input, TODAY).problems.map(
    ({ path, got, allowed, fix }) => `${configKey(path)}: got ${got}; allowed is ${allowed}. ${fix}`,
  );
}

const INVOKES = { "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d" } };

/** What both clouds add to the inputs, as far as the load balancers look at it. */
function outputs(type: string, inputs: Record<string, unknown>): object {
  const added: Readonly<Record<string, object>> = {
    "gcp:compute/globalAddress:GlobalAddress": { address: "203.0.113.10" },
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": { dnsResourceRecords: [] },
  };
  return { ...inventedOutputs(type, inputs), ...added[type] };
}

async function built(provider: Provider, cloud: keyof typeof CLUSTERS): Promise<Recording> {
  return record(() => createPlatform(config(provider, cloud)), { outputs, invokes: INVOKES });
}

describe("CDN of a stack file", () => {
  it("is none when the key is absent", async () => {
    const { cdn, ...without } = config("cloudfront");
    assert.ok(cdn);
    const { resources } = await record(() => createPlatform(without));
    assert.deepEqual(
      resources.filter(({ type }) => type.startsWith("retrofitlink:edge:")),
      [],
    );
  });

  for (const cloud of ["aws", "gcp"] as const) {
    for (const provider of ["cloudfront", "cloudflare"] as const) {
      it(`is ${provider} in front of a load balancer of ${cloud}`, async () => {
        const recording = await built(provider, cloud);
        const type = provider === "cloudfront" ? "CloudFront" : "Cloudflare";
        const { inputs } = recording.only(`retrofitlink:edge:${type}`);
        const { request, idle } = timeoutLadder({ maxRequestSeconds: 10, cloud, cdn: provider });
        assert.deepEqual(
          [inputs["provider"], inputs["originReadSeconds"], inputs["originKeepAliveSeconds"]],
          [provider, request.edge, idle.edge],
        );
        assert.equal((inputs["expectedOriginRps"] as number).toFixed(3), "610.000");
      });
    }
  }

  it("differs between clouds in its timeouts only", async () => {
    for (const provider of ["cloudfront", "cloudflare"] as const) {
      const [aws, gcp] = [await built(provider, "aws"), await built(provider, "gcp")];
      const edge = ({ resources }: Recording): string[] =>
        resources
          .filter(({ name }) => /^cdn(-|$)/.test(name))
          .map(({ type, name, inputs }) => {
            const text = JSON.stringify(inputs);
            return `${type} ${name} ${text.replaceAll(/(Keepalive|KeepAlive|Read)(Timeout|Seconds)":\d+/gi, "$1$2")}`;
          })
          .sort();
      assert.deepEqual(edge(aws), edge(gcp));
    }
  });

  it("is refused without a load balancer that the internet reaches", async () => {
    let message = "";
    await record(() => {
      const { loadBalancer, ...rest } = config("cloudfront");
      const inside = structuredClone(loadBalancer ?? assert.fail());
      Reflect.deleteProperty(inside, "public");
      try {
        createPlatform({ ...rest, loadBalancer: inside });
      } catch (error) {
        message = (error as Error).message;
      }
    });
    assert.equal(
      message,
      "retrofitlink:cdn: got a CDN; allowed is one in front of a load balancer that the internet reaches. " +
        "Add retrofitlink:loadBalancer.public, or remove retrofitlink:cdn.",
    );
  });
});

describe("CDN of a stack file, with pictures", () => {
  const withImages = async (provider: Provider, images: object, cloud: keyof typeof CLUSTERS = "aws") => {
    const input = file(provider, cloud);
    input["cdn"].images = images;
    const { config: parsed, problems } = parseStackConfig(input, TODAY);
    assert.deepEqual(problems, []);
    return record(() => createPlatform(parsed ?? assert.fail()), {
      outputs,
      invokes: INVOKES,
      preview: true,
    });
  };

  it("are made by a function behind CloudFront, which the service then need not answer for", async () => {
    const recording = await withImages("cloudfront", { originalsBucket: "uploads", secondsPerPicture: 0.5 });
    const { inputs: summary } = recording.only("retrofitlink:edge:ImageOptimizer");
    // 800/s * 0.15 * 0.5 s / 0.7 = 85.7
    assert.deepEqual([summary["peakRps"], summary["maxUtilization"], summary["concurrency"]], [800, 0.7, 86]);
    const { inputs: edge } = recording.only("retrofitlink:edge:CloudFront");
    // Without pictures it would be 610: 800/s * 0.15 of them are the function's.
    assert.equal((edge["expectedOriginRps"] as number).toFixed(3), "490.000");
  });

  for (const cloud of ["aws", "gcp"] as const) {
    it(`are made by Cloudflare itself in front of ${cloud}, from originals of the service`, async () => {
      const recording = await withImages("cloudflare", {}, cloud);
      assert.deepEqual(recording.ofType("retrofitlink:edge:ImageOptimizer"), []);
      const setting = recording
        .ofType("cloudflare:index/zoneSetting:ZoneSetting")
        .find(({ inputs }) => inputs["settingId"] === "image_resizing");
      assert.equal(setting?.inputs["value"], "on");
      const { inputs: edge } = recording.only("retrofitlink:edge:Cloudflare");
      assert.equal((edge["expectedOriginRps"] as number).toFixed(3), "610.000");
    });
  }

  it("go where they went before when nothing is asked for", async () => {
    const recording = await built("cloudfront", "aws");
    assert.deepEqual(recording.ofType("retrofitlink:edge:ImageOptimizer"), []);
  });
});

describe("CDN of a stack file, its mistakes", () => {
  const cases: [string, Provider, (c: Record<string, any>) => void, string[]][] = [
    [
      "a CDN nobody has",
      "cloudfront",
      (c) => {
        c["cdn"].provider = "akamai";
        c["loadBalancer"].public.sources = "internet";
      },
      [
        'retrofitlink:cdn.provider: got "akamai"; allowed is "cloudfront" or "cloudflare". Choose the CDN; the other keys depend on it.',
      ],
    ],
    [
      "a host of another zone",
      "cloudfront",
      (c) => (c["cdn"].hosts = ["www.example.com", "www.example.org"]),
      [
        'retrofitlink:cdn.hosts[1]: got "www.example.org"; allowed is example.com or a name below it. The certificate is proved through the zone; give the host\'s own zone, or another host.',
      ],
    ],
    [
      "routes that overlap",
      "cloudflare",
      (c) => (c["cdn"].behaviors.media.paths = ["/api*/media/*"]),
      [
        'retrofitlink:cdn.behaviors.publicApi.paths[0]: got "/api/public/*"; allowed is a pattern that is wholly within behaviors.media.paths[0], /api*/media/*, or wholly outside of it. Narrow one of the two: a path that matches both has no clear owner.',
        'retrofitlink:cdn.behaviors.api.paths[0]: got "/api/*"; allowed is a pattern that is wholly within behaviors.media.paths[0], /api*/media/*, or wholly outside of it. Narrow one of the two: a path that matches both has no clear owner.',
      ],
    ],
    [
      "times in the wrong order",
      "cloudfront",
      (c) => (c["cdn"].behaviors.html = { edgeSeconds: 60, browserSeconds: 600 }),
      [
        "retrofitlink:cdn.behaviors.html.browserSeconds: got 600; allowed is at most edgeSeconds, 60 (seconds). A copy in a browser cannot be purged, so it may not outlive the one at the edge.",
      ],
    ],
    [
      "signatures without a key",
      "cloudfront",
      (c) => delete c["cdn"].cloudfront.publicKeys,
      [
        "retrofitlink:cdn.cloudfront.publicKeys: got 0; allowed is at least 1 key, for behaviors.media asks for signatures. Make a pair and give its public half: `openssl genrsa -out signing.pem 2048 && openssl rsa -in signing.pem -pubout`.",
      ],
    ],
    [
      "signatures on a plan without them",
      "cloudflare",
      (c) => (c["cdn"].cloudflare.plan = "free"),
      [
        "retrofitlink:cdn.behaviors.media.signed: got true; allowed is false on the plan free, which checks no signatures. Change cloudflare.plan to pro at least.",
      ],
    ],
    [
      "a small key",
      "cloudfront",
      (c) => (c["cdn"].cloudfront.publicKeys = [publicKey(1024)]),
      [
        'retrofitlink:cdn.cloudfront.publicKeys[0]: got "an RSA key of 1024 bits"; allowed is an RSA public key of 2048 bits, PEM. Make one: `openssl genrsa -out signing.pem 2048 && openssl rsa -in signing.pem -pubout`.',
      ],
    ],
    [
      "shares that make more than everything",
      "cloudfront",
      (c) => (c["cdn"].traffic.shares.html = 0.5),
      [
        "retrofitlink:cdn.traffic.shares: got shares that make 1.4; allowed is shares that make 1. Every request belongs to a class; what is nothing else is html.",
      ],
    ],
    [
      "a share of a class that is not there",
      "cloudfront",
      (c) => (c["cdn"].traffic.shares.videos = 0),
      [
        'retrofitlink:cdn.traffic.shares.videos: got "videos"; allowed is a class that has paths: assets, images, media, publicApi, api, webSocket, html. Give retrofitlink:cdn.behaviors.videos paths, or remove the key.',
      ],
    ],
    [
      "a region without Origin Shield",
      "cloudfront",
      (c) => {
        delete c["cdn"].cloudfront.originShieldRegion;
        c["cluster"] = { ...CLUSTERS.aws, region: "eu-north-1" };
      },
      [
        "retrofitlink:cdn.cloudfront.originShieldRegion: got nothing; allowed is one of us-east-1, us-east-2, us-west-2, ap-south-1, ap-northeast-1, ap-northeast-2, ap-southeast-1, ap-southeast-2, eu-central-1, eu-west-1, eu-west-2, sa-east-1, me-central-1. Choose the one that is nearest to the load balancer.",
      ],
    ],
    [
      "a CDN in front of nothing",
      "cloudflare",
      (c) => delete c["loadBalancer"],
      [
        'retrofitlink:cdn: got "a CDN"; allowed is a CDN in front of a load balancer. Add retrofitlink:loadBalancer, or remove the key.',
      ],
    ],
    [
      "a public bucket, for which there is no key",
      "cloudfront",
      (c) => (c["cdn"].cloudfront.acl = "public-read"),
      [
        'retrofitlink:cdn.cloudfront.acl: got "public-read"; allowed is one of zoneId, originShieldRegion, priceClass, logDays, publicKeys, signingKeySecret. Remove the key.',
      ],
    ],
    [
      "pictures of CloudFront in front of gcp",
      "cloudfront",
      (c) => {
        c["cluster"] = CLUSTERS.gcp;
        delete c["loadBalancer"].public.aws;
        delete c["loadBalancer"].trustedProxies;
        c["cdn"].images = {};
      },
      [
        'retrofitlink:cdn.images: got "variants of pictures by CloudFront in front of gcp"; allowed is CloudFront in front of aws, or Cloudflare. Remove the key, and the service answers for pictures; or set provider to cloudflare.',
      ],
    ],
    [
      "pictures that nobody asks for, with a key of their own",
      "cloudfront",
      (c) => {
        c["cdn"].images = {};
        c["cdn"].traffic.shares.images = 0;
        c["cdn"].traffic.shares.html = 0.3;
        c["cdn"].behaviors.images = { key: { query: ["width"] } };
      },
      [
        'retrofitlink:cdn.behaviors.images.key: got a map, {"query":["width"]}; allowed is nothing where images is given: the path of a variant is its key. Remove the key, or remove retrofitlink:cdn.images.',
        "retrofitlink:cdn.traffic.shares.images: got 0; allowed is a share above 0 where images is given. The function that makes pictures is sized by it.",
      ],
    ],
    [
      "pictures with originals nowhere",
      "cloudfront",
      (c) => {
        c["cdn"].images = {};
        c["cdn"].behaviors = { assets: { paths: [] } };
        c["cdn"].traffic.shares = { images: 0.5, api: 0.5 };
      },
      [
        "retrofitlink:cdn.images.originalsBucket: got nothing; allowed is the name of a bucket, where no class of paths is answered by one. Name the private bucket with the originals.",
      ],
    ],
    [
      "pictures without a folder, on the plan free",
      "cloudflare",
      (c) => {
        c["cdn"].images = {};
        c["cdn"].behaviors = { images: { paths: ["/i/*", "/j/*"] } };
        c["cdn"].traffic.shares = { images: 0.5, api: 0.5 };
        c["cdn"].cloudflare.plan = "free";
      },
      [
        'retrofitlink:cdn.behaviors.images.paths: got a list, ["/i/*","/j/*"]; allowed is exactly one folder, like /images/*, where images is given. Give the folder with the pictures, or remove retrofitlink:cdn.images.',
        'retrofitlink:cdn.images: got "variants of pictures on the plan free"; allowed is a plan with more than ten rules that rewrite. Change cloudflare.plan to pro at least, or remove the key.',
      ],
    ],
    [
      "pictures that take longer than the function may",
      "cloudfront",
      (c) => (c["cdn"].images = { secondsPerPicture: 16 }),
      [
        "retrofitlink:cdn.images.secondsPerPicture: got 16; allowed is a number above 0, up to 15 (seconds). Give the mean of the function's log.",
      ],
    ],
    [
      "a CDN without its block",
      "cloudflare",
      (c) => delete c["cdn"].cloudflare,
      [
        "retrofitlink:cdn.cloudflare: got nothing; allowed is a map of zoneId, accountId and more. Describe the part of Cloudflare; see docs/stack-file.md.",
      ],
    ],
  ];
  for (const [what, provider, change, expected] of cases) {
    it(`are ${what}`, () => assert.deepEqual(mistakes(change, provider), expected));
  }

  it("never show a private key that somebody gave by mistake", () => {
    const pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n";
    const [message = "", ...more] = mistakes((c) => (c["cdn"].cloudfront.publicKeys = [pem]));
    assert.deepEqual(more, []);
    assert.match(message, /publicKeys\[0\]: got "a private key"; allowed is a public key, PEM\. Take it out/);
    assert.ok(!message.includes("MIIEvQ"));
  });
});

describe("CDN_PROVIDER", () => {
  const raw = file("cloudfront");
  const provider = (value: string | undefined): unknown =>
    parseStackConfig(withCdnProvider(raw, value), TODAY).config?.cdn?.provider;

  it("counts before the file, and leaves the choice to it when it is not set", () => {
    assert.deepEqual([undefined, "", "cloudfront", "cloudflare"].map(provider), [
      "cloudfront",
      "cloudfront",
      "cloudfront",
      "cloudflare",
    ]);
  });

  it("is refused when it names no CDN, or when the stack has none", () => {
    assert.throws(() => withCdnProvider(raw, "akamai"), {
      message:
        'CDN_PROVIDER: got "akamai"; allowed is cloudfront or cloudflare. Unset it, and retrofitlink:cdn.provider decides.',
    });
    assert.throws(() => withCdnProvider({}, "cloudflare"), {
      message:
        'CDN_PROVIDER: got "cloudflare"; allowed is nothing where the stack has no CDN. Unset it, or add retrofitlink:cdn.',
    });
  });

  it("asks for the block of the CDN that it names", () => {
    const input = file("cloudfront");
    delete input["cdn"].cloudflare;
    const { problems } = parseStackConfig(withCdnProvider(input, "cloudflare"), TODAY);
    assert.deepEqual(
      problems.map(({ path }) => path.join(".")),
      ["cdn.cloudflare"],
    );
  });
});
