import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import { watchAddress, watchProxy } from "../../../budget/load-balancing/watched";
import { workloadName } from "../../../budget/load-balancing/proxy";
import { together } from "../../../budget/monitoring/watched";
import { describeAlerts } from "../../helpers/alert-tests";

for (const proxy of ["nginx", "haproxy"] as const) {
  const namespace = "retrofitlink";
  describeAlerts(
    `alerts of ${proxy}, of the public address and of its certificate`,
    together([
      watchProxy({
        namespace,
        job: workloadName(proxy),
        proxy,
        services: [{ name: "backend", budget: DEFAULT_BUDGET }],
        clientsPerPod: 4096,
      }),
      watchAddress({ namespace, tls: true }),
    ]),
    // Windows of days are those of slo.spec.ts.
    ({ windowSeconds }) => windowSeconds < 86_400,
  );
}
