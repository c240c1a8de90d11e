/** What is watched of a service's pods: slots, event loop, heap, CPU and memory. Causes, which users do not feel yet. */
import { duration, percent } from "../core/format";
import type { Alert, ExampleSeries } from "../monitoring/alert";
import { podsOf } from "../monitoring/series";
import { NOTHING_WATCHED, type Watched } from "../monitoring/watched";
import { ofContainer, ofPod } from "./example-series";
import { nodeHeap } from "./node-heap";
import { serviceLabels, serviceSeries, type ServiceFigure } from "./recording-rules";
import { FIVE_MINUTES, FOR_SECONDS, about, steps, type WatchedService } from "./watched-parts";

/** For how long what fills up is foreseen, seconds: a working day's half is enough to act. */
const FORESEEN_SECONDS = 4 * 3600;

/** Share of throttled periods from which requests wait for CPU that they may not have. The kubernetes-mixin's CPUThrottlingHigh has it. */
const THROTTLED = 0.25;

/** Alerts of a service's pods. */
export function podAlerts(of: WatchedService): Watched {
  return {
    ...NOTHING_WATCHED,
    alerts: [
      saturated(of),
      eventLoop(of),
      heap(of),
      ...utilization(of, "ServiceCpu", "cpu"),
      ...utilization(of, "ServiceMemory", "memory"),
      throttled(of),
      killed(of),
    ],
  };
}

function saturated(of: WatchedService): Alert {
  return {
    name: "ServiceSaturated",
    tier: "P1",
    labels: serviceLabels(of),
    forSeconds: FIVE_MINUTES,
    windowSeconds: FIVE_MINUTES,
    condition: {
      kind: "threshold",
      values: [serviceSeries(of, "saturation")],
      comparison: ">",
      threshold: of.maxUtilization,
      example: (share) => [{ series: ofPod(of, "http_requests_in_flight"), start: share * of.pod.slots }],
    },
    ...about(
      of,
      [],
      `${of.job} has {{ $value | humanizePercentage }} of its slots busy; beyond ${percent(of.maxUtilization)} requests wait too long.`,
      "Pages become slow, and with more requests they fail.",
    ),
    keys: [`${of.key}.profile.maxUtilization`, `${of.key}.profile.concurrencyPerPod`],
  };
}

function eventLoop(of: WatchedService): Alert {
  const bound = of.budget.responseTimeP95Seconds.target;
  return {
    name: "ServiceEventLoop",
    tier: "P1",
    labels: serviceLabels(of),
    forSeconds: FIVE_MINUTES,
    windowSeconds: 0,
    condition: {
      kind: "threshold",
      values: [serviceSeries(of, "eventLoopLag")],
      comparison: ">",
      threshold: bound,
      example: (seconds) => [{ series: ofPod(of, "nodejs_eventloop_lag_p99_seconds"), start: seconds }],
    },
    ...about(
      of,
      ["responseTimeP95Seconds"],
      `The event loop of a pod of ${of.job} lags {{ $value | humanizeDuration }}, longer than a request may take.`,
      `Nothing on that pod is answered within ${duration(bound)}, its probes neither.`,
    ),
  };
}

function heap(of: WatchedService): Alert {
  const { oldSpaceMiB } = nodeHeap(of.pod.memoryMiB, of.processesPerPod);
  return {
    name: "ServiceHeapGrows",
    tier: "P2",
    labels: serviceLabels(of),
    // Longer than the window: a step, as of a cache that fills, is no growth.
    forSeconds: 5400,
    windowSeconds: 3600,
    condition: {
      kind: "threshold",
      values: [`${serviceSeries(of, "heap")} + ${FORESEEN_SECONDS} * ${serviceSeries(of, "heapGrowth")}`],
      comparison: ">",
      threshold: oldSpaceMiB * 2 ** 20,
      example: (bytes) => [{ series: ofPod(of, "nodejs_heap_size_used_bytes"), start: bytes }],
    },
    ...about(
      of,
      [],
      `The heap of ${of.job} will be full within ${FORESEEN_SECONDS / 3600} hours if it goes on growing.`,
      "None yet. A full heap ends the process, and requests that it works on fail.",
    ),
    keys: [`${of.key}.resources.memoryMiB`],
  };
}

