/**
 * What is refused at preview of Karpenter's and KEDA's objects, beside what a real API server with their own pinned definitions
 * refuses: neither takes what the other does not, but for what only their controllers see.
 */
import assert from "node:assert/strict";

import {
  EventDrivenAutoscaler,
  eventDrivenIssues,
  type EventDrivenAutoscalerArgs,
} from "../../components/autoscaling/event-driven-autoscaler";
import {
  karpenterNodesIssues,
  nodeClassSpec,
  nodePoolSpec,
  type KarpenterNodesArgs,
} from "../../components/autoscaling/karpenter-nodes";
import { ScaleTarget } from "../../components/autoscaling/scale-target";
import type { KubernetesClient, KubernetesObject } from "../../sandbox/cluster/kubernetes-client";
import { ENGINE_TIMEOUT_MS, theClient } from "../helpers/engine";
import { record } from "../helpers/pulumi";

const NODES: KarpenterNodesArgs = {
  clusterName: "main",
  nodeRoleName: "nodes",
  subnetIds: ["subnet-0a1b2c3d"],
  limits: { cpuCores: 100, memoryGiB: 400 },
};

const many = <Value>(count: number, value: Value): Value[] => new Array<Value>(count).fill(value);

type NodesChange = readonly [string, Partial<KarpenterNodesArgs>];

const TAKEN_NODES: readonly NodesChange[] = [
  ["as little as possible", {}],
  [
    "the ends of what is allowed",
    { weight: 100, consolidateAfterSeconds: 0, expireAfterHours: 1, terminationGraceHours: 0 },
  ],
  ["an alias of 30 characters", { amiAlias: `bottlerocket@v1.61.0-${"1".repeat(9)}` }],
  [
    "thirty subnets and groups",
    { subnetIds: many(30, "subnet-0a1b2c3d"), securityGroupIds: many(30, "sg-0a1b2c3d") },
  ],
  ["fifty budgets", { budgets: many(50, { nodes: "100%" }) }],
  ["a budget of office hours", { budgets: [{ nodes: "0", schedule: "0 8 * * 1-5", durationSeconds: 60 }] }],
];

const REFUSED_NODES: readonly NodesChange[] = [
  ["no weight", { weight: 0 }],
  ["a weight above 100", { weight: 101 }],
  ["half a weight", { weight: 1.5 }],
  ["part of a second", { consolidateAfterSeconds: 0.5 }],
  ["a time before now", { consolidateAfterSeconds: -1 }],
  ["part of an hour", { expireAfterHours: 1.5 }],
  ["part of an hour to end", { terminationGraceHours: 0.5 }],
  ["a family that there is not", { amiAlias: "ubuntu@latest" }],
  ["an alias without a version", { amiAlias: "al2023" }],
  ["an alias of 31 characters", { amiAlias: `bottlerocket@v1.61.0-${"1".repeat(10)}` }],
  ["no subnet", { subnetIds: [] }],
  ["31 subnets", { subnetIds: many(31, "subnet-0a1b2c3d") }],
  ["a name of a subnet", { subnetIds: ["private-a"] }],
  ["no security group", { securityGroupIds: [] }],
  ["a name of a security group", { securityGroupIds: ["nodes"] }],
  ["no role", { nodeRoleName: "" }],
  ["no way to pay", { capacityTypes: [] }],
  ["no family of machines", { categories: [] }],
  ["no architecture", { architectures: [] }],
  ["51 budgets", { budgets: many(51, { nodes: "10%" }) }],
  ["more than all nodes", { budgets: [{ nodes: "101%" }] }],
  ["a start without a length", { budgets: [{ nodes: "0", schedule: "0 8 * * 1-5" }] }],
  ["a length without a start", { budgets: [{ nodes: "0", durationSeconds: 3600 }] }],
  ["a schedule of four fields", { budgets: [{ nodes: "0", schedule: "0 8 * *", durationSeconds: 3600 }] }],
];

/** Taken by the definitions: only Karpenter's controller reads the schedule, and a budget of no length never holds. */
const REFUSED_LATER: readonly NodesChange[] = [
  ["an hour that there is not", { budgets: [{ nodes: "0", schedule: "0 25 * * *", durationSeconds: 3600 }] }],
  [
    "five words",
    { budgets: [{ nodes: "0", schedule: "every day at eight o'clock", durationSeconds: 3600 }] },
  ],
  [
    "a budget that holds for no time",
    { budgets: [{ nodes: "0", schedule: "0 8 * * *", durationSeconds: 0 }] },
  ],
];

