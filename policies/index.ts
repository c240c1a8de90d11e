import { PolicyPack } from "@pulumi/policy";

import { cacheConnectionsWithinLimits } from "./cache-connections-within-limits";
import { containerResourcesBounded } from "./container-resources-bounded";
import { databaseConnectionsWithinLimits } from "./database-connections-within-limits";
import { objectsEqualPlan, plannedObjectsExist } from "./objects-equal-plan";
import { observe } from "./observe";
import { notProvable, waiversInUse } from "./open-points";
import { proofPolicies } from "./proofs";

// The order counts: first what the others need to know, last what they left open.
new PolicyPack("retrofitlink-performance", {
  policies: [
    observe,
    containerResourcesBounded,
    ...proofPolicies,
    objectsEqualPlan,
    cacheConnectionsWithinLimits,
    databaseConnectionsWithinLimits,
    plannedObjectsExist,
    waiversInUse,
    notProvable,
  ],
});
