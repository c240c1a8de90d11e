/** What is watched of a service's pods: slots, event loop, heap, CPU and memory. Causes, which users do not feel yet. */
import type { Alert, ExampleSeries } from "../monitoring/alert";
import { matchers } from "../monitoring/series";
import { SERVICE } from "../monitoring/told";
import { ofContainer, ofPod } from "./example-series";
import { ofContainers, perService, serviceSeries, type ServiceFigure } from "./recording-rules";
import {
  FIVE_MINUTES,
  FOR_SECONDS,
  about,
  figureOf,
  keyOf,
  ofPlan,
  stepOf,
  steps,
  toldFigure,
  toldTarget,
  type WatchedServices,
} from "./watched-parts";

/** For how long what fills up is foreseen, seconds: a working day's half is enough to act. */
const FORESEEN_SECONDS = 4 * 3600;

/** Share of throttled periods from which requests wait for CPU that they may not have. The kubernetes-mixin's CPUThrottlingHigh has it. */
const THROTTLED = 0.25;

/** Alerts of services' pods. */
export function podAlerts(of: WatchedServices): Alert[] {
  return [
    saturated(of),
    eventLoop(of),
    heap(of),
    ...utilization(of, "ServiceCpu", "cpu"),
    ...utilization(of, "ServiceMemory", "memory"),
    throttled(of),
    killed(of),
  ];
}

function saturated(of: WatchedServices): Alert {
  const [first] = of.services;
  return {
    name: "ServiceSaturated",
    tier: "P1",
    forSeconds: FIVE_MINUTES,
    windowSeconds: FIVE_MINUTES,
    condition: {
      kind: "threshold",
      values: [serviceSeries(of.namespace, "saturation")],
      comparison: ">",
      ...figureOf(of, "maxUtilization"),
      example: (share) => [
        { series: ofPod(first, "http_requests_in_flight"), start: share * first.pod.slots },
      ],
    },
    ...about(
      [],
      `${SERVICE} has {{ $value | humanizePercentage }} of its slots busy; beyond ${toldFigure("maxUtilization", "humanizePercentage")} requests wait too long.`,
      "Pages become slow, and with more requests they fail.",
    ),
    keys: [keyOf("profile.maxUtilization"), keyOf("profile.concurrencyPerPod")],
  };
}

function eventLoop(of: WatchedServices): Alert {
  return {
    name: "ServiceEventLoop",
    tier: "P1",
    forSeconds: FIVE_MINUTES,
    windowSeconds: 0,
    condition: {
      kind: "threshold",
      values: [serviceSeries(of.namespace, "eventLoopLag")],
      comparison: ">",
      ...stepOf(of, "responseTimeP95Seconds", "target"),
      example: (seconds) => [
        { series: ofPod(of.services[0], "nodejs_eventloop_lag_p99_seconds"), start: seconds },
      ],
    },
    ...about(
      ["responseTimeP95Seconds"],
      `The event loop of a pod of ${SERVICE} lags {{ $value | humanizeDuration }}, longer than a request may take.`,
      `Nothing on that pod is answered within ${toldTarget("responseTimeP95Seconds", "target", "humanizeDuration")}, its probes neither.`,
    ),
  };
}

