import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";

import { DEFAULT_BUDGET } from "../../../../budget/performance-budget";
import { atlasAlerts } from "../../../../components/database/atlas-alerts";
import {
  AtlasCluster,
  privateHost,
  shardRemovalProblem,
  type AtlasClusterArgs,
} from "../../../../components/database/atlas-cluster";
import { dataModelActions } from "../../../../components/database/atlas-users";
import { record, type RecordedResource } from "../../../helpers/pulumi";
import { ATLAS, GCP } from "./atlas-fixture";

const CLUSTER = "mongodbatlas:index/advancedCluster:AdvancedCluster";
const CONNECTION = "mongodbatlas:index/privateLinkEndpointService:PrivateLinkEndpointService";
const LOOK_UP = "mongodbatlas:index/getAdvancedClusters:getAdvancedClusters";

const COMMON = [
  "kubernetes:core/v1:Secret mongodb-application",
  ...atlasAlerts("retrofitlink-production", DEFAULT_BUDGET).map(
    ({ name }) => `mongodbatlas:index/alertConfiguration:AlertConfiguration mongodb-alert-${name}`,
  ),
  `${CLUSTER} mongodb-cluster`,
  "mongodbatlas:index/cloudBackupSchedule:CloudBackupSchedule mongodb-backup-schedule",
  "mongodbatlas:index/customDbRole:CustomDbRole mongodb-data-model-role",
  "mongodbatlas:index/databaseUser:DatabaseUser mongodb-application-user",
  "mongodbatlas:index/databaseUser:DatabaseUser mongodb-data-model-user",
  "mongodbatlas:index/privateLinkEndpoint:PrivateLinkEndpoint mongodb-private-endpoint-service",
  `${CONNECTION} mongodb-private-endpoint-connection`,
  "random:index/randomPassword:RandomPassword mongodb-application-password",
  "random:index/randomPassword:RandomPassword mongodb-data-model-password",
  "retrofitlink:database:AtlasCluster mongodb",
  "retrofitlink:database:AtlasPrivateEndpoint mongodb-private-endpoint",
];

const ON_AWS = [
  ...COMMON,
  "aws:ec2/securityGroup:SecurityGroup mongodb-private-endpoint-security-group",
  "aws:ec2/vpcEndpoint:VpcEndpoint mongodb-private-endpoint-vpc-endpoint",
].sort();

const ON_GCP = [
  ...COMMON,
  "gcp:compute/address:Address mongodb-private-endpoint-address",
  "gcp:compute/forwardingRule:ForwardingRule mongodb-private-endpoint-forwarding-rule",
].sort();

async function build(
  change: Partial<AtlasClusterArgs> = {},
  options: { preview?: boolean; clusters?: readonly object[]; endpointId?: string } = {},
): ReturnType<typeof record> {
  const { preview = false, clusters = [], endpointId } = options;
  const endpoint = endpointId ?? "mongodb-private-endpoint-vpc-endpoint-id";
  return record(() => new AtlasCluster("mongodb", { ...ATLAS, ...change }), {
    preview,
    invokes: { [LOOK_UP]: { projectId: ATLAS.projectId, results: clusters } },
    outputs: {
      [CLUSTER]: {
        connectionStrings: {
          privateEndpoints: [
            {
              srvConnectionString: "mongodb+srv://retrofitlink-pl-0.abcde.mongodb.net",
              endpoints: [{ endpointId: endpoint }],
            },
          ],
        },
      },
      "mongodbatlas:index/privateLinkEndpoint:PrivateLinkEndpoint": {
        privateLinkId: "link",
        endpointServiceName: "com.amazonaws.vpce.eu-central-1.vpce-svc-1",
        serviceAttachmentNames: ["projects/atlas/regions/europe-west1/serviceAttachments/one"],
      },
      "gcp:compute/address:Address": { address: "10.0.0.9" },
      "random:index/randomPassword:RandomPassword": { result: "aRandomPassword" },
    },
  });
}

const one = (found: readonly RecordedResource[], name: string): Record<string, unknown> => {
  const resource = found.find((candidate) => candidate.name === name);
  assert.ok(resource, name);
  return resource.inputs;
};

