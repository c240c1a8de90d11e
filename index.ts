import * as pulumi from "@pulumi/pulumi";

import { notBuiltYet, readStackConfig } from "./stacks/config";
import { createPlatform } from "./stacks/platform";

// The SDK takes a stack trace for every promise it makes. Three frames still name the line of a mistake, and cost a third
// less time than ten: 8 s of 21 s for a thousand services.
Error.stackTraceLimit = 3;

const config = readStackConfig();
for (const { key, message } of notBuiltYet(config)) void pulumi.log.warn(`${key}: ${message}`);

export const { namespace, services, caches, database, loadBalancer, cdn } = createPlatform(config);
