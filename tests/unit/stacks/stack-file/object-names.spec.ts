import assert from "node:assert/strict";

import fc from "fast-check";

import { namedObjects, nameIssues, type NamingParts } from "../../../../stacks/stack-file/object-names";
import { namingParts, parseStackConfig } from "../../../../stacks/stack-file/config";
import { createPlatform } from "../../../../stacks/platform";
import { cdnStackFile, inventedOutputs } from "../../../helpers/cdn";
import { record, type RecordedResource } from "../../../helpers/pulumi";
import { onGcp, shippedText, stackFile, type StackFile } from "../../../helpers/stack-file";
import { accepted, mistakes, service, TODAY } from "../sound-stack";

const INVOKES = { "aws:ec2/getManagedPrefixList:getManagedPrefixList": { id: "pl-0a1b2c3d" } };

function outputs(type: string, inputs: Record<string, unknown>): object {
  const added: Readonly<Record<string, object>> = {
    "gcp:compute/globalAddress:GlobalAddress": { address: "203.0.113.10" },
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": { dnsResourceRecords: [] },
  };
  return { ...inventedOutputs(type, inputs), ...added[type] };
}

/** `kind name` of each object that a plan has in the namespace of the stack. */
function objectsOf(resources: readonly RecordedResource[], namespace: string): string[] {
  return resources.flatMap(({ type, inputs }) => {
    const { name, namespace: of } = (inputs["metadata"] ?? {}) as Record<string, unknown>;
    const isObject = type.startsWith("kubernetes:") && of === namespace && typeof name === "string";
    return isObject
      ? [`${(inputs["kind"] as string | undefined) ?? type.split(":").pop() ?? ""} ${name}`]
      : [];
  });
}

async function planned(file: StackFile): Promise<{ made: string[]; known: string[] }> {
  const { config, issues: problems } = parseStackConfig(file, TODAY);
  assert.deepEqual(problems, []);
  assert.ok(config);
  const { resources } = await record(() => createPlatform(config), { outputs, invokes: INVOKES });
  return {
    made: objectsOf(resources, config.cluster.namespace),
    known: namedObjects(namingParts(file)).map(({ kind, name }) => `${kind} ${name}`),
  };
}

const managed = (kind: string): Record<string, unknown> => ({
  kind,
  purpose: "cache",
  workingSetMiB: 512,
  ...(kind === "elasticache" ? { securityGroupIds: ["sg-0a1b2c3d"] } : {}),
});

/** Stack files that together make every object there is. */
const VARIANTS: Readonly<Record<string, () => StackFile>> = {
  "the shipped local stack": () => stackFile(shippedText("local")),
  "the shipped staging stack": () => {
    const file = stackFile(shippedText("staging"));
    delete file["cdn"].images;
    return file;
  },
  "the shipped staging stack on gcp": () => {
    const file = stackFile(shippedText("staging"));
    onGcp(file);
    return file;
  },
  "HAProxy with a certificate of its own": () => {
    const file = stackFile(shippedText("local"));
    Object.assign(file["loadBalancer"], {
      proxy: "haproxy",
      tls: { issuer: { name: "letsencrypt" }, hosts: ["www.example.com"] },
    });
    return file;
  },
  "managed caches on aws": () => {
    const file = cdnStackFile("cloudfront", "aws");
    file["caches"] = { fast: managed("elasticache") };
    return file;
  },
  "managed caches on gcp behind Cloudflare, which signs": () => {
    const file = cdnStackFile("cloudflare", "gcp");
    file["caches"] = { fast: managed("memorystore") };
    for (const one of Object.values(file["services"] as Record<string, StackFile>)) one["signsUrls"] = true;
    return file;
  },
};

