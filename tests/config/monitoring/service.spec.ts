import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import { watchService } from "../../../budget/service/watched";
import { describeAlerts } from "../../helpers/alert-tests";

describeAlerts(
  "alerts of a service",
  watchService({
    namespace: "retrofitlink",
    job: "backend",
    budget: DEFAULT_BUDGET,
    pod: { slots: 8, cpuCores: 1, memoryMiB: 1024 },
    processesPerPod: 1,
    maxUtilization: 0.75,
    baseRps: 600,
    key: "retrofitlink:services.backend",
  }),
  // Windows of days are those of slo.spec.ts: here they would take minutes.
  ({ windowSeconds }) => windowSeconds < 86_400,
);
