/** Which services of a stack are reached through its proxy, and what all of them have in front of them. */
import { own } from "../budget/core/own";
import { chainBehind, longestChain, timeoutChain, type TimeoutChain } from "../budget/timeouts/timeouts";
import type { StackInputs } from "./stack-inputs";

/** What decides it. */
export interface PublicInputs {
  readonly services: Readonly<
    Record<string, { readonly maxRequestSeconds: number; readonly public?: object | undefined }>
  >;
  readonly loadBalancer?: { readonly service: string } | undefined;
  readonly cluster: Pick<StackInputs["cluster"], "cloud">;
  readonly cdn?: Pick<NonNullable<StackInputs["cdn"]>, "provider"> | undefined;
}

/** Names of the public services, that of the proxy itself first. None without a proxy. */
export function publicServices({
  services,
  loadBalancer,
}: Pick<PublicInputs, "services" | "loadBalancer">): string[] {
  if (loadBalancer === undefined || own(services, loadBalancer.service) === undefined) return [];
  const { service: first } = loadBalancer;
  const others = Object.entries(services).filter(
    ([name, service]) => name !== first && service.public !== undefined,
  );
  return [first, ...others.map(([name]) => name)];
}

/** What is in front of all of them waits as the one with the longest request needs it. Undefined without a proxy. */
export function frontChain(inputs: PublicInputs): TimeoutChain | undefined {
  const { cluster, cdn, services } = inputs;
  const [first, ...others] = publicServices(inputs).flatMap((name) => {
    const service = own(services, name);
    if (service === undefined) return [];
    const { maxRequestSeconds } = service;
    return [timeoutChain({ maxRequestSeconds, cloud: cluster.cloud, cdn: cdn?.provider ?? "none" })];
  });
  return first === undefined ? undefined : longestChain(first, ...others);
}

/** The chain to a public service. @param front of all of them */
export function chainThrough(
  { cluster, cdn }: Pick<PublicInputs, "cluster" | "cdn">,
  front: TimeoutChain,
  maxRequestSeconds: number,
): TimeoutChain {
  return chainBehind(
    front,
    timeoutChain({ maxRequestSeconds, cloud: cluster.cloud, cdn: cdn?.provider ?? "none" }),
  );
}
