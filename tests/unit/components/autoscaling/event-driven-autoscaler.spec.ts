import assert from "node:assert/strict";

import { pathText } from "../../../../budget/core/issues";
import {
  EventDrivenAutoscaler,
  eventDrivenIssues,
  type EventDrivenAutoscalerArgs,
  type ScalingTrigger,
} from "../../../../components/autoscaling/event-driven-autoscaler";
import { ScaleTarget } from "../../../../components/autoscaling/scale-target";
import { record, type Recording } from "../../../helpers/pulumi";

const cpu: ScalingTrigger = { kind: "cpu", name: "cpu", container: "backend", utilization: 0.629 };
const inFlight: ScalingTrigger = {
  kind: "prometheus",
  name: "in-flight",
  url: "http://prometheus:9090",
  query: "sum(http_requests_in_flight)",
  perPod: 3.21049,
  whenMissing: "fault",
};
const cron: ScalingTrigger = {
  kind: "cron",
  name: "office",
  timezone: "Europe/Berlin",
  start: "0 8 * * 1-5",
  end: "0 18 * * 1-5",
  replicas: 6,
};
const mails: ScalingTrigger = {
  kind: "redis-list",
  name: "mails",
  redis: { addresses: "redis-cache:6379", password: { name: "redis", key: "password" } },
  list: "mails",
  perPod: 20,
};

type Change = Partial<Omit<EventDrivenAutoscalerArgs, "target">>;

const args = (change: Change = {}): EventDrivenAutoscalerArgs => ({
  target: new ScaleTarget("Deployment", "backend", "shop"),
  min: 2,
  max: 20,
  triggers: [inFlight],
  ...change,
});

const build = (change: Change = {}): Promise<Recording> =>
  record(() => new EventDrivenAutoscaler("backend-autoscaler", args(change)));

async function scaledObject(change: Change = {}): Promise<Record<string, any>> {
  return (await build(change)).only("kubernetes:keda.sh/v1alpha1:ScaledObject").inputs;
}

