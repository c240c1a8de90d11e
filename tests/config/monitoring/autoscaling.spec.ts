import { watchAutoscalers, watchNamespace } from "../../../budget/autoscaling/watched";
import { together } from "../../../budget/monitoring/watched";
import { describeAlerts } from "../../helpers/alert-tests";

describeAlerts(
  "alerts of autoscaling",
  together([
    watchAutoscalers({
      namespace: "retrofitlink",
      workloads: [
        { name: "backend", min: 4, max: 14, forecast: "on" },
        { name: "matching", min: 2, max: 2 },
      ],
    }),
    watchNamespace("retrofitlink", true),
  ]),
);
