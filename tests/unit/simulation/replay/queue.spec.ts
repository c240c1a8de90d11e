/** Queues of messages in a replay: what waits, what follows it, and what is refused. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { kedaTrigger, type ScalingTrigger } from "../../../../components/autoscaling/scaling-triggers";
import { readScaledObject } from "../../../../simulation/autoscaler/scaled-object";
import { NO_SCRIPT, parseScript } from "../../../../simulation/replay/faults";
import { withTargets } from "../../../../simulation/replay/methods";
import { serviceObjects } from "../../../../simulation/replay/objects";
import { MessageQueue, checkLoads, type QueueLoad } from "../../../../simulation/replay/queue";
import type { Minutes, ReplayResult } from "../../../../simulation/replay/recorder";
import { replay } from "../../../../simulation/replay/replay";
import { queueLines } from "../../../../simulation/replay/terminal";
import type { Trace } from "../../../../simulation/replay/trace";
import { LABELS, SERVICE, START, scaledObject, traceOf } from "./fixtures";

/** A pod works off 8 messages/s. */
const LOAD: QueueLoad = { name: "mails", messages: 0, secondsPerMessage: 0.5, workersPerPod: 4 };

const { triggers: onRequests } = scaledObject().spec as { triggers: object[] };
const list = (metadata: object = {}): object => ({
  type: "redis",
  name: "mails",
  metricType: "AverageValue",
  metadata: { address: "redis:6379", listName: "mails", listLength: "50", ...metadata },
});

interface Told {
  readonly load?: Partial<QueueLoad>;
  readonly spec?: object;
  readonly trace?: Trace;
}

function run({ load, spec = {}, trace = traceOf(120, () => 300) }: Told): ReplayResult {
  const manifest = scaledObject({ triggers: [...onRequests, list()], ...spec });
  return replay({
    service: SERVICE,
    autoscaler: serviceObjects([manifest], "backend").autoscaler,
    trace,
    script: { ...NO_SCRIPT, queues: load === undefined ? [] : [{ ...LOAD, ...load }] },
    labels: LABELS,
    seed: 0,
    judgedFrom: 0,
  });
}

function minutesOf({ minutes }: ReplayResult): Minutes {
  assert.ok(minutes !== undefined);
  return minutes;
}

const near = (got: number, expected: number, within: number): void => {
  assert.ok(Math.abs(got - expected) <= within, `${got} instead of ${expected}`);
};

describe("a queue of messages", () => {
  it("is as long, and its oldest message as old, as in a queue of single messages", () => {
    // 10/s for a minute at a pod that works off 8/s, then 4/s: it is empty after half a minute more.
    const arrivals = Array.from({ length: 10 * 60 + 4 * 60 }, (_, index) =>
      index < 600 ? index / 10 : 60 + (index - 600) / 4,
    );
    const free = new Array<number>(LOAD.workersPerPod).fill(0);
    const starts = arrivals.map((arrival) => {
      const worker = free.indexOf(Math.min(...free));
      const start = Math.max(arrival, free[worker] ?? 0);
      free[worker] = start + LOAD.secondsPerMessage;
      return start;
    });
    const queue = new MessageQueue(LOAD);
    for (let at = 0; at < 120; at += 5) {
      queue.step(at, 5, 5 * (at < 60 ? 10 : 4), 1);
      const now = at + 5;
      const waiting = arrivals.filter((arrival, index) => arrival <= now && (starts[index] ?? 0) > now);
      near(queue.length, waiting.length, LOAD.workersPerPod + 1);
      near(queue.age(now), now - (waiting[0] ?? now), 0.5);
      if (now === 60) near(queue.length, 120, 0.001);
    }
    assert.equal(queue.length, 0);
    assert.equal(queue.age(120), 0);
  });

  it("is counted in whole messages", () => {
    const queue = new MessageQueue(LOAD);
    assert.equal(queue.entries, 0);
    queue.step(0, 15, 2.25, 0);
    assert.equal(queue.entries, 3);
    assert.equal(queue.age(15), 15);
  });
});

