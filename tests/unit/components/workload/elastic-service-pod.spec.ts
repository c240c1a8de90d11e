import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";

import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import { timeoutChain } from "../../../../budget/timeouts/timeouts";
import { derivedFrom } from "../../../../components/workload/environment-issues";
import { ElasticService, type ElasticServiceArgs } from "../../../../components/workload/elastic-service";
import { record, type Recording } from "../../../helpers/pulumi";

const args = {
  configKey: "retrofitlink:services.backend",
  namespace: "retrofitlink",
  image: "registry.example.com/backend:1.4.2",
  port: 3000,
  budget: DEFAULT_BUDGET,
  demand: { baseRps: 300, peakRps: 1200, growthPerMinute: 0.25 },
  profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 12 },
  resources: { cpuCores: 1, memoryMiB: 1024 },
  zones: 3,
  timeouts: timeoutChain({ maxRequestSeconds: 10, cloud: "aws" }),
  health: { live: "/health", ready: "/ready" },
} satisfies ElasticServiceArgs;

const cache = {
  name: "redis-cache",
  host: "redis-cache.retrofitlink.svc",
  port: 6379,
  poolSize: 6,
  passwordSecret: { name: "redis-cache-credentials", key: "password" },
};

type Fields = Record<string, unknown>;

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

type Container = Fields & { readonly env: readonly Variable[] };

interface PodTemplate {
  readonly metadata: Fields;
  readonly spec: Fields & { readonly containers: readonly [Container] };
}

function build(change: Partial<ElasticServiceArgs> = {}, options = {}): Promise<Recording> {
  return record(() => new ElasticService("backend", { ...args, ...change }), options);
}

async function deployment(change: Partial<ElasticServiceArgs> = {}): Promise<Fields> {
  return (await build(change)).only("kubernetes:apps/v1:Deployment").inputs["spec"] as Fields;
}

async function template(change: Partial<ElasticServiceArgs> = {}): Promise<PodTemplate> {
  return (await deployment(change))["template"] as PodTemplate;
}

async function container(change: Partial<ElasticServiceArgs> = {}): Promise<Container> {
  return (await template(change)).spec.containers[0];
}

async function variables(change: Partial<ElasticServiceArgs> = {}): Promise<Fields> {
  const { env } = await container(change);
  const found = Object.fromEntries(
    env.map(({ name, value, valueFrom }): [string, unknown] => [name, value ?? valueFrom]),
  );
  assert.equal(Object.keys(found).length, env.length, "a variable is there twice");
  return found;
}

