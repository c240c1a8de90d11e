/** `make bench-simulation`: how long a replay of many services takes. */
import { serviceTime } from "../../budget/service/service-time";
import { print, runCommand } from "../../cli/command";
import { NO_SCRIPT } from "../../simulation/replay/faults";
import type { Job, JobContext } from "../../simulation/replay/job";
import type { MethodSpec } from "../../simulation/replay/method-spec";
import { runJobs } from "../../simulation/replay/pool";
import type { Manifest } from "../../simulation/replay/rendered";
import type { ReplayService } from "../../simulation/replay/service";
import type { Trace } from "../../simulation/replay/trace";
import { Random } from "../../simulation/traffic/random";

const SERVICES = 100;
const DAYS = 30;
const MINUTES = DAYS * 1440;

/** Wanted: so many services for so many days within, on two cores. */
const GOAL_SECONDS = 60;
const CORES = 2;

/** Kinds of services, by requests that one pod works on. */
const SLOTS = [4, 8, 16, 32];

function serviceOf(slots: number): ReplayService {
  return {
    name: "backend",
    slots,
    time: serviceTime({ serviceTimeSeconds: 0.03, serviceTimeP95Seconds: 0.08, serviceTimeP99Seconds: 0.15 }),
    balancing: "least-connections",
    promised: { p95: 0.2, p99: 0.5, errors: 0.01 },
    cpuSecondsPerRequest: 0.003,
    cpuCores: 1,
    memoryMiB: 1024,
    usableCores: 1,
    schedulingSeconds: 5,
    warmUpSeconds: 12,
    zones: 3,
    mostPerPod: 25 * slots,
    answerSeconds: 10,
    maxUnavailable: 1,
    rollout: { maxSurge: "25%", maxUnavailable: 0, minReadySeconds: 12 },
    baseRps: 300,
    peakRps: 1200,
    maxUtilization: 0.75,
    busy: 0.6,
    horizonSeconds: 120,
  };
}

const MANIFEST: Manifest = {
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "backend" },
  spec: { scaleTargetRef: { name: "backend" }, minReplicas: 3, maxReplicas: 40 },
};

/** A daily and a weekly season, noise, and a burst now and then: 3 to 20 pods. */
function traceOf(seed: number, { slots, time }: ReplayService): Trace {
  const random = new Random(seed);
  const pod = slots / time.mean;
  let burst = 0;
  const requests = Float64Array.from({ length: MINUTES }, (_, minute) => {
    burst = random.next() < 0.0005 ? 1 + random.next() : 0.97 * burst;
    const day = 1 - Math.cos((2 * Math.PI * (minute - 180 - seed)) / 1440);
    const week = minute % 10_080 < 7200 ? 1 : 0.6;
    return 60 * pod * (1 + 4 * day * week) * (1 + burst) * (1 + 0.05 * random.normal());
  });
  return { name: `service ${seed}`, startSeconds: 1_772_409_600, stepSeconds: 60, requests, gaps: [] };
}

/** A part of the services: by CPU, or by requests with the rules of a forecast. */
async function measure(
  method: (index: number) => MethodSpec,
): Promise<{ wall: number; cpu: number; minutes: number }> {
  const [started, used] = [performance.now(), process.cpuUsage()];
  let minutes = 0;
  for (const slots of SLOTS) {
    const service = serviceOf(slots);
    const traces = Array.from({ length: SERVICES / SLOTS.length }, (_, index) =>
      traceOf(slots + index, service),
    );
    const context: JobContext = {
      service,
      // What the rules of a forecast select: without them they see no load, and nothing is measured.
      labels: { namespace: "default", service: "backend" },
      manifests: [MANIFEST],
      traces,
      script: NO_SCRIPT,
      judgedFrom: 0,
    };
    const jobs = traces.map((_, trace): Job => ({ trace, method: method(trace), seed: 0, pictured: false }));
    for (const { sums } of await runJobs(context, jobs, CORES)) {
      // Until there are metrics an autoscaler holds for a moment; later on it has to follow the load.
      if (sums.heldLooks > 10)
        throw new RangeError(`the autoscaler held ${sums.heldLooks} times: it sees no load`);
      minutes += sums.minutes;
    }
  }
  const { user, system } = process.cpuUsage(used);
  return { wall: (performance.now() - started) / 1000, cpu: (user + system) / 1e6, minutes };
}

const forecast: MethodSpec = {
  kind: "tuned",
  settings: {
    kind: "keda",
    prediction: true,
    target: 0.6,
    min: 3,
    max: 40,
    scaleDownWindowSeconds: 300,
    scaleDownPercent: 10,
  },
};

runCommand(async () => {
  print(`${SERVICES} services, ${DAYS} days of minutes each, the autoscaler every 15 s, on ${CORES} cores`);
  let slowest = 0;
  for (const [name, method] of [
    ["HPA on CPU", { kind: "cpu", target: 0.6 }],
    ["KEDA on requests", { kind: "requests", target: 0.6 }],
    ["KEDA on requests and a forecast", forecast],
  ] as const) {
    const { wall, cpu, minutes } = await measure(() => method);
    const quiet = cpu / CORES;
    slowest = Math.max(slowest, Math.min(wall, quiet));
    print(
      `  ${name.padEnd(46)} ${wall.toFixed(0).padStart(4)} s, ${cpu.toFixed(0).padStart(4)} CPU-seconds: ` +
        `${quiet.toFixed(0)} s on two quiet cores, ${((1e6 * cpu) / minutes).toFixed(1)} µs a minute`,
    );
  }
  print(
    slowest <= GOAL_SECONDS
      ? `within the ${GOAL_SECONDS} s wanted`
      : `more than the ${GOAL_SECONDS} s wanted`,
  );
  return slowest <= GOAL_SECONDS ? 0 : 1;
});