describe("replay of a queue", () => {
  /** 100/s for ten minutes, from minute 30 on. */
  const burst = traceOf(120, (minute) => (minute >= 30 && minute < 40 ? 100 : 2), "mails.csv");

  it("raises the replicas as the rendered trigger says, and only as long as messages wait", () => {
    const { wanted, messages } = minutesOf(run({ load: { messages: burst } }));
    assert.equal(wanted[29], 3);
    // 100/s take 13 pods at 8/s; until they are there, 76/s are left over.
    assert.ok((wanted[39] ?? 0) >= 13, `${wanted[39] ?? 0} pods`);
    assert.equal(messages[0]?.[60], 0);
    assert.equal(wanted[119], 3);
    const without = minutesOf(run({ load: { messages: 0 } }));
    assert.equal(Math.max(...without.wanted), 3);
    // Between its bounds it asks for a pod for each so many that wait.
    const slow = run({
      load: { messages: burst },
      spec: { triggers: [...onRequests, list({ listLength: "4000" })] },
    });
    const most = (slow.sums.queues[0]?.worst ?? 0) / 4000;
    assert.ok(most > 4, `${most}`);
    near(Math.max(...minutesOf(slow).wanted), Math.ceil(most), most * 0.1);
  });

  it("comes of its own trace or of the requests that are answered, in steps of any length", () => {
    const few = { maxReplicaCount: 3 };
    const own = run({ load: { messages: traceOf(120, () => 30) }, spec: few }).sums.queues[0];
    const shared = run({ load: { messages: 0.1 }, spec: few }).sums.queues[0];
    // Three pods work off 24 of 30 a second.
    near(own?.worst ?? 0, 6 * 7200, 1);
    near(shared?.worst ?? 0, 6 * 7200, 1);
    near(own?.oldestSeconds ?? 0, 7200 * 0.2, 1);
    for (const stepSeconds of [7, 40, 3600]) {
      const count = Math.ceil(7200 / stepSeconds);
      const requests = new Float64Array(count).fill(30 * stepSeconds);
      const messages: Trace = { name: "mails.csv", startSeconds: START, stepSeconds, requests, gaps: [] };
      near(run({ load: { messages }, spec: few }).sums.queues[0]?.worst ?? 0, 6 * 7200, 1);
    }
  });

  it("starts the first pod from none, and takes the last one when nothing has waited for a while", () => {
    const spec = {
      minReplicaCount: 0,
      triggers: [list({ activationListLength: "20" })],
      fallback: undefined,
    };
    const messages = traceOf(120, (minute) => (minute >= 30 && minute < 40 ? 4 : 0.01), "mails.csv");
    const { wanted } = minutesOf(run({ load: { messages }, spec, trace: traceOf(120, () => 0) }));
    // 0.6 a minute: less than 20 wait until then, and 198 when the first pod begins.
    assert.equal(wanted[29], 0);
    assert.equal(wanted[32], 4);
    // While 4/s come nothing waits for pods that work off 32: five minutes later KEDA takes all, and begins again.
    assert.equal(wanted[38], 4);
    assert.equal(wanted[60], 0);
  });

  it("breaks what was promised of the oldest message, minute by minute", () => {
    const load = { messages: burst, promisedSeconds: 60 };
    const { sums } = run({ load, spec: { maxReplicaCount: 5 } });
    // 60,000 messages at 40/s take 25 minutes, the last one waits for 15 of them.
    near(sums.queues[0]?.oldestSeconds ?? 0, 15 * 60, 60);
    // From 140 s after the first one: 60 % of the time since then has been waited. To 60 s from the end: 2/s come behind.
    assert.ok(
      sums.violations.queues >= 22 && sums.violations.queues <= 25,
      `${sums.violations.queues} minutes`,
    );
    assert.equal(sums.violations.any, sums.violations.queues);
    assert.match(
      queueLines(sums).join("\n"),
      /^queue mails: at most 3\d,\d{3} messages waited, the oldest \d+ s\nlonger than promised in 2\d minutes$/,
    );
    const kept = run({ load: { ...load, promisedSeconds: 1200 }, spec: { maxReplicaCount: 5 } }).sums;
    assert.equal(kept.violations.any, 0);
    assert.equal(queueLines(kept).length, 1);
  });

  it("by chance brings about as many", () => {
    const load = { ...LOAD, messages: traceOf(120, () => 30) };
    const { autoscaler } = serviceObjects(
      [scaledObject({ maxReplicaCount: 3, triggers: [...onRequests, list()] })],
      "backend",
    );
    const script = { ...NO_SCRIPT, queues: [load] };
    const told = { service: SERVICE, autoscaler, trace: traceOf(120, () => 300), script, labels: LABELS };
    const [worst] = replay({ ...told, seed: 1, judgedFrom: 0 }).sums.queues;
    near(worst?.worst ?? 0, 6 * 7200, 4 * Math.sqrt(30 * 7200));
    assert.notEqual(worst?.worst, 6 * 7200);
  });
});

