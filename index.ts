import * as pulumi from "@pulumi/pulumi";

import { notBuiltYet, readStackConfig } from "./stacks/config";
import { createPlatform } from "./stacks/platform";

const config = readStackConfig();
for (const { key, message } of notBuiltYet(config)) void pulumi.log.warn(`${key}: ${message}`);

export const { namespace, services, caches, loadBalancer } = createPlatform(config);
