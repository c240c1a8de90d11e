import assert from "node:assert/strict";

import { HorizontalAutoscaler } from "../../../../components/autoscaling/horizontal-autoscaler";
import { Headroom } from "../../../../components/autoscaling/headroom";
import { ScaleTarget } from "../../../../components/autoscaling/scale-target";
import { tolerant } from "../../../../components/autoscaling/scaling-behavior";
import { VerticalAutoscaler } from "../../../../components/autoscaling/vertical-autoscaler";
import { record, refusal } from "../../../helpers/pulumi";

describe("HorizontalAutoscaler", () => {
  const target = (): ScaleTarget => new ScaleTarget("Deployment", "backend", "shop");

  it("refuses bounds that are upside down, and an HPA without a metric", async () => {
    const said = await refusal(
      () => new HorizontalAutoscaler("backend", { target: target(), min: 5, max: 2, metrics: [] }),
    );
    assert.match(said, /max: got 2; allowed is a whole number from min, 5, on \(pods\)\. .*upside down/);
    assert.match(said, /metrics: got a list, \[\]; allowed is at least one metric/);
    const metrics = [{ kind: "external", metric: "queue", average: 0 }] as const;
    assert.match(
      await refusal(() => new HorizontalAutoscaler("backend", { target: target(), min: 1, max: 2, metrics })),
      /metrics\[0\]\.average: got 0; allowed is a number above 0/,
    );
  });

  it("writes averages in thousandths, memory in MiB, and a tolerance only where one is given", async () => {
    const recording = await record(
      () =>
        new HorizontalAutoscaler("backend", {
          target: target(),
          min: 1,
          max: 2,
          metrics: [
            { kind: "memory", container: "backend", averageMiB: 700 },
            { kind: "external", metric: "queue", average: 2.34567, matchLabels: { of: "mails" } },
          ],
        }),
    );
    const { spec } = recording.only("kubernetes:autoscaling/v2:HorizontalPodAutoscaler").inputs as any;
    assert.deepEqual(spec.metrics, [
      {
        type: "ContainerResource",
        containerResource: {
          name: "memory",
          container: "backend",
          target: { type: "AverageValue", averageValue: "700Mi" },
        },
      },
      {
        type: "External",
        external: {
          metric: { name: "queue", selector: { matchLabels: { of: "mails" } } },
          target: { type: "AverageValue", averageValue: "2.345" },
        },
      },
    ]);
    assert.equal(spec.behavior, undefined);
    assert.deepEqual(tolerant({ scaleUp: { selectPolicy: "Max" } }, { up: 0.05 }), {
      scaleUp: { selectPolicy: "Max", tolerance: "0.05" },
    });
    assert.deepEqual(tolerant(undefined, { down: 0.2 }), { scaleDown: { tolerance: "0.2" } });
    assert.equal(tolerant(undefined, {}), undefined);
  });
});

describe("VerticalAutoscaler", () => {
  const args = {
    workload: "backend",
    namespace: "shop",
    container: "backend",
    memoryMiB: { min: 128, max: 1024 },
  };

  it("moves the memory request of one container within its bounds, and only recommends when nobody says more", async () => {
    const recording = await record(() => new VerticalAutoscaler("backend-memory", args));
    assert.deepEqual(recording.only("kubernetes:autoscaling.k8s.io/v1:VerticalPodAutoscaler").inputs, {
      apiVersion: "autoscaling.k8s.io/v1",
      kind: "VerticalPodAutoscaler",
      metadata: { name: "backend", namespace: "shop" },
      spec: {
        targetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "backend" },
        updatePolicy: { updateMode: "Off", minReplicas: 2 },
        resourcePolicy: {
          containerPolicies: [
            {
              containerName: "backend",
              mode: "Auto",
              controlledResources: ["memory"],
              controlledValues: "RequestsOnly",
              minAllowed: { memory: "128Mi" },
              maxAllowed: { memory: "1024Mi" },
            },
            { containerName: "*", mode: "Off" },
          ],
        },
      },
    });
  });

  it("refuses bounds that are upside down", async () => {
    const said = await refusal(
      () =>
        new VerticalAutoscaler("memory", { ...args, memoryMiB: { min: 2048, max: 1024 }, leastReplicas: 0 }),
    );
    assert.match(said, /memoryMiB\.max: got 1024; allowed is a whole number from memoryMiB\.min, 2048, on/);
    assert.match(said, /leastReplicas: got 0/);
  });
});

describe("Headroom", () => {
  const args = {
    workload: "backend",
    namespace: "shop",
    percent: 40,
    pods: 6,
    resources: { cpuCores: 0.3, memoryMiB: 512 },
  };

  it("is a share of the replicas within a limit, where the cluster knows CapacityBuffers", async () => {
    const recording = await record(() => new Headroom("room", { ...args, kind: "capacity-buffer" }));
    assert.deepEqual(recording.typesAndNames(), [
      "kubernetes:autoscaling.x-k8s.io/v1beta1:CapacityBuffer room-buffer",
      "retrofitlink:autoscaling:Headroom room",
    ]);
    assert.deepEqual(recording.resources.at(-1)?.inputs["spec"], {
      scalableRef: { apiGroup: "apps", kind: "Deployment", name: "backend" },
      percentage: 40,
      limits: { cpu: "1.8", memory: "3072Mi" },
      provisioningStrategy: "buffer.x-k8s.io/active-capacity",
    });
  });

  it("is pause pods elsewhere, of a class of its own or of one that is there", async () => {
    const own = await record(() => new Headroom("room", args));
    assert.deepEqual(own.typesAndNames(), [
      "kubernetes:apps/v1:Deployment room-pause",
      "kubernetes:scheduling.k8s.io/v1:PriorityClass room-priority",
      "retrofitlink:autoscaling:Headroom room",
    ]);
    const given = await record(
      () => new Headroom("room", { ...args, priorityClassName: "lowest", app: "gap" }),
    );
    const { metadata, spec } = given.only("kubernetes:apps/v1:Deployment").inputs as any;
    assert.deepEqual(
      [metadata.name, spec.replicas, spec.template.spec.priorityClassName],
      ["gap", 6, "lowest"],
    );
  });

  it("refuses to keep room for nothing", async () => {
    assert.match(await refusal(() => new Headroom("room", { ...args, percent: 0 })), /percent: got 0/);
  });
});
