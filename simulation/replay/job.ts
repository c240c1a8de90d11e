/** One replay as a worker is told of it: everything plain, so that it can be sent. */
import { plannedAutoscaler, type MethodSpec } from "./method-spec";
import { replay } from "./replay";
import type { ReplayResult } from "./recorder";
import { ResponseTimes } from "./service";
import type { Script } from "./faults";
import type { Manifest } from "./rendered";
import type { ReplayService } from "./service";
import type { Trace } from "./trace";

/** What all jobs of a worker have in common. */
export interface JobContext {
  readonly service: ReplayService;
  readonly labels: Readonly<Record<string, string>>;
  /** Rendered objects, as far as they are about scaling. */
  readonly manifests: readonly Manifest[];
  readonly traces: readonly Trace[];
  readonly script: Script;
  /** Seconds. */
  readonly judgedFrom: number;
}

export interface Job {
  /** Index among the traces. */
  readonly trace: number;
  readonly method: MethodSpec;
  readonly seed: number;
  readonly pictured: boolean;
  /** Room that is kept, pods. @default that of the script */
  readonly headroomPods?: number;
}

/** @returns what runs a job, and remembers response times between jobs */
export function jobRunner(context: JobContext): (job: Job) => ReplayResult {
  const { service, labels, manifests, traces, script, judgedFrom } = context;
  const times = new ResponseTimes(service);
  return ({ trace: index, method, seed, pictured, headroomPods = script.nodes.headroomPods }) => {
    const trace = traces[index];
    if (trace === undefined) throw new RangeError(`there is no trace ${index}`);
    const autoscaler = plannedAutoscaler(method, service, manifests, script);
    const told = { ...script, nodes: { ...script.nodes, headroomPods } };
    return replay({ service, autoscaler, trace, script: told, labels, seed, judgedFrom, times, pictured });
  };
}
