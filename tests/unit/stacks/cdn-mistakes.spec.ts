import assert from "node:assert/strict";

import { CLUSTERS, cdnStackFile, publicKey, type Provider } from "../../helpers/cdn";
import { mistakesOf } from "./sound-stack";

function mistakes(change: (input: Record<string, any>) => void, provider: Provider = "cloudfront"): string[] {
  const input = cdnStackFile(provider);
  change(input);
  return mistakesOf(input);
}

describe("CDN of a stack file, its mistakes", () => {
  type Case = [
    what: string,
    provider: Provider,
    change: (c: Record<string, any>) => void,
    expected: string[],
  ];
  const cases: Case[] = [
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
        "retrofitlink:cdn.behaviors.media.signed: got true; allowed is false on the plan free, which checks no signatures. Change the plan of the zone to pro at least.",
      ],
    ],
    ...["192.168.1.1", "a..b", "a.-b", "-ab", "ab"].map((name): Case => [
      `originals in a bucket that cannot be, ${name}`,
      "cloudfront",
      (c) => (c["cdn"].images = { originalsBucket: name }),
      [
        `retrofitlink:cdn.images.originalsBucket: got "${name}"; allowed is the name of a private bucket of S3. Name the bucket with the originals, below images/.`,
      ],
    ]),
    [
      "a host of the proxy twice",
      "cloudfront",
      (c) => (c["loadBalancer"].hosts = ["www.example.com", "www.example.com"]),
      [
        'retrofitlink:loadBalancer.hosts: got a list, ["www.example.com","www.example.com"]; allowed is each name once. Remove the second.',
      ],
    ],
    [
      "more hosts than a certificate has names",
      "cloudfront",
      (c) => (c["cdn"].hosts = Array.from({ length: 101 }, (_, index) => `a${index}.example.com`)),
      [
        "retrofitlink:cdn.hosts: got 101 names; allowed is at most 100, which one certificate and one distribution hold. Lead the others to one of these by a redirect.",
      ],
    ],
    [
      "a host of Cloudflare that has no certificate",
      "cloudflare",
      (c) => (c["cdn"].hosts = ["www.example.com", "app.staging.example.com"]),
      [
        'retrofitlink:cdn.hosts[1]: got "app.staging.example.com"; allowed is example.com or a name one label below it, which is what the zone\'s universal certificate is for. Give such a name, or order Advanced Certificate Manager and set advancedCertificate to true.',
      ],
    ],
    [
      "a zone that is a part of a domain",
      "cloudflare",
      (c) => {
        c["cdn"].zone = "staging.example.com";
        c["cdn"].hosts = ["app.staging.example.com"];
      },
      [
        'retrofitlink:cdn.zone: got "staging.example.com"; allowed is a registered domain, like example.com, on the plan pro: only enterprise has zones for a part of one. Give the registered domain and its id. A second stack needs a domain of its own.',
      ],
    ],
    [
      "a small key",
      "cloudfront",
      (c) => (c["cdn"].cloudfront.publicKeys = [publicKey(1024)]),
      [
        "retrofitlink:cdn.cloudfront.publicKeys[0]: got an RSA key of 1024 bits; allowed is a public key of RSA with 2048 bits or of the curve P-256, PEM. Make one: `openssl genrsa -out signing.pem 2048 && openssl rsa -in signing.pem -pubout`.",
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
        'retrofitlink:cdn.cloudfront.originShieldRegion: got nothing; allowed is "us-east-1", "us-east-2", "us-west-2", "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "eu-central-1", "eu-west-1", "eu-west-2", "sa-east-1" or "me-central-1". Choose the one that is nearest to the load balancer.',
      ],
    ],
    [
      "a CDN in front of nothing",
      "cloudflare",
      (c) => delete c["loadBalancer"],
      [
        "retrofitlink:cdn: got a CDN; allowed is a CDN in front of a load balancer. Add retrofitlink:loadBalancer, or remove the key.",
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
      "images of CloudFront in front of gcp",
      "cloudfront",
      (c) => {
        c["cluster"] = CLUSTERS.gcp;
        c["loadBalancer"].public.dnsZone = "example-com";
        delete c["loadBalancer"].public.aws;
        delete c["loadBalancer"].trustedProxies;
        c["cdn"].images = {};
      },
      [
        "retrofitlink:cdn.images: got variants of images by CloudFront in front of gcp; allowed is CloudFront in front of aws, or Cloudflare. Remove the key, and the service answers for images; or set provider to cloudflare.",
      ],
    ],
    [
      "images that nobody asks for, with a key of their own",
      "cloudfront",
      (c) => {
        c["cdn"].images = {};
        c["cdn"].traffic.shares.images = 0;
        c["cdn"].traffic.shares.html = 0.3;
        c["cdn"].behaviors.images = { key: { query: ["width"] } };
      },
      [
        'retrofitlink:cdn.behaviors.images.key: got a map, {"query":["width"]}; allowed is nothing where images is given: the path of a variant is its key. Remove the key, or remove retrofitlink:cdn.images.',
        "retrofitlink:cdn.traffic.shares.images: got 0; allowed is a share above 0 where images is given. The function that makes images is sized by it.",
      ],
    ],
    [
      "images with originals nowhere",
      "cloudfront",
      (c) => {
        c["cdn"].images = {};
        c["cdn"].behaviors = { assets: { paths: [] } };
        delete c["loadBalancer"].routes;
        c["cdn"].traffic.shares = { images: 0.5, api: 0.5 };
      },
      [
        "retrofitlink:cdn.images.originalsBucket: got nothing; allowed is the name of a bucket, where no class of paths is answered by one. Name the private bucket with the originals.",
      ],
    ],
    [
      "images without a folder, on the plan free",
      "cloudflare",
      (c) => {
        c["cdn"].images = {};
        c["cdn"].behaviors = { images: { paths: ["/i/*", "/j/*"] } };
        delete c["loadBalancer"].routes;
        c["cdn"].traffic.shares = { images: 0.5, api: 0.5 };
        c["cdn"].cloudflare.plan = "free";
      },
      [
        'retrofitlink:cdn.behaviors.images.paths: got a list, ["/i/*","/j/*"]; allowed is exactly one folder, like /images/*, where images is given. Give the folder with the images, or remove images from the CDN.',
        "retrofitlink:cdn.images: got variants of images on the plan free; allowed is a plan with more than ten rules that rewrite. Change the plan of the zone to pro at least, or remove images.",
      ],
    ],
    [
      "images that take longer than the function may",
      "cloudfront",
      (c) => (c["cdn"].images = { secondsPerImage: 16 }),
      [
        "retrofitlink:cdn.images.secondsPerImage: got 16; allowed is a number above 0 and at most 15 (seconds). Give the mean of the function's log; a slower image is given up.",
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
    assert.match(message, /publicKeys\[0\]: got a private key; allowed is a public key, PEM\. Take it out/);
    assert.ok(!message.includes("MIIEvQ"));
  });
});