describe("AtlasCluster", () => {
  it("consists of exactly these resources on AWS, in a preview as well", async () => {
    assert.deepEqual((await build()).typesAndNames(), ON_AWS);
    assert.deepEqual((await build({}, { preview: true })).typesAndNames(), ON_AWS);
  });

  it("consists of exactly these resources on Google Cloud, in a preview as well", async () => {
    const endpointId = "retrofitlink-production-atlas";
    assert.deepEqual((await build({ network: GCP }, { endpointId })).typesAndNames(), ON_GCP);
    assert.deepEqual((await build({ network: GCP }, { preview: true })).typesAndNames(), ON_GCP);
  });

  it("tells policies what it was derived from", async () => {
    const { inputs } = (await build()).only("retrofitlink:database:AtlasCluster");
    const { storageGiB, ...rest } = inputs;
    assert.ok((storageGiB as number) > 240);
    assert.deepEqual(rest, {
      configKey: "retrofitlink:database",
      workload: "retrofitlink-production",
      namespace: "retrofitlink",
      shards: 2,
      readReplicas: 1,
      analyticsNodes: 0,
      dataGiB: 400,
      workingSetGiB: 24,
      // 18 pods * (pool 4 + 2 monitors)
      expectedClients: 108,
      maxClients: 32_000,
      slowMs: 100,
      readPreference:
        "readPreference=secondaryPreferred&readPreferenceTags=nodeType:READ_ONLY&readPreferenceTags=&maxStalenessSeconds=90",
      minInstanceSize: "M60",
      maxInstanceSize: "M80",
      cloud: "aws",
      region: "EU_CENTRAL_1",
      nodes: 8,
      queriesPerCore: 400,
      peakQueries: 1800,
      cpuUtilization: { target: 0.7, warning: 0.7, critical: 0.85 },
      cacheGiB: 32,
      retentionDays: 30,
      restoreWindowDays: 7,
    });
  });

  it("is sharded, protected, backed up to the second, and speaks TLS 1.2 at least", async () => {
    const { replicationSpecs, ...settings } = (await build()).only(CLUSTER).inputs;
    assert.equal((replicationSpecs as unknown[]).length, 2);
    assert.deepEqual(settings, {
      projectId: ATLAS.projectId,
      name: "retrofitlink-production",
      clusterType: "SHARDED",
      mongoDbMajorVersion: "8.0",
      versionReleaseSystem: "LTS",
      backupEnabled: true,
      pitEnabled: true,
      terminationProtectionEnabled: true,
      retainBackupsEnabled: true,
      configServerManagementMode: "FIXED_TO_DEDICATED",
      replicaSetScalingStrategy: "WORKLOAD_TYPE",
      advancedConfiguration: {
        javascriptEnabled: false,
        minimumEnabledTlsProtocol: "TLS1_2",
        defaultWriteConcern: "majority",
        oplogMinRetentionHours: 24,
      },
      tags: { "managed-by": "pulumi" },
    });
  });

  it("keeps the tiers that the cluster of its name has been scaled to", async () => {
    const region = (instanceSize: string): object => ({
      electableSpecs: { instanceSize, diskSizeGb: 360, ebsVolumeType: "PROVISIONED" },
      autoScaling: { computeMinInstanceSize: "M60", computeMaxInstanceSize: "M80" },
    });
    const cluster = (name: string, sizes: string[]): object => ({
      name,
      replicationSpecs: sizes.map((size) => ({ regionConfigs: [region(size)] })),
    });
    const clusters = [
      cluster("another", ["M200", "M200"]),
      cluster("retrofitlink-production", ["M60", "M80"]),
    ];
    const { inputs } = (await build({}, { clusters })).only(CLUSTER);
    const specs = inputs["replicationSpecs"] as {
      regionConfigs: [{ electableSpecs: { instanceSize: string } }];
    }[];
    assert.deepEqual(
      specs.map(({ regionConfigs }) => regionConfigs[0].electableSpecs.instanceSize),
      ["M60", "M80"],
    );
  });

  it("keeps snapshots of six hours for the window of a restore, and daily ones longer", async () => {
    const { inputs } = (await build()).only("mongodbatlas:index/cloudBackupSchedule:CloudBackupSchedule");
    assert.deepEqual(inputs, {
      projectId: ATLAS.projectId,
      clusterName: "retrofitlink-production",
      referenceHourOfDay: 2,
      referenceMinuteOfHour: 0,
      restoreWindowDays: 7,
      policyItemHourly: { frequencyInterval: 6, retentionUnit: "days", retentionValue: 7 },
      policyItemDaily: { frequencyInterval: 1, retentionUnit: "days", retentionValue: 30 },
    });
  });

  it("is reached through a private endpoint of AWS by the named ranges only", async () => {
    const { resources } = await build();
    assert.deepEqual(one(resources, "mongodb-private-endpoint-security-group"), {
      description: "Pods of the cluster to MongoDB Atlas",
      vpcId: "vpc-0a1b2c3d",
      ingress: [
        {
          description: "MongoDB over TLS",
          protocol: "tcp",
          fromPort: 1024,
          toPort: 65_535,
          cidrBlocks: ["10.0.0.0/16"],
        },
      ],
      egress: [],
      tags: { Name: "retrofitlink-production-atlas" },
    });
    const endpoint = one(resources, "mongodb-private-endpoint-vpc-endpoint");
    assert.equal(endpoint["vpcEndpointType"], "Interface");
    assert.equal(endpoint["serviceName"], "com.amazonaws.vpce.eu-central-1.vpce-svc-1");
    assert.deepEqual(endpoint["securityGroupIds"], ["mongodb-private-endpoint-security-group-id"]);
    assert.deepEqual(one(resources, "mongodb-private-endpoint-connection"), {
      projectId: ATLAS.projectId,
      privateLinkId: "link",
      endpointServiceId: "mongodb-private-endpoint-vpc-endpoint-id",
      providerName: "AWS",
    });
  });

  it("is reached through one address of Google Cloud", async () => {
    const { resources } = await build({ network: GCP }, { endpointId: "retrofitlink-production-atlas" });
    assert.deepEqual(one(resources, "mongodb-private-endpoint-service"), {
      projectId: ATLAS.projectId,
      providerName: "GCP",
      region: "WESTERN_EUROPE",
      portMappingEnabled: true,
    });
    assert.deepEqual(one(resources, "mongodb-private-endpoint-forwarding-rule"), {
      project: "retrofitlink-production",
      region: "europe-west1",
      name: "retrofitlink-production-atlas",
      target: "projects/atlas/regions/europe-west1/serviceAttachments/one",
      ipAddress: "mongodb-private-endpoint-address-id",
      network: "projects/retrofitlink-production/global/networks/main",
      loadBalancingScheme: "",
    });
    assert.deepEqual(one(resources, "mongodb-private-endpoint-connection"), {
      projectId: ATLAS.projectId,
      privateLinkId: "link",
      endpointServiceId: "retrofitlink-production-atlas",
      privateEndpointIpAddress: "10.0.0.9",
      gcpProjectId: "retrofitlink-production",
      providerName: "GCP",
    });
  });

  it("opens nothing to the internet", async () => {
    for (const network of [ATLAS.network, GCP]) {
      const { resources } = await build({ network }, { preview: true });
      assert.ok(!JSON.stringify(resources.map(({ inputs }) => inputs)).includes('"0.0.0.0/0"'));
      assert.ok(!resources.some(({ type }) => type.includes("IpAccessList")));
    }
  });

  it("writes connection strings of both users into a Secret, and nowhere else", async () => {
    const { resources } = await build();
    const { metadata, stringData } = one(resources, "mongodb-application") as Record<
      string,
      Record<string, unknown>
    >;
    assert.equal(metadata?.["name"], "mongodb-application");
    const secret = stringData as unknown as { value?: unknown };
    const held = JSON.stringify(secret);
    for (const user of ["application", "data-model"]) {
      const uri = `mongodb+srv://retrofitlink-production-${user}:aRandomPassword@retrofitlink-pl-0.abcde.mongodb.net/retrofitlink?authSource=admin&tls=true`;
      assert.ok(held.includes(uri), held);
    }
    const others = resources.filter(({ name }) => name !== "mongodb-application");
    assert.ok(!JSON.stringify(others.map(({ inputs }) => inputs)).includes("aRandomPassword@"));
  });

  it("gives services and the data-model Job an endpoint of the same shape as the database in the cluster", async () => {
    let cluster: AtlasCluster | undefined;
    await record(() => (cluster = new AtlasCluster("mongodb", ATLAS)), {
      preview: true,
      invokes: { [LOOK_UP]: { projectId: ATLAS.projectId, results: [] } },
    });
    assert.ok(cluster);
    const { uriSecret, adminUriSecret, caSecret, readReplicaTags } = cluster.endpoint;
    assert.deepEqual([uriSecret.key, adminUriSecret.key], ["uri", "data-model-uri"]);
    assert.equal(caSecret, undefined);
    assert.equal(readReplicaTags, "nodeType:READ_ONLY");
    assert.equal(cluster.routers, 8);
  });

  it("has no tags and reads from the primary without read replicas", async () => {
    const { inputs } = (await build({ readReplicas: 0 })).only("retrofitlink:database:AtlasCluster");
    assert.equal(inputs["readPreference"], "readPreference=primary");
  });

  it("lets each user do only its work, on this cluster", async () => {
    const { resources } = await build();
    const application = one(resources, "mongodb-application-user");
    const scopes = [{ name: "retrofitlink-production", type: "CLUSTER" }];
    assert.deepEqual(application["roles"], [{ roleName: "readWrite", databaseName: "retrofitlink" }]);
    assert.deepEqual(application["scopes"], scopes);
    const dataModel = one(resources, "mongodb-data-model-user");
    assert.deepEqual(dataModel["roles"], [
      { roleName: "retrofitlink-production-data-model", databaseName: "admin" },
    ]);
    assert.deepEqual(dataModel["scopes"], scopes);
    const actions = dataModelActions();
    assert.deepEqual(
      actions.map(({ action }) => action),
      [
        "LIST_COLLECTIONS",
        "CREATE_COLLECTION",
        "COLL_MOD",
        "LIST_INDEXES",
        "CREATE_INDEX",
        "DROP_INDEX",
        "ENABLE_PROFILER",
        "ENABLE_SHARDING",
        "FIND",
      ],
    );
    assert.deepEqual(actions.at(-1), {
      action: "FIND",
      resources: [{ databaseName: "config", collectionName: "collections" }],
    });
  });

  it("takes a transform for the cluster, the schedule, each alert and the Secret", async () => {
    const { resources } = await build({
      transform: {
        cluster: { redactClientLogData: true },
        backupSchedule: { referenceHourOfDay: 4 },
        alert: (args, name) => (name.endsWith("no-primary") ? { ...args, enabled: false } : args),
        application: (args) => ({ ...args, immutable: true }),
      },
    });
    assert.equal(one(resources, "mongodb-cluster")["redactClientLogData"], true);
    assert.equal(one(resources, "mongodb-backup-schedule")["referenceHourOfDay"], 4);
    assert.equal(one(resources, "mongodb-alert-no-primary")["enabled"], false);
    assert.equal(one(resources, "mongodb-alert-cpu-warning")["enabled"], true);
    assert.equal(one(resources, "mongodb-application")["immutable"], true);
  });

  it("cannot be built from arguments with problems", async () => {
    await assert.rejects(build({ projectId: "?", workingSetGiB: 0 }), (error: Error) => {
      assert.ok(pulumi.RunError.isInstance(error));
      assert.match(
        error.message,
        /^AtlasCluster "mongodb" cannot be built:\n {2}- retrofitlink:database\.projectId/,
      );
      assert.match(error.message, /retrofitlink:database\.workingSetGiB: got 0/);
      return true;
    });
  });
});

