import { watchAutoscaler, watchNamespace } from "../../../budget/autoscaling/watched";
import { together } from "../../../budget/monitoring/watched";
import { describeAlerts } from "../../helpers/alert-tests";

describeAlerts(
  "alerts of autoscaling",
  together([
    watchAutoscaler({
      namespace: "retrofitlink",
      name: "backend",
      min: 4,
      max: 14,
      forecast: "on",
      key: "retrofitlink:services.backend",
    }),
    watchNamespace("retrofitlink", true),
  ]),
);
