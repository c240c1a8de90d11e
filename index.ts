import { readStackConfig } from "./stacks/stack-file/config";
import { refuseOldCluster } from "./stacks/kubernetes-version";
import { createPlatform } from "./stacks/platform";
import { cacheStackFrames } from "./stacks/stack-traces";

// The SDK takes a stack trace for every promise it makes. Three frames still name the line of a mistake, and cost a third
// less time than ten: 8 s of 21 s for a thousand services.
Error.stackTraceLimit = 3;
cacheStackFrames();

const config = readStackConfig();
// Its refusal ends the program, and is not waited for by what has nothing to do with it.
void refuseOldCluster(config.cluster.kubeContext);

const platform = createPlatform(config);

export const { namespace, services, caches } = platform;

// What a stack does not have is said so: the engine warns of an output without a value at every run.
export const database = platform.database ?? "none";
export const loadBalancer = platform.loadBalancer ?? "none";
export const publicLoadBalancer = platform.publicLoadBalancer ?? "none";
export const cdn = platform.cdn ?? "none";
export const prometheusRules = platform.prometheusRules ?? "none";