describe("EventDrivenAutoscaler", () => {
  it("is a ScaledObject whose HPA has the name of the workload, and which takes over one that is there", async () => {
    assert.deepEqual((await build()).typesAndNames(), [
      "kubernetes:keda.sh/v1alpha1:ScaledObject backend-autoscaler",
      "retrofitlink:autoscaling:EventDrivenAutoscaler backend-autoscaler",
    ]);
    const { metadata, spec } = await scaledObject();
    assert.deepEqual(metadata, {
      name: "backend",
      namespace: "shop",
      annotations: { "scaledobject.keda.sh/transfer-hpa-ownership": "true" },
    });
    assert.deepEqual(spec, {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "backend" },
      minReplicaCount: 2,
      maxReplicaCount: 20,
      advanced: { horizontalPodAutoscalerConfig: { name: "backend" }, restoreToOriginalReplicaCount: false },
      triggers: [
        {
          name: "in-flight",
          type: "prometheus",
          metricType: "AverageValue",
          metadata: {
            serverAddress: "http://prometheus:9090",
            query: "sum(http_requests_in_flight)",
            threshold: "3.21",
            ignoreNullValues: "false",
          },
        },
      ],
    });
  });

  it("steers to whole percents of CPU, and to a clock", async () => {
    const { spec } = await scaledObject({ triggers: [cpu, cron] });
    assert.deepEqual(spec.triggers, [
      {
        name: "cpu",
        type: "cpu",
        metricType: "Utilization",
        metadata: { value: "62", containerName: "backend" },
      },
      {
        name: "office",
        type: "cron",
        metricType: "AverageValue",
        metadata: {
          timezone: "Europe/Berlin",
          start: "0 8 * * 1-5",
          end: "0 18 * * 1-5",
          desiredReplicas: "6",
        },
      },
    ]);
  });

  it("falls back to what is there, and never to less; polls only where that means something", async () => {
    const { spec } = await scaledObject({ fallback: { replicas: 8, failures: 4 }, pollingSeconds: 5 });
    assert.deepEqual(spec.fallback, {
      failureThreshold: 4,
      replicas: 8,
      behavior: "currentReplicasIfHigher",
    });
    assert.equal(spec.pollingInterval, undefined);
    const zero = await scaledObject({ min: 0, triggers: [mails], pollingSeconds: 5, cooldownSeconds: 60 });
    assert.deepEqual([zero["spec"].pollingInterval, zero["spec"].cooldownPeriod], [5, 60]);
    const cached = await scaledObject({ triggers: [{ ...inFlight, cached: true }] });
    assert.equal(cached["spec"].pollingInterval, 15);
  });

  it("reads a password from the Secret that has it, and shows what it made", async () => {
    const made: string[] = [];
    const recording = await record(() => {
      const { authentications, scaledObject: object } = new EventDrivenAutoscaler(
        "backend-autoscaler",
        args({ triggers: [mails] }),
      );
      made.push(...Object.keys(authentications));
      object.metadata.apply(({ name }) => made.push(String(name)));
    });
    const { metadata, spec } = recording.only("kubernetes:keda.sh/v1alpha1:TriggerAuthentication")
      .inputs as any;
    assert.deepEqual([metadata.name, metadata.namespace], ["backend-mails", "shop"]);
    assert.deepEqual(spec, { secretTargetRef: [{ parameter: "password", name: "redis", key: "password" }] });
    assert.deepEqual(made, ["mails", "backend"]);
  });

  it("pauses in the ways that KEDA has", async () => {
    const paused = async (pause: EventDrivenAutoscalerArgs["pause"]): Promise<unknown> => {
      const { annotations } = (await scaledObject({ pause })).metadata as {
        annotations: Record<string, string>;
      };
      return Object.entries(annotations).filter(([key]) => key.startsWith("autoscaling.keda.sh/"));
    };
    assert.deepEqual(await paused({ kind: "all" }), [["autoscaling.keda.sh/paused", "true"]]);
    assert.deepEqual(await paused({ kind: "all", replicas: 4 }), [
      ["autoscaling.keda.sh/paused-replicas", "4"],
    ]);
    assert.deepEqual(await paused({ kind: "scale-in" }), [["autoscaling.keda.sh/paused-scale-in", "true"]]);
    assert.deepEqual(await paused({ kind: "scale-out" }), [["autoscaling.keda.sh/paused-scale-out", "true"]]);
  });

  it("applies transforms last", async () => {
    const recording = await build({
      triggers: [mails],
      transform: {
        scaledObject: { spec: { maxReplicaCount: 7 } },
        authentication: { metadata: { labels: { of: "me" } } },
      },
    });
    const spec = recording.only("kubernetes:keda.sh/v1alpha1:ScaledObject").inputs["spec"] as any;
    assert.deepEqual([spec.minReplicaCount, spec.maxReplicaCount], [2, 7]);
    const { metadata } = recording.only("kubernetes:keda.sh/v1alpha1:TriggerAuthentication").inputs as any;
    assert.deepEqual(metadata.labels, { of: "me" });
  });

  it("refuses at preview what KEDA's webhook would refuse, or take and never act on", () => {
    const wrong = (change: Change): string[] =>
      eventDrivenIssues(args(change)).map(({ path, allowed }) => `${pathText(path)}: ${allowed}`);
    assert.deepEqual(wrong({}), []);
    assert.deepEqual(wrong({ min: 9, max: 3 }), ["max: a whole number from min, 9, on (pods)"]);
    assert.deepEqual(wrong({ min: 0, triggers: [cpu] }), ["min: at least 1 where CPU alone decides"]);
    assert.deepEqual(wrong({ triggers: [] }), ["triggers: at least one trigger"]);
    assert.deepEqual(wrong({ triggers: [inFlight, inFlight] }), ["triggers[1].name: a name of its own"]);
    assert.deepEqual(wrong({ triggers: [{ ...cron, end: cron.start }] }), [
      "triggers[0].end: another time than start",
    ]);
    assert.deepEqual(
      wrong({ triggers: [{ ...cron, start: "8 o'clock", timezone: "Berlin", replicas: 0 }] }),
      [
        "triggers[0].timezone: a time zone of the IANA database, like Europe/Berlin",
        "triggers[0].start: a cron expression of five fields: minute, hour, day, month, day of the week",
        "triggers[0].replicas: a whole number from 1 on",
      ],
    );
    assert.deepEqual(wrong({ triggers: [cpu], fallback: { replicas: 30 } }), [
      "fallback: nothing where CPU alone decides",
      "fallback.replicas: a whole number from 1 to max, 20 (pods)",
    ]);
    const asked = (query: string): number => wrong({ triggers: [{ ...inFlight, query }] }).length;
    const several = [
      "http_requests_in_flight",
      'rate(http_requests_total{app="backend"}[1m])',
      "sum by (pod) (http_requests_in_flight)",
      "sum without (pod) (http_requests_in_flight)",
      "retrofitlink:service_requests:rate1m",
    ];
    assert.deepEqual(several.map(asked), [1, 1, 1, 1, 1]);
    const one = ["sum(rate(x[1m]))", "scalar(x)", 'retrofitlink:service_requests:rate1m{service="backend"}'];
    assert.deepEqual(one.map(asked), [0, 0, 0]);
    const long = { ...args(), target: new ScaleTarget("Deployment", "b".repeat(64), "shop") };
    assert.deepEqual(
      eventDrivenIssues(long).map(({ allowed }) => allowed),
      ["a name of at most 63 characters"],
    );
  });

  it("refuses at preview what KEDA's definitions and scalers would refuse", () => {
    const wrong = (change: Change): string[] =>
      eventDrivenIssues(args(change)).map(({ path, allowed }) => `${pathText(path)}: ${allowed}`);
    const stream: ScalingTrigger = {
      kind: "redis-stream",
      name: "jobs",
      redis: { addresses: "" },
      stream: " ",
      consumerGroup: "",
      perPod: 5,
    };
    assert.deepEqual(wrong({ triggers: [stream, { ...mails, list: "", name: "My mails" }] }), [
      "triggers[0].redis.addresses: a text",
      "triggers[0].stream: a text",
      "triggers[0].consumerGroup: a text",
      "triggers[1].list: a text",
      "triggers[1].name: a name of Kubernetes",
    ]);
    assert.deepEqual(wrong({ triggers: [{ ...inFlight, url: "", timeoutSeconds: 0, name: "In flight" }] }), [
      "triggers[0].url: a text",
      "triggers[0].timeoutSeconds: a number above 0",
    ]);
    const pause = { kind: "all", replicas: -1 } as const;
    assert.deepEqual(
      wrong({ pollingSeconds: 0, cooldownSeconds: 1.5, pause, fallback: { replicas: 3, failures: 0 } }),
      [
        "pollingSeconds: a whole number from 1 on",
        "cooldownSeconds: a whole number from 0 on",
        "fallback.failures: a whole number from 1 on",
        "pause.replicas: a whole number from 0 on",
      ],
    );
  });

  it("is the only owner of the replicas", async () => {
    const { target } = args();
    await record(() => {
      new EventDrivenAutoscaler("one", { ...args(), target });
      assert.throws(
        () => new EventDrivenAutoscaler("other", { ...args(), target }),
        /EventDrivenAutoscaler "other" cannot be built: the replicas belong to EventDrivenAutoscaler "one"/,
      );
    });
  });
});
