/** One service: replicas, autoscaler target, probes, drain and timeouts follow from what it is expected to meet. */
import { ElasticService } from "../../components/workload";

const quotes = new ElasticService("quotes", {
  image: "registry.example.com/quotes:1.4.2",
  demand: { baseRps: 200, peakRps: 1500, growthPerMinute: 0.2 },
  // Of a load test of one pod.
  profile: { serviceTimeSeconds: 0.02, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 8 },
  resources: { cpuCores: 0.5, memoryMiB: 512 },
  // What is promised differently than by default.
  budget: { responseTimeP95Seconds: { target: 0.1 } },
  // Any child can be changed; what a proof counts on is compared by the policy pack.
  transform: { service: { metadata: { annotations: { team: "pricing" } } } },
});

export const url = quotes.url;
export const { replicas } = quotes;