describe("names of the objects of a stack", function () {
  this.timeout(60_000);

  for (const [label, file] of Object.entries(VARIANTS)) {
    it(`are known beforehand, and each is there once: ${label}`, async () => {
      const { made, known } = await planned(file());
      assert.deepEqual(
        made.filter((object, at) => made.indexOf(object) !== at),
        [],
        "made twice",
      );
      assert.deepEqual(
        made.filter((object) => !known.includes(object)),
        [],
        "not known",
      );
      assert.ok(made.length > 5, made.join());
    });
  }

  const CLASHES: readonly [what: string, change: (c: StackFile) => void, at: string, other: string][] = [
    [
      "a service called like the proxy",
      (c) => {
        c["services"]["nginx-load-balancer"] = service();
        c["loadBalancer"] = { service: "backend", clientConnections: 100 };
      },
      "services.nginx-load-balancer",
      "loadBalancer",
    ],
    [
      "a cache called like the proxy",
      (c) => {
        c["caches"] = { "haproxy-load-balancer": { purpose: "cache", workingSetMiB: 64 } };
        c["loadBalancer"] = { service: "backend", clientConnections: 100, proxy: "haproxy" };
      },
      "caches.haproxy-load-balancer",
      "loadBalancer",
    ],
    [
      "a cache called like the pods of a session store",
      (c) => {
        const a = { purpose: "session", workingSetMiB: 64 };
        c["caches"] = { a, "a-pods": { purpose: "cache", workingSetMiB: 64 } };
      },
      "caches.a-pods",
      "caches.a",
    ],
    [
      "a cache called like the Service of a service",
      (c) => (c["caches"] = { "backend-service": { purpose: "cache", workingSetMiB: 64 } }),
      "caches.backend-service",
      "services.backend",
    ],
    [
      "a Secret called like the credentials of a cache",
      (c) => {
        c["caches"] = { fast: { purpose: "cache", workingSetMiB: 64 } };
        const tls = { secretName: "fast-credentials" };
        c["loadBalancer"] = { service: "backend", clientConnections: 100, tls };
      },
      "loadBalancer.tls.secretName",
      "caches.fast",
    ],
  ];
  for (const [what, change, at, other] of CLASHES) {
    it(`refuse ${what}, at the key that can be changed`, () => {
      const said = mistakes(change);
      assert.equal(said.length, 1, said.join("\n"));
      assert.ok(said[0]?.startsWith(`retrofitlink:${at}: got `), said[0]);
      assert.match(said[0] ?? "", new RegExp(`is also that of retrofitlink:${other}\\.$`));
    });
  }

  it("keep what begins like the database to the database, where there is one", () => {
    const parts: NamingParts = {
      services: ["mongodb-mongos"],
      caches: { mongodb: { kind: undefined, purpose: "cache" } },
      database: "percona",
      proxy: undefined,
      givenSecrets: [],
    };
    const paths = (of: NamingParts): string[] => nameIssues(of).map(({ path }) => path.join("."));
    assert.deepEqual(paths(parts).sort(), ["caches.mongodb", "services.mongodb-mongos"]);
    assert.deepEqual(paths({ ...parts, database: undefined }), []);
  });

  it("are each there once in whatever is not refused, also with names that every object has", () => {
    const name = fc.constantFrom(
      ...["a", "a-pods", "a-service", "a-config", "b", "constructor", "nginx-load-balancer", "mongodb"],
      ...[
        "mongodb-x",
        "cache-authorities",
        "to-string",
        "valueof",
        "a-credentials",
        "haproxy-load-balancer-pods",
      ],
    );
    const cache = fc.record({
      kind: fc.constantFrom(undefined, "elasticache"),
      purpose: fc.constantFrom("cache", "session"),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { maxLength: 3 }),
        fc.dictionary(name, cache, { maxKeys: 3 }),
        fc.constantFrom(undefined, "percona"),
        fc.constantFrom(undefined, "nginx", "haproxy"),
        (services, caches, database, proxy) => {
          const parts = { services, caches, database, proxy, givenSecrets: [] } as NamingParts;
          const keys = namedObjects(parts).map((object) => `${object.kind} ${object.name}`);
          const isUnique = new Set(keys).size === keys.length;
          const clashes = nameIssues(parts).filter(({ allowed }) =>
            allowed.startsWith("a name that nothing"),
          );
          assert.equal(clashes.length === 0, isUnique);
        },
      ),
    );
  });

  it("may be those of what every object has", async () => {
    const config = accepted((c) => {
      c["caches"] = { constructor: { purpose: "cache", workingSetMiB: 64 } };
      c["services"]["valueof"] = service();
    });
    const recording = await record(() => createPlatform(config));
    assert.equal(recording.only("retrofitlink:caching:Redis").name, "constructor");
  });
});
