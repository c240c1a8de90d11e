/** What one replay is of. */
import type { Autoscaler } from "./controller";
import type { Script } from "./faults";
import type { ReplayService, ResponseTimes } from "./service";
import type { Trace } from "./trace";

export interface Replay {
  readonly service: ReplayService;
  readonly autoscaler: Autoscaler;
  readonly trace: Trace;
  readonly script: Script;
  /** Labels of the service's series. */
  readonly labels: Readonly<Record<string, string>>;
  /** 0 is the load as it is; another number lets requests come by chance, and shifts the clocks. */
  readonly seed: number;
  /** What comes before is not judged, seconds. */
  readonly judgedFrom: number;
  /** Remembered between replays of the same service. */
  readonly times?: ResponseTimes;
  /** @default true; false leaves out what only a picture needs */
  readonly pictured?: boolean;
}