function heap(of: WatchedServices): Alert {
  const { namespace } = of;
  return {
    name: "ServiceHeapGrows",
    tier: "P2",
    // Longer than the window: a step, as of a cache that fills, is no growth.
    forSeconds: 5400,
    windowSeconds: 3600,
    condition: {
      kind: "threshold",
      values: [
        perService(
          serviceSeries(namespace, "heap"),
          "+",
          `(${FORESEEN_SECONDS} * ${serviceSeries(namespace, "heapGrowth")})`,
        ),
      ],
      comparison: ">",
      ...figureOf(of, "heapBytes"),
      example: (bytes) => [{ series: ofPod(of.services[0], "nodejs_heap_size_used_bytes"), start: bytes }],
    },
    ...about(
      [],
      `The heap of ${SERVICE} will be full within ${FORESEEN_SECONDS / 3600} hours if it goes on growing.`,
      "None yet. A full heap ends the process, and requests that it works on fail.",
    ),
    keys: [keyOf("resources.memoryMiB")],
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
  of: WatchedServices,
  name: string,
  figure: Extract<ServiceFigure, keyof typeof RESOURCES>,
): Alert[] {
  const { metric, text, impact, windowSeconds } = RESOURCES[figure];
  const [first] = of.services;
  const { cpuCores, memoryMiB } = first.pod;
  const example = (share: number): ExampleSeries[] =>
    figure === "cpu"
      ? [
          {
            series: ofContainer(first, "container_cpu_usage_seconds_total"),
            perMinute: share * cpuCores * 60,
          },
        ]
      : [
          {
            series: ofContainer(first, "container_memory_working_set_bytes"),
            start: share * memoryMiB * 2 ** 20,
          },
        ];
  return steps({ warning: "P2", critical: "P1" }).map(({ step, tier }) => ({
    name,
    tier,
    labels: { step },
    forSeconds: FOR_SECONDS[step],
    windowSeconds,
    condition: {
      kind: "threshold",
      values: [serviceSeries(of.namespace, figure)],
      comparison: ">",
      ...stepOf(of, metric, step),
      example,
    },
    ...about(
      [metric],
      `Pods of ${SERVICE} use {{ $value | humanizePercentage }} of the ${text}; ${toldTarget(metric, step, "humanizePercentage")} is ${step}.`,
      impact,
    ),
  }));
}

function throttled(of: WatchedServices): Alert {
  const {
    namespace,
    services: [first],
  } = of;
  const sel = `${matchers({ namespace })},container!=""`;
  const periods = "container_cpu_cfs_periods_total";
  const without = "container_cpu_cfs_throttled_periods_total";
  const grown = (metric: string): string => ofContainers("sum", `increase(${metric}{${sel}}[5m])`);
  return {
    name: "ServiceCpuThrottled",
    tier: "P2",
    forSeconds: 900,
    windowSeconds: FIVE_MINUTES,
    condition: {
      kind: "threshold",
      values: [ofPlan(namespace, `(${grown(without)} / ${grown(periods)})`)],
      comparison: ">",
      threshold: THROTTLED,
      example: (share) => [
        { series: ofContainer(first, periods), perMinute: 600 },
        { series: ofContainer(first, without), perMinute: 600 * share },
      ],
    },
    ...about(
      [],
      `Pods of ${SERVICE} are kept from CPU in {{ $value | humanizePercentage }} of the kernel's periods.`,
      "Single requests are slow although no pod looks busy.",
    ),
    keys: [keyOf("resources.cpuCores")],
  };
}

function killed(of: WatchedServices): Alert {
  const {
    namespace,
    services: [first],
  } = of;
  const sel = matchers({ namespace });
  const restarts = "kube_pod_container_status_restarts_total";
  const reason = "kube_pod_container_status_last_terminated_reason";
  const why = { series: ofContainer(first, reason, 'reason="OOMKilled"'), start: 1 };
  const both =
    `increase(${restarts}{${sel}}[15m])` +
    ` and on (namespace, pod, container) ${reason}{${sel},reason="OOMKilled"} == 1`;
  return {
    name: "ServiceOutOfMemory",
    tier: "P1",
    forSeconds: 0,
    windowSeconds: 900,
    condition: {
      kind: "state",
      expr: ofPlan(namespace, `(${ofContainers("sum", both)} > 0)`),
      firing: [{ series: ofContainer(first, restarts), perMinute: 0.2 }, why],
      // It was killed once, long ago.
      silent: [{ series: ofContainer(first, restarts), perMinute: 0 }, why],
    },
    ...about(
      [],
      `A pod of ${SERVICE} was killed for the memory that it took.`,
      "Requests that it worked on failed, and fewer pods carry the rest.",
    ),
    keys: [keyOf("resources.memoryMiB")],
  };
}