interface Bound {
  operator: string;
  threshold: number;
  units: string;
}

describe("alerts of Atlas", () => {
  const alerts = atlasAlerts("Main", DEFAULT_BUDGET);

  it("follow from the budget", () => {
    const lines = alerts.map(({ name, args }) => {
      const {
        metricThresholdConfig: metric,
        thresholdConfig: threshold,
        eventType,
      } = args as unknown as {
        metricThresholdConfig?: Bound & { metricName: string };
        thresholdConfig?: Bound;
        eventType: string;
      };
      const at = metric ?? threshold;
      const what = metric?.metricName ?? eventType;
      return at === undefined
        ? `${name}: ${what}`
        : `${name}: ${what} ${at.operator} ${at.threshold} ${at.units}`;
    });
    assert.deepEqual(lines, [
      "cpu-warning: NORMALIZED_SYSTEM_CPU_USER GREATER_THAN 70 RAW",
      "cpu-critical: NORMALIZED_SYSTEM_CPU_USER GREATER_THAN 85 RAW",
      "memory-warning: SYSTEM_MEMORY_PERCENT_USED GREATER_THAN 80 RAW",
      "memory-critical: SYSTEM_MEMORY_PERCENT_USED GREATER_THAN 90 RAW",
      "read-time-warning: AVG_READ_EXECUTION_TIME GREATER_THAN 50 MILLISECONDS",
      "read-time-critical: AVG_READ_EXECUTION_TIME GREATER_THAN 100 MILLISECONDS",
      "replication-lag-warning: OPLOG_REPLICATION_LAG_TIME GREATER_THAN 10 SECONDS",
      "replication-lag-critical: OPLOG_REPLICATION_LAG_TIME GREATER_THAN 90 SECONDS",
      "disk-warning: DISK_PARTITION_SPACE_USED_DATA GREATER_THAN 85 RAW",
      "disk-critical: DISK_PARTITION_SPACE_USED_DATA GREATER_THAN 95 RAW",
      "connections-critical: CONNECTIONS_PERCENT GREATER_THAN 80 RAW",
      "query-targeting-warning: QUERY_TARGETING_SCANNED_OBJECTS_PER_RETURNED GREATER_THAN 1000 RAW",
      "oplog-window: REPLICATION_OPLOG_WINDOW_RUNNING_OUT LESS_THAN 24 HOURS",
      "no-primary: NO_PRIMARY",
      "router-missing: CLUSTER_MONGOS_IS_MISSING",
    ]);
  });

  it("are of this cluster alone, on, and reach somebody", () => {
    for (const { name, args } of alerts) {
      const metric = args.metricThresholdConfig !== undefined;
      assert.deepEqual(
        args.matchers,
        metric
          ? [{ fieldName: "HOSTNAME", operator: "STARTS_WITH", value: "main-" }]
          : [{ fieldName: "CLUSTER_NAME", operator: "EQUALS", value: "Main" }],
        name,
      );
      assert.equal(args.enabled, true);
      assert.equal((args.notifications as unknown[]).length, 1);
    }
  });
});

