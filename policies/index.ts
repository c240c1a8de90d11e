import { PolicyPack } from "@pulumi/policy";

import { cacheConnectionsWithinLimits } from "./cache-connections-within-limits";
import { containerResourcesBounded } from "./container-resources-bounded";
import { databaseConnectionsWithinLimits } from "./database-connections-within-limits";
import { observe } from "./observe";
import { notProvable, waiversInUse } from "./open-points";
import { replicasKeepResponseTime } from "./replicas-keep-response-time";

// The order counts: first what the others need to know, last what they left open.
new PolicyPack("retrofitlink-performance", {
  policies: [
    observe,
    containerResourcesBounded,
    replicasKeepResponseTime,
    cacheConnectionsWithinLimits,
    databaseConnectionsWithinLimits,
    waiversInUse,
    notProvable,
  ],
});