describe("a trigger of a queue", () => {
  const redis = { addresses: "redis:6379" };
  const stream = {
    kind: "redis-stream",
    name: "mails",
    redis,
    stream: "mails",
    consumerGroup: "workers",
    perPod: 20,
  } as const;
  const read = (triggers: readonly object[]): ReturnType<typeof readScaledObject> =>
    readScaledObject(scaledObject({ triggers }));

  it("is read as it is rendered, in every form", () => {
    const forms: readonly ScalingTrigger[] = [
      { kind: "redis-list", name: "mails", redis, list: "mails", perPod: 50 },
      {
        kind: "redis-list",
        name: "mails",
        redis: { ...redis, sentinelMaster: "main" },
        list: "mails",
        perPod: 50,
      },
      { ...stream, perPod: 50 },
      { ...stream, redis: { ...redis, sentinelMaster: "main" }, perPod: 50 },
    ];
    for (const form of forms) {
      const { triggers, hpa } = read([kedaTrigger(form)]);
      const keys = { threshold: 50, activationThreshold: 0, isValue: false, cached: false };
      assert.deepEqual(triggers, [{ kind: "queue", name: "mails", ...keys }]);
      assert.deepEqual(hpa.metrics, [
        { kind: "external", name: "s0-queue", selector: {}, average: 50_000, value: undefined },
      ]);
    }
  });

  it("has KEDA's own threshold where it says none, and is swept with the others", () => {
    assert.deepEqual(
      read([{ type: "redis", metricType: "Value", metadata: { listName: "mails" } }]).hpa.metrics,
      [{ kind: "external", name: "s0-queue", selector: {}, average: undefined, value: 5000 }],
    );
    const { autoscaler } = serviceObjects([scaledObject({ triggers: [list()] })], "backend");
    const swept = withTargets(autoscaler, 2);
    assert.ok(swept.kind === "keda");
    const [trigger] = swept.object.triggers;
    assert.ok(trigger?.kind === "queue" && trigger.threshold === 100);
    const [metric] = swept.object.hpa.metrics;
    assert.ok(metric?.kind === "external" && metric.average === 100_000);
  });

  it("is refused where it reads something else than what waits", () => {
    const { metadata } = kedaTrigger(stream);
    const refused: readonly (readonly [object, RegExp])[] = [
      [{ type: "redis-streams", metadata: { ...metadata, lagCount: undefined } }, /lagCount is missing/],
      [list({ listLength: "0" }), /listLength is 0; allowed is above 0/],
      [list({ listLength: "many" }), /listLength is "many"/],
      [{ type: "rabbitmq", metadata: {} }, /"rabbitmq" is not simulated; these are: .*redis-cluster-streams/],
      [{ type: "constructor", metadata: {} }, /"constructor" is not simulated/],
    ];
    for (const [trigger, message] of refused) assert.throws(() => read([trigger]), { message });
  });
});

describe("what a replay is told of queues", () => {
  const folder = mkdtempSync(join(tmpdir(), "queue-"));
  after(() => {
    rmSync(folder, { recursive: true });
  });
  const script = (text: string): readonly QueueLoad[] =>
    parseScript(`queues: [{${text}}]`, "script.yaml").queues;
  const work = "secondsPerMessage: 0.5, workersPerPod: 4";

  it("is what comes, and what takes it off", () => {
    assert.deepEqual(script(`name: mails, perRequest: 0.1, ${work}, promisedSeconds: 5m`), [
      { ...LOAD, messages: 0.1, promisedSeconds: 300 },
    ]);
    const file = join(folder, "mails.csv");
    const rows = Array.from({ length: 10 }, (_, minute) => `${START + 60 * minute},${minute % 3}`);
    writeFileSync(file, ["timestamp,messages", ...rows].join("\n"));
    const [load] = script(`name: mails, trace: ${file}, ${work}`);
    assert.ok(typeof load?.messages === "object");
    assert.deepEqual([...load.messages.requests].slice(0, 4), [0, 1, 2, 0]);
    assert.deepEqual(parseScript("", "script.yaml").queues, []);
  });

  it("is refused where it says too little, too much, or what nobody follows", () => {
    const file = join(folder, "requests.csv");
    writeFileSync(file, "timestamp,requests\n");
    const refused: readonly (readonly [string, RegExp])[] = [
      [`name: mails, ${work}`, /queues\.0: say what comes/],
      [`name: mails, perRequest: 1, trace: ${file}, ${work}`, /queues\.0: say what comes/],
      ["name: mails, perRequest: 1", /queues\.0\.secondsPerMessage/],
      [`name: mails, perRequest: -1, ${work}`, /queues\.0\.perRequest/],
      [`name: mails, trace: ${file}, ${work}`, /allowed is "timestamp,messages"/],
      [`name: mails, trace: ${folder}/none.csv, ${work}`, /there is no file/],
    ];
    for (const [text, message] of refused) {
      assert.throws(() => script(text), { name: "UserError", message });
    }
    assert.throws(() => {
      checkLoads([LOAD], ["letters"], []);
    }, /has the queue "mails"; the queues that the service follows are: letters/);
  });

  it("covers the whole time that is replayed", () => {
    const hour = traceOf(60, () => 1, "load.csv");
    const check = (messages: Trace): void => {
      checkLoads([{ ...LOAD, messages }], ["mails"], [hour]);
    };
    check(traceOf(60, () => 1));
    for (const messages of [
      traceOf(59, () => 1, "mails.csv"),
      { ...hour, startSeconds: START + 60, name: "mails.csv" },
    ]) {
      assert.throws(() => {
        check(messages);
      }, /mails\.csv is from 2026-03-02T00:0\d:00Z to .*, load\.csv from 2026-03-02T00:00:00Z to 2026-03-02T01:00:00Z/);
    }
  });

  it("is missed where a trigger follows it: it is not taken for empty", () => {
    assert.throws(() => run({}), {
      name: "ObjectError",
      message:
        /nothing says what comes into the queue mails; add to the script \(FAULTS\) queues: \[\{name: mails,/,
    });
  });
});