describe("definitions of Karpenter and KEDA before a real API server", function () {
  this.timeout(ENGINE_TIMEOUT_MS);
  let client: KubernetesClient;

  before(async () => {
    client = await theClient();
  });
  after(() => {
    client.close();
  });

  /** @returns what the server says against it; undefined where it takes it */
  async function said(object: KubernetesObject): Promise<string | undefined> {
    try {
      await client.apply(object, { fieldManager: "test", force: true, dryRun: true });
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async function saidOfNodes(change: Partial<KarpenterNodesArgs>): Promise<string> {
    const args = { ...NODES, ...change };
    const metadata = { name: "general" };
    const answers = [
      await said({
        apiVersion: "karpenter.k8s.aws/v1",
        kind: "EC2NodeClass",
        metadata,
        spec: nodeClassSpec(args),
      }),
      await said({
        apiVersion: "karpenter.sh/v1",
        kind: "NodePool",
        metadata,
        spec: nodePoolSpec(args, "general"),
      }),
    ];
    return answers.filter((one) => one !== undefined).join("\n");
  }

  it("take nodes that preview takes", async () => {
    for (const [what, change] of TAKEN_NODES) {
      assert.deepEqual(karpenterNodesIssues({ ...NODES, ...change }), [], what);
      assert.equal(await saidOfNodes(change), "", what);
    }
  });

  it("refuse nodes that preview refuses, which refuses budgets that mean nothing as well", async () => {
    for (const [what, change] of REFUSED_NODES) {
      assert.equal(karpenterNodesIssues({ ...NODES, ...change }).length, 1, what);
      assert.notEqual(await saidOfNodes(change), "", what);
    }
    for (const [what, change] of REFUSED_LATER) {
      assert.equal(karpenterNodesIssues({ ...NODES, ...change }).length, 1, what);
      assert.equal(await saidOfNodes(change), "", what);
    }
  });

  it("refuse a ScaledObject that preview refuses", async () => {
    const args = (change: Partial<EventDrivenAutoscalerArgs>): EventDrivenAutoscalerArgs => ({
      target: new ScaleTarget("Deployment", "backend", "default"),
      min: 0,
      max: 20,
      triggers: [
        {
          kind: "redis-list",
          name: "mails",
          redis: { addresses: "redis:6379", password: { name: "redis", key: "password" } },
          list: "mails",
          perPod: 50,
        },
      ],
      fallback: { replicas: 3 },
      ...change,
    });
    const recording = await record(() => new EventDrivenAutoscaler("backend", args({})));
    const object = (kind: string): any => recording.only(`kubernetes:keda.sh/v1alpha1:${kind}`).inputs;
    assert.equal(await said(object("TriggerAuthentication")), undefined);
    const { spec, ...rest } = object("ScaledObject");
    const refused: readonly (readonly [Partial<EventDrivenAutoscalerArgs>, object])[] = [
      [{ pollingSeconds: 0 }, { pollingInterval: 0 }],
      [{ pollingSeconds: 0.5 }, { pollingInterval: 0.5 }],
      [{ cooldownSeconds: -1 }, { cooldownPeriod: -1 }],
      [{ fallback: { replicas: 3, failures: -1 } }, { fallback: { ...spec.fallback, failureThreshold: -1 } }],
      [{ fallback: { replicas: -1 } }, { fallback: { ...spec.fallback, replicas: -1 } }],
      [{ min: 21, fallback: undefined }, { minReplicaCount: 21 }],
      [{ triggers: [], fallback: undefined }, { triggers: [] }],
    ];
    assert.deepEqual([eventDrivenIssues(args({})), await said({ ...rest, spec })], [[], undefined]);
    for (const [change, changed] of refused) {
      assert.notEqual(eventDrivenIssues(args(change)).length, 0, JSON.stringify(change));
      assert.notEqual(
        await said({ ...rest, spec: { ...spec, ...changed } }),
        undefined,
        JSON.stringify(changed),
      );
    }
    // What it would be named after is no name.
    const strange = {
      ...object("TriggerAuthentication"),
      metadata: { namespace: "default", name: "backend-My mails" },
    };
    assert.notEqual(await said(strange), undefined);
  });
});