const RESOURCES = {
  cpu: {
    metric: "cpuUtilization",
    text: "CPU that they request",
    impact: "Response times rise before anything fails.",
    windowSeconds: FIVE_MINUTES,
  },
  memory: {
    metric: "memoryUtilization",
    text: "memory that one of them may have",
    impact: "None yet. Beyond the limit the pod is killed, and its requests fail.",
    windowSeconds: 0,
  },
} as const;

function utilization(
  of: WatchedService,
  name: string,
  figure: Extract<ServiceFigure, keyof typeof RESOURCES>,
): Alert[] {
  const { metric, text, impact, windowSeconds } = RESOURCES[figure];
  const example = (share: number): ExampleSeries[] =>
    figure === "cpu"
      ? [
          {
            series: ofContainer(of, "container_cpu_usage_seconds_total"),
            perMinute: share * of.pod.cpuCores * 60,
          },
        ]
      : [
          {
            series: ofContainer(of, "container_memory_working_set_bytes"),
            start: share * of.pod.memoryMiB * 2 ** 20,
          },
        ];
  return steps(of, metric, { warning: "P2", critical: "P1" }).map(({ step, bound, tier }) => ({
    name,
    tier,
    labels: { ...serviceLabels(of), step },
    forSeconds: FOR_SECONDS[step],
    windowSeconds,
    condition: {
      kind: "threshold",
      values: [serviceSeries(of, figure)],
      comparison: ">",
      threshold: bound,
      example,
    },
    ...about(
      of,
      [metric],
      `Pods of ${of.job} use {{ $value | humanizePercentage }} of the ${text}; ${percent(bound)} is ${step}.`,
      impact,
    ),
  }));
}

function throttled(of: WatchedService): Alert {
  const sel = `{${podsOf(of)},container="${of.job}"}`;
  const periods = "container_cpu_cfs_periods_total";
  const without = "container_cpu_cfs_throttled_periods_total";
  return {
    name: "ServiceCpuThrottled",
    tier: "P2",
    labels: serviceLabels(of),
    forSeconds: 900,
    windowSeconds: FIVE_MINUTES,
    condition: {
      kind: "threshold",
      values: [`sum(increase(${without}${sel}[5m])) / sum(increase(${periods}${sel}[5m]))`],
      comparison: ">",
      threshold: THROTTLED,
      example: (share) => [
        { series: ofContainer(of, periods), perMinute: 600 },
        { series: ofContainer(of, without), perMinute: 600 * share },
      ],
    },
    ...about(
      of,
      [],
      `Pods of ${of.job} are kept from CPU in {{ $value | humanizePercentage }} of the kernel's periods.`,
      "Single requests are slow although no pod looks busy.",
    ),
    keys: [`${of.key}.resources.cpuCores`],
  };
}

function killed(of: WatchedService): Alert {
  const sel = `${podsOf(of)},container="${of.job}"`;
  const restarts = "kube_pod_container_status_restarts_total";
  const reason = "kube_pod_container_status_last_terminated_reason";
  const why = { series: ofContainer(of, reason, 'reason="OOMKilled"'), start: 1 };
  return {
    name: "ServiceOutOfMemory",
    tier: "P1",
    labels: serviceLabels(of),
    forSeconds: 0,
    windowSeconds: 900,
    condition: {
      kind: "state",
      expr:
        `sum(increase(${restarts}{${sel}}[15m])` +
        ` and on (namespace, pod, container) ${reason}{${sel},reason="OOMKilled"} == 1) > 0`,
      firing: [{ series: ofContainer(of, restarts), perMinute: 0.2 }, why],
      // It was killed once, long ago.
      silent: [{ series: ofContainer(of, restarts), perMinute: 0 }, why],
    },
    ...about(
      of,
      [],
      `A pod of ${of.job} was killed for the memory that it took.`,
      "Requests that it worked on failed, and fewer pods carry the rest.",
    ),
    keys: [`${of.key}.resources.memoryMiB`],
  };
}
