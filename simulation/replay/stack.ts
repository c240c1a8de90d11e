/** A service of a stack as it is replayed: planned numbers, rendered objects. */
import { DEFAULT_REACTION } from "../../budget/service/capacity";
import { own } from "../../budget/core/own";
import { serviceTime } from "../../budget/service/service-time";
import { UserError } from "../../cli/user-error";
import type { StackConfig } from "../../stacks/stack-file/config";
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
    baseRps: input.demand.baseRps,
    peakRps: input.demand.peakRps,
    maxUtilization: input.profile.maxUtilization,
  };
  return { service, objects, labels: labelsOf(name, objects.namespace) };
}

/** What a selector of the service may ask for, besides the pod. */
export function labelsOf(name: string, namespace: string): Readonly<Record<string, string>> {
  return { namespace, service: name, job: name, app: name, container: name };
}
