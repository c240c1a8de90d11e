/** What is known of the CPU of pods: samples of the kubelets, and what metrics-server makes of them. */
import type { Pod } from "../fleet/pod";

export interface MetricsSettings {
  /** Between two rounds of metrics-server, and so the window over which CPU is averaged, seconds. */
  readonly resolutionSeconds: number;
  /** Age of what a kubelet answers with, seconds. */
  readonly kubeletSeconds: number;
}

/** metrics-server's `--metric-resolution`; a kubelet refreshes what it knows of a container every 10 s or so. */
export const METRICS_DEFAULTS: MetricsSettings = { resolutionSeconds: 15, kubeletSeconds: 5 };

interface Sample {
  readonly at: number;
  readonly slotSeconds: number;
}

export class MetricsServer {
  private sampled = new Map<Pod, Sample>();
  private known = new Map<Pod, { milliCores: number; at: number }>();

  /** @param milliCoresPerSlot CPU that a busy slot takes. @param mostMilliCores what its processes can use */
  constructor(
    private readonly milliCoresPerSlot: number,
    private readonly mostMilliCores: number,
  ) {}

  /** Asks every kubelet that answers. */
  sample(pods: readonly Pod[], now: number): () => void {
    const sampled = new Map<Pod, Sample>();
    const known = new Map<Pod, { milliCores: number; at: number }>();
    for (const pod of pods) {
      if (pod.state === "lost") continue;
      const sample = { at: now, slotSeconds: pod.worked(now) };
      const before = this.sampled.get(pod);
      sampled.set(pod, sample);
      if (before === undefined) continue;
      const slots = (sample.slotSeconds - before.slotSeconds) / (now - before.at);
      const milliCores = Math.min(this.mostMilliCores, slots * this.milliCoresPerSlot);
      known.set(pod, { milliCores: Math.round(milliCores), at: now });
    }
    this.sampled = sampled;
    // Answers are there a little later.
    return () => {
      this.known = known;
    };
  }

  of(pod: Pod): { readonly milliCores: number; readonly at: number } | undefined {
    return this.known.get(pod);
  }
}
