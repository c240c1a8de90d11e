import { createPlatform } from "../../stacks/platform";
import { serviceCount, stackOf } from "./workload";

// As in index.ts.
Error.stackTraceLimit = 3;

createPlatform(stackOf(serviceCount()));
