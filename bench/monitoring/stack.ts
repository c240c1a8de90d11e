/** A stack of many services, and what is watched of it. */
import { planMonitoring, type MonitoringInputs } from "../../plan/plan-monitoring";
import { planStack, type StackPlan } from "../../plan/plan-stack";
import type { Watched } from "../../budget/monitoring/watched";
import { parseStackConfig } from "../../stacks/stack-file/config";
import { shippedText, stackFile } from "../../tests/helpers/stack-file";

export interface ManyServices {
  readonly namespace: string;
  readonly services: readonly string[];
  readonly plan: StackPlan;
  readonly watched: Watched;
}

/** The shipped production stack, with so many services in place of its own, each as its backend is. */
export function manyServices(count: number): ManyServices {
  const { config } = parseStackConfig(stackFile(shippedText("production")));
  if (config === undefined) throw new Error("Pulumi.production.yaml is not sound");
  const shipped: MonitoringInputs = config;
  const plan = planStack(shipped);
  const [input, planned] = [shipped.services["backend"], plan.services["backend"]];
  if (input === undefined || planned === undefined) throw new Error("Pulumi.production.yaml has no backend");
  const { loadBalancer } = shipped;
  const services = Array.from({ length: count }, (_, index) => `service-${index}`);
  const of = <Value>(value: Value): Record<string, Value> =>
    Object.fromEntries(services.map((name) => [name, value]));
  const many: StackPlan = { ...plan, services: of(planned) };
  return {
    namespace: shipped.cluster.namespace,
    services,
    plan: many,
    watched: planMonitoring(
      {
        ...shipped,
        services: of(input),
        // The proxy passes on to one of them.
        loadBalancer: loadBalancer && { ...loadBalancer, service: services[0] ?? "" },
      },
      many,
    ),
  };
}
