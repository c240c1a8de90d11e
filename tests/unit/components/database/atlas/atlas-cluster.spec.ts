import assert from "node:assert/strict";

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { DEFAULT_BUDGET } from "../../../../../budget/core/performance-budget";
import type { Planned } from "../../../../../budget/core/summary";
import { contradiction } from "../../../../../budget/core/witness";
import { planAtlas } from "../../../../../budget/database/atlas-plan";
import { atlasAlerts } from "../../../../../components/database/atlas/atlas-alerts";
import {
  AtlasCluster,
  shardRemovalIssue,
  type AtlasClusterArgs,
} from "../../../../../components/database/atlas/atlas-cluster";
import { dataModelActions } from "../../../../../components/database/atlas/atlas-users";
import { record } from "../../../../helpers/pulumi";
import { ATLAS, AWS, CLUSTER, GCP, inputsOf, LOOK_UP, recordAtlas } from "../atlas-fixture";

const CONNECTION = "mongodbatlas:index/privateLinkEndpointService:PrivateLinkEndpointService";

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

describe("AtlasCluster", () => {
  it("consists of exactly these resources on AWS, in a preview as well", async () => {
    assert.deepEqual((await recordAtlas()).typesAndNames(), ON_AWS);
    assert.deepEqual((await recordAtlas({}, { preview: true })).typesAndNames(), ON_AWS);
  });

  it("consists of exactly these resources on Google Cloud, in a preview as well", async () => {
    const endpointId = "retrofitlink-production-atlas";
    assert.deepEqual((await recordAtlas({ network: GCP }, { endpointId })).typesAndNames(), ON_GCP);
    assert.deepEqual((await recordAtlas({ network: GCP }, { preview: true })).typesAndNames(), ON_GCP);
  });

  it("tells policies what it was derived from", async () => {
    const { inputs } = (await recordAtlas()).only("retrofitlink:database:AtlasCluster");
    const { numbers, order, proofs, witnesses, ...rest } = inputs;
    const plan = planAtlas({ ...ATLAS, database: "mongodb", cloud: "aws", region: "EU_CENTRAL_1" });
    assert.deepEqual({ numbers, proofs }, plan);
    assert.deepEqual(order, Object.keys(plan.numbers));
    assert.equal((witnesses as unknown[]).length, 2 * 3 + 2);
    assert.deepEqual(rest, {
      configKey: "retrofitlink:database",
      workload: "retrofitlink-production",
      namespace: "retrofitlink",
      shards: 2,
      readReplicas: 1,
      analyticsNodes: 0,
      readPreference:
        "readPreference=secondaryPreferred&readPreferenceTags=nodeType:READ_ONLY&readPreferenceTags=&maxStalenessSeconds=90",
      cloud: "aws",
      region: "EU_CENTRAL_1",
    });
  });

  it("is what its plan says, and a transform that changes it is found", async () => {
    const contradictions = async (change: Partial<AtlasClusterArgs>): Promise<string[]> => {
      const recording = await recordAtlas(change);
      const { witnesses } = recording.only("retrofitlink:database:AtlasCluster").inputs as unknown as Planned;
      return witnesses.flatMap(
        (witness) => contradiction(witness, inputsOf(recording.resources, witness.name)) ?? [],
      );
    };
    assert.deepEqual(await contradictions({}), []);
    assert.deepEqual(await contradictions({ shards: 3, readReplicas: 0, analyticsNodes: 2 }), []);
    const transform = { backupSchedule: { restoreWindowDays: 1 }, cluster: { replicationSpecs: [] } };
    assert.match((await contradictions({ transform })).join("\n"), /nodeCount is not there; the plan has 3/);
    assert.match(
      (await contradictions({ transform })).join("\n"),
      /restoreWindowDays is 1; the plan has 7$/m,
    );
  });

  it("lets a transform change every child, and shows them", async () => {
    const tags = { team: "a" };
    const { resources } = await recordAtlas({
      transform: {
        application: { metadata: { labels: tags } },
        alert: { enabled: false },
        users: { user: { description: "a team" }, password: { length: 50 }, role: { roleName: "other" } },
        privateEndpoint: {
          service: { region: "US_EAST_1" },
          securityGroup: { tags },
          vpcEndpoint: { tags },
          connection: { gcpProjectId: "none" },
        },
      },
    });
    const of = (name: string): Record<string, unknown> => inputsOf(resources, name);
    assert.deepEqual((of("mongodb-application")["metadata"] as { labels: object }).labels, {
      ...(of("mongodb-application")["metadata"] as { labels: object }).labels,
      team: "a",
    });
    assert.equal(of("mongodb-alert-cpu-warning")["enabled"], false);
    assert.equal(of("mongodb-application-user")["description"], "a team");
    assert.equal(of("mongodb-application-password")["length"], 50);
    assert.equal(of("mongodb-data-model-role")["roleName"], "other");
    assert.equal(of("mongodb-private-endpoint-service")["region"], "US_EAST_1");
    assert.equal((of("mongodb-private-endpoint-security-group")["tags"] as typeof tags).team, "a");
    assert.equal((of("mongodb-private-endpoint-vpc-endpoint")["tags"] as typeof tags).team, "a");
    assert.equal(of("mongodb-private-endpoint-connection")["gcpProjectId"], "none");
  });

  it("is built alone from a project, a network and what it holds", async () => {
    const seen: unknown[] = [];
    const recording = await record(
      () => {
        const vpc = new aws.ec2.Vpc("network", { cidrBlock: "10.0.0.0/16" });
        const orders = new AtlasCluster("orders", {
          projectId: ATLAS.projectId,
          network: { ...AWS, vpcId: vpc.id, subnetIds: [vpc.id], clientCidrs: [vpc.cidrBlock] },
          dataGiB: 20,
          workingSetGiB: 1,
        });
        assert.ok(orders.alerts["cpu-warning"]);
        orders.privateEndpoint.connection.urn.apply((urn) => seen.push(urn));
      },
      { preview: true, invokes: { [LOOK_UP]: { projectId: ATLAS.projectId, results: [] } } },
    );
    assert.equal(seen.length, 1);
    const cluster = recording.only(CLUSTER).inputs;
    assert.equal(cluster["name"], "orders");
    const { inputs } = recording.only("retrofitlink:database:AtlasCluster");
    assert.deepEqual([inputs["configKey"], inputs["namespace"], inputs["shards"]], ["orders", "default", 1]);
  });

  it("is sharded, protected, backed up to the second, and speaks TLS 1.2 at least", async () => {
    const { replicationSpecs, ...settings } = (await recordAtlas()).only(CLUSTER).inputs;
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
    const { inputs } = (await recordAtlas({}, { clusters })).only(CLUSTER);
    const specs = inputs["replicationSpecs"] as {
      regionConfigs: [{ electableSpecs: { instanceSize: string } }];
    }[];
    assert.deepEqual(
      specs.map(({ regionConfigs }) => regionConfigs[0].electableSpecs.instanceSize),
      ["M60", "M80"],
    );
  });

  it("keeps snapshots of six hours for the window of a restore, and daily ones longer", async () => {
    const { inputs } = (await recordAtlas()).only(
      "mongodbatlas:index/cloudBackupSchedule:CloudBackupSchedule",
    );
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

  it("writes connection strings of both users into a Secret, and nowhere else", async () => {
    const { resources } = await recordAtlas();
    const { metadata, stringData } = inputsOf(resources, "mongodb-application") as Record<
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
    const { inputs } = (await recordAtlas({ readReplicas: 0 })).only("retrofitlink:database:AtlasCluster");
    assert.equal(inputs["readPreference"], "readPreference=primary");
  });

  it("lets each user do only its work, on this cluster", async () => {
    const { resources } = await recordAtlas();
    const application = inputsOf(resources, "mongodb-application-user");
    const scopes = [{ name: "retrofitlink-production", type: "CLUSTER" }];
    assert.deepEqual(application["roles"], [{ roleName: "readWrite", databaseName: "retrofitlink" }]);
    assert.deepEqual(application["scopes"], scopes);
    const dataModel = inputsOf(resources, "mongodb-data-model-user");
    assert.deepEqual(dataModel["roles"], [
      { roleName: "retrofitlink-production-data-model", databaseName: "admin" },
    ]);
    assert.deepEqual(dataModel["scopes"], scopes);
    const actions = dataModelActions("retrofitlink");
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
    const { resources } = await recordAtlas({
      transform: {
        cluster: { redactClientLogData: true },
        backupSchedule: { referenceHourOfDay: 4 },
        alert: (args, _opts, name) => (name.endsWith("no-primary") ? { ...args, enabled: false } : args),
        application: (args) => ({ ...args, immutable: true }),
      },
    });
    assert.equal(inputsOf(resources, "mongodb-cluster")["redactClientLogData"], true);
    assert.equal(inputsOf(resources, "mongodb-backup-schedule")["referenceHourOfDay"], 4);
    assert.equal(inputsOf(resources, "mongodb-alert-no-primary")["enabled"], false);
    assert.equal(inputsOf(resources, "mongodb-alert-cpu-warning")["enabled"], true);
    assert.equal(inputsOf(resources, "mongodb-application")["immutable"], true);
  });

  it("cannot be built from arguments with problems", async () => {
    await assert.rejects(recordAtlas({ projectId: "?", workingSetGiB: 0 }), (error: Error) => {
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

describe("shardRemovalIssue", () => {
  it("finds what somebody may not have meant", () => {
    assert.equal(shardRemovalIssue({ shards: 2 }, 0), undefined);
    assert.equal(shardRemovalIssue({ shards: 2 }, 2), undefined);
    assert.equal(shardRemovalIssue({ shards: 2, allowShardRemoval: true }, 3), undefined);
    assert.equal(shardRemovalIssue({ shards: 2 }, 3)?.allowed, "at least 3, the shards that the cluster has");
  });
});