describe("ElasticService, its pods", () => {
  it("roll out without a pod missing, and count only when they are warm", async () => {
    const spec = await deployment();
    assert.deepEqual(spec["strategy"], {
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 },
    });
    assert.deepEqual(
      [spec["minReadySeconds"], spec["progressDeadlineSeconds"], spec["revisionHistoryLimit"]],
      [12, 360, 5],
    );
  });

  it("carry the annotations that they are given, and none else", async () => {
    const annotations = { "example.com/team": "shop" };
    assert.deepEqual((await template({ annotations })).metadata["annotations"], annotations);
    assert.equal((await template()).metadata["annotations"], undefined);
    await assert.rejects(
      build({ annotations: { "example com/team": "shop" } }),
      /services\.backend\.annotations\.example com\/team: got "example com\/team"; allowed is a key like/,
    );
  });

  it("answer three questions for three purposes", async () => {
    const { startupProbe, readinessProbe, livenessProbe } = await container();
    const live = { path: "/health", port: "http" };
    assert.deepEqual(startupProbe, {
      httpGet: live,
      periodSeconds: 2,
      timeoutSeconds: 2,
      failureThreshold: 30,
    });
    assert.deepEqual(readinessProbe, {
      httpGet: { path: "/ready", port: "http" },
      periodSeconds: 5,
      timeoutSeconds: 2,
      failureThreshold: 3,
    });
    assert.deepEqual(livenessProbe, {
      httpGet: live,
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 6,
    });
  });

  it("get three warm-ups of time to start", async () => {
    const { startupProbe } = await container({ profile: { ...args.profile, warmUpSeconds: 45 } });
    const { periodSeconds, failureThreshold } = startupProbe as Record<string, number>;
    assert.deepEqual([periodSeconds, failureThreshold], [2, 68]);
  });

  it("drain before they stop: serve on, answer the last request, and only then be killed", async () => {
    const { spec } = await template();
    const { drain, request } = args.timeouts;
    assert.deepEqual(spec.containers[0]["lifecycle"], { preStop: { sleep: { seconds: 50 } } });
    assert.equal(spec["terminationGracePeriodSeconds"], 67);
    assert.ok(drain.deregistration < drain.preStop);
    assert.ok(drain.preStop + request.proxy < drain.terminationGrace);
  });

  it("may be drained one at a time, and always when they are broken", async () => {
    const budget = (await build()).only("kubernetes:policy/v1:PodDisruptionBudget");
    assert.deepEqual(budget.inputs["spec"], {
      selector: { matchLabels: { app: "backend" } },
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    });
  });

  it('pass the "restricted" Pod Security Standard, without a token', async () => {
    const recording = await build();
    const { spec } = await template();
    assert.deepEqual(spec["securityContext"], {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      seccompProfile: { type: "RuntimeDefault" },
    });
    assert.deepEqual(spec.containers[0]["securityContext"], {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.deepEqual(spec.containers[0]["volumeMounts"], [{ name: "tmp", mountPath: "/tmp" }]);
    assert.deepEqual(spec["volumes"], [{ name: "tmp", emptyDir: { sizeLimit: "256Mi" } }]);
    assert.equal(spec["serviceAccountName"], "backend");
    assert.equal(spec["automountServiceAccountToken"], false);
    const account = recording.only("kubernetes:core/v1:ServiceAccount");
    assert.equal(account.inputs["automountServiceAccountToken"], false);
  });

  it("have bounded memory and disk, and unbounded CPU", async () => {
    // What they may write, and beside it what the node keeps of their logs.
    const disk = { "ephemeral-storage": "320Mi" };
    assert.deepEqual((await container())["resources"], {
      requests: { cpu: "1", memory: "1024Mi", ...disk },
      limits: { memory: "1024Mi", ...disk },
    });
  });

  it("spread over zones and nodes, each rollout by itself", async () => {
    const constraints = (await template()).spec["topologySpreadConstraints"] as Fields[];
    assert.deepEqual(
      constraints.map(({ topologyKey, whenUnsatisfiable, matchLabelKeys }) => [
        topologyKey,
        whenUnsatisfiable,
        matchLabelKeys,
      ]),
      [
        ["topology.kubernetes.io/zone", "ScheduleAnyway", ["pod-template-hash"]],
        ["kubernetes.io/hostname", "ScheduleAnyway", ["pod-template-hash"]],
      ],
    );
  });
});

describe("ElasticService, the variables of its container", () => {
  const DERIVED = {
    NODE_ENV: "production",
    PORT: "3000",
    NODE_OPTIONS: "--max-old-space-size=576 --max-semi-space-size=64",
    REQUEST_TIMEOUT_MS: "10000",
    DATABASE_TIMEOUT_MS: "8000",
    KEEP_ALIVE_TIMEOUT_MS: "75000",
    SHUTDOWN_TIMEOUT_MS: "17000",
    HTTP_DURATION_BUCKETS_SECONDS: "0.005,0.01,0.025,0.05,0.1,0.2,0.25,0.5,1,2.5,5,10",
  };

  it("tell the application what was derived for it", async () => {
    assert.deepEqual(await variables(), DERIVED);
  });

  it("name each cache, with its password in a Secret", async () => {
    assert.deepEqual(await variables({ caches: [cache] }), {
      ...DERIVED,
      REDIS_CACHE_HOST: "redis-cache.retrofitlink.svc",
      REDIS_CACHE_PORT: "6379",
      REDIS_CACHE_POOL_SIZE: "6",
      REDIS_CACHE_PASSWORD: { secretKeyRef: { name: "redis-cache-credentials", key: "password" } },
    });
  });

  it("say where the primary of a replicated cache is asked for, and that a managed one wants TLS", async () => {
    const addresses = "redis-session-0.pods:26379,redis-session-1.pods:26379";
    const replicated = {
      ...cache,
      name: "redis-session",
      sentinel: { addresses, masterName: "redis-session" },
    };
    const given = await variables({ caches: [replicated, { ...cache, name: "managed", tls: true }] });
    const { REDIS_SESSION_SENTINELS, REDIS_SESSION_SENTINEL_MASTER, REDIS_SESSION_TLS } = given;
    assert.deepEqual(
      { REDIS_SESSION_SENTINELS, REDIS_SESSION_SENTINEL_MASTER, REDIS_SESSION_TLS },
      {
        REDIS_SESSION_SENTINELS: addresses,
        REDIS_SESSION_SENTINEL_MASTER: "redis-session",
        REDIS_SESSION_TLS: undefined,
      },
    );
    assert.equal(given["MANAGED_TLS"], "true");
    assert.equal(given["MANAGED_SENTINELS"], undefined);
  });

  it("let processes trust the authority of a managed cache, without a certificate in the Deployment", async () => {
    const change = { authorities: { name: "cache-authorities", key: "ca.crt" } };
    assert.equal((await variables(change))["NODE_EXTRA_CA_CERTS"], "/etc/cache-authorities/ca.crt");
    const { spec } = await template(change);
    assert.deepEqual((spec["volumes"] as unknown[]).at(-1), {
      name: "cache-authorities",
      secret: { secretName: "cache-authorities", items: [{ key: "ca.crt", path: "ca.crt" }] },
    });
    assert.deepEqual((spec.containers[0]["volumeMounts"] as unknown[]).at(-1), {
      name: "cache-authorities",
      mountPath: "/etc/cache-authorities",
      readOnly: true,
    });
  });

  const database = {
    uriSecret: { name: "mongodb-application", key: "uri" },
    caSecret: { name: "mongodb-ssl", key: "ca.crt" },
    caFile: "/etc/mongodb-tls/ca.crt",
    poolSize: 6,
    readReplicaTags: "nonVoting:true",
    destination: { labels: { "app.kubernetes.io/instance": "mongodb" }, ports: [27017] },
  };

  it("size the driver of the database, whose address and password are in a Secret", async () => {
    assert.deepEqual(await variables({ database }), {
      ...DERIVED,
      MONGODB_URI: { secretKeyRef: { name: "mongodb-application", key: "uri" } },
      MONGODB_MAX_POOL_SIZE: "6",
      MONGODB_MIN_POOL_SIZE: "2",
      MONGODB_MAX_CONNECTING: "2",
      MONGODB_WAIT_QUEUE_TIMEOUT_MS: "2000",
      MONGODB_READ_REPLICA_TAGS: "nonVoting:true",
      MONGODB_SLOW_QUERY_MS: "100",
    });
  });

  it("tell a service that signs URLs where the key is, and whose it is", async () => {
    const keySecret = { name: "signing-key", key: "signing.pem" };
    const CDN_SIGNING_KEY = { secretKeyRef: keySecret };
    assert.deepEqual(
      await variables({ urlSigning: { provider: "cloudfront", keyId: pulumi.output("K2JC"), keySecret } }),
      { ...DERIVED, CDN_PROVIDER: "cloudfront", CDN_SIGNING_KEY, CDN_SIGNING_KEY_ID: "K2JC" },
    );
    assert.deepEqual(
      await variables({ urlSigning: { provider: "cloudflare", lifetimeSeconds: 3600, keySecret } }),
      { ...DERIVED, CDN_PROVIDER: "cloudflare", CDN_SIGNING_KEY, CDN_SIGNED_SECONDS: "3600" },
    );
  });

  it("divide the heap among the processes of a pod", async () => {
    assert.equal(
      (await variables({ processesPerPod: 3 }))["NODE_OPTIONS"],
      "--max-old-space-size=208 --max-semi-space-size=16",
    );
  });

  it("leave room for the caller's, as values and from Secrets, and add to the options of Node.js", async () => {
    const uri = { name: "mongodb-credentials", key: "uri" };
    assert.deepEqual(
      await variables({
        environment: {
          NODE_ENV: "staging",
          LOG_LEVEL: pulumi.output("debug"),
          NODE_OPTIONS: "--enable-source-maps",
        },
        secretEnvironment: { MONGODB_URI: uri },
      }),
      {
        ...DERIVED,
        NODE_ENV: "staging",
        LOG_LEVEL: "debug",
        MONGODB_URI: { secretKeyRef: uri },
        NODE_OPTIONS: `${DERIVED.NODE_OPTIONS} --enable-source-maps`,
      },
    );
  });

  it("may not be set by the caller where they are derived, whatever they are derived from", async () => {
    const keySecret = { name: "signing-key", key: "signing.pem" };
    const everything: Partial<ElasticServiceArgs> = {
      caches: [
        { ...cache, tls: true, sentinel: { addresses: "a:26379", masterName: "redis-cache" } },
        { ...cache, name: "sessions" },
      ],
      authorities: { name: "cache-authorities", key: "ca.crt" },
      database,
      urlSigning: { provider: "cloudflare", lifetimeSeconds: 3600, keySecret },
    };
    const names = Object.keys(await variables(everything));
    const uses = { caches: ["redis-cache", "sessions"], database: true, urlSigning: true };
    assert.deepEqual(
      names.filter((name) => derivedFrom(name, uses) === undefined),
      ["NODE_ENV", "NODE_OPTIONS"],
    );
    const none = { caches: [], database: false, urlSigning: false };
    assert.deepEqual(
      names.filter((name) => derivedFrom(name, none) !== undefined).sort(),
      Object.keys(DERIVED)
        .filter((name) => !name.startsWith("NODE_"))
        .sort(),
    );
  });
});