describe("connection string of a private endpoint", () => {
  const strings = {
    privateEndpoints: [
      { srvConnectionString: "mongodb+srv://a-pl-0.x.mongodb.net", endpoints: [{ endpointId: "vpce-1" }] },
      {
        srvConnectionString: "mongodb+srv://a-pl-1.x.mongodb.net/?ssl=true",
        endpoints: [{ endpointId: "vpce-2" }],
      },
    ],
  } as unknown as Parameters<typeof privateHost>[0];

  it("is that of the stack's own endpoint", () => {
    assert.equal(privateHost(strings, "vpce-1"), "a-pl-0.x.mongodb.net");
    assert.equal(privateHost(strings, "vpce-2"), "a-pl-1.x.mongodb.net");
  });

  it("is waited for when Atlas has none", () => {
    for (const missing of [strings, undefined]) {
      assert.throws(
        () => privateHost(missing, "vpce-3"),
        (error: Error) => {
          assert.match(
            error.message,
            /^Atlas has no connection string for the private endpoint vpce-3 yet\./,
          );
          assert.equal(error.stack, error.message);
          return true;
        },
      );
    }
  });
});

describe("shardRemovalProblem", () => {
  it("finds what somebody may not have meant", () => {
    assert.equal(shardRemovalProblem({ shards: 2 }, 0), undefined);
    assert.equal(shardRemovalProblem({ shards: 2 }, 2), undefined);
    assert.equal(shardRemovalProblem({ shards: 2, allowShardRemoval: true }, 3), undefined);
    assert.equal(
      shardRemovalProblem({ shards: 2 }, 3)?.allowed,
      "at least 3, the shards that the cluster has",
    );
  });
});
