/** A service of a stack as it is replayed: planned numbers, rendered objects. */
import { DEFAULT_REACTION } from "../../budget/service/capacity";
import { own } from "../../budget/core/own";
import { serviceTime } from "../../budget/service/service-time";
import { UserError } from "../../cli/user-error";
import { planServices, type PlannedService } from "../../plan/plan-stack";
import type { ServiceConfig, StackConfig } from "../../stacks/stack-file/config";
import { serviceModels } from "../plan/scenarios";
import { serviceObjects, type ServiceObjects } from "./objects";
import { renderedObjects, type Manifest } from "./rendered";
import type { ReplayService } from "./service";

export interface StackService {
  readonly service: ReplayService;
  readonly objects: ServiceObjects;
  /** Labels of its series. */
  readonly labels: Readonly<Record<string, string>>;
}

/** @throws UserError when the stack has no such service */
export async function stackService(config: StackConfig, name: string): Promise<StackService> {
  return plannedService(config, name, await renderedObjects(config));
}

export function plannedService(
  config: StackConfig,
  name: string,
  manifests: readonly Manifest[],
): StackService {
  const input = own(config.services, name);
  const model = serviceModels(config).find((one) => one.name === name);
  if (input === undefined || model === undefined) {
    throw new UserError(
      `the stack has no service "${name}"`,
      `name one of it: SERVICE=${Object.keys(config.services).join("|")}`,
    );
  }
  const objects = serviceObjects(manifests, name);
  const { balancing, promised, zones } = model.scenario;
  const isProxied = balancing.kind === "least-connections";
  const service: ReplayService = {
    name,
    slots: model.pod.slots,
    time: serviceTime(input.profile),
    balancing: isProxied ? "least-connections" : "per-connection",
    promised,
    cpuSecondsPerRequest: model.pod.cpuSecondsPerRequest,
    cpuCores: objects.cpuCores ?? model.pod.cpuCores,
    memoryMiB: objects.memoryMiB ?? input.resources.memoryMiB,
    usableCores: model.pod.usableCores,
    schedulingSeconds: DEFAULT_REACTION.schedulingSeconds,
    warmUpSeconds: input.profile.warmUpSeconds,
    zones,
    mostPerPod: isProxied ? balancing.proxies * balancing.maxConnections : Infinity,
    answerSeconds: balancing.answerSeconds,
    maxUnavailable: objects.maxUnavailable,
    rollout: objects.rollout,
    baseRps: input.demand.baseRps,
    peakRps: input.demand.peakRps,
    maxUtilization: input.profile.maxUtilization,
    ...foreseen(config, name),
  };
  return { service, objects, labels: labelsOf(name, objects.namespace) };
}

/** A service planned with a forecast of its requests/s, whether the stack has one or not. */
function planned(config: StackConfig, name: string, change: Partial<ServiceConfig> = {}): PlannedService {
  const input = own(config.services, name);
  if (input === undefined) throw new RangeError(`there is no service ${name}`);
  const { autoscaling = {} } = input;
  const driven: ServiceConfig = {
    ...input,
    ...change,
    autoscaling: {
      ...autoscaling,
      kind: "keda",
      signal: "requests-per-second",
      forecast: { ...autoscaling.forecast, mode: "on" },
    },
  };
  const found = own(planServices({ ...config, services: { ...config.services, [name]: driven } }), name);
  if (found === undefined) throw new RangeError(`nothing is planned of ${name}`);
  return found;
}

function foreseen(config: StackConfig, name: string): Pick<ReplayService, "busy" | "horizonSeconds"> {
  const { plan, autoscaling } = planned(config, name);
  return {
    busy: plan.numbers.busy.value,
    horizonSeconds: Number(autoscaling.plan.numbers["horizon"]?.value),
  };
}

/** The most that `margin` of a stack file may be, and in how many steps of a thousandth it is looked for. */
const MOST_MARGIN = 10;

/** @returns the least margin with which the plan has so many pods at most; undefined where it has with any, or with none */
export function marginFor(config: StackConfig, name: string, max: number): number | undefined {
  const most = (margin: number): number => planned(config, name, { margin }).plan.numbers.max.value;
  let [low, high] = [0, 1000 * MOST_MARGIN];
  if (most(0) >= max || most(MOST_MARGIN) < max) return undefined;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (most(middle / 1000) >= max) high = middle;
    else low = middle;
  }
  return high / 1000;
}

/** What a selector of the service may ask for, besides the pod. */
export function labelsOf(name: string, namespace: string): Readonly<Record<string, string>> {
  return { namespace, service: name, job: name, app: name, container: name };
}
