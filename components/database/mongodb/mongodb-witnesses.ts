/** What the PerconaServerMongoDB object has to hold so that the proofs are about what runs. */
import type { Witness } from "../../../budget/core/witness";
import { VOTERS } from "../../../budget/database/mongodb";
import type { DatabaseNumbers } from "../../../budget/database/plan";
import type { MongoDbSettings } from "./mongodb-cluster-args";
import { shardNames } from "./percona-resource";

const TYPE = "kubernetes:psmdb.percona.com/v1:PerconaServerMongoDB";

type At = (at: readonly string[], is: Witness["is"]) => Witness;

/** @param name of the component, after which its children are called */
export function mongoDbWitnesses(
  name: string,
  { shards, readReplicas, cpuCores, routers }: MongoDbSettings,
  numbers: DatabaseNumbers,
): Witness[] {
  const of: At = (at, is) => ({ type: TYPE, name: `${name}-cluster`, at: ["spec", ...at], is });
  const member = (at: readonly string[]): Witness[] => [
    ...container(of, at, cpuCores, `${numbers.memory.value}Gi`),
    of([...at, ...VOLUME], `${numbers.storage.value}Gi`),
    line(of, at, `maxIncomingConnections: ${numbers.memberConnections.value}`),
  ];
  const config = ["sharding", "configsvrReplSet"];
  const mongos = ["sharding", "mongos"];
  return [
    ...shardNames(shards).flatMap((shard) => [
      of(["replsets", shard, "size"], VOTERS),
      of(["replsets", shard, ...CACHE_RATIO], numbers.cacheRatio.value),
      ...member(["replsets", shard]),
      of(["replsets", shard, "nonvoting", "size"], readReplicas),
      ...(readReplicas === 0 ? [] : member(["replsets", shard, "nonvoting"])),
    ]),
    of([...config, "size"], VOTERS),
    of([...config, ...CACHE_RATIO], numbers.configServerCacheRatio.value),
    of([...config, "resources", "limits", "memory"], `${numbers.configServerMemory.value}Gi`),
    of([...config, ...VOLUME], `${numbers.configServerStorage.value}Gi`),
    line(of, config, `maxIncomingConnections: ${numbers.memberConnections.value}`),
    of([...mongos, "size"], numbers.routers.value),
    ...container(of, mongos, routers.cpuCores, `${numbers.routerMemory.value * 1024}Mi`),
    line(of, mongos, `maxIncomingConnections: ${numbers.maxClients.value}`),
    line(of, mongos, `ShardingTaskExecutorPoolMaxSize: ${numbers.routerPool.value}`),
    line(of, mongos, "taskExecutorPoolSize: 1"),
  ];
}

const CACHE_RATIO = ["storage", "wiredTiger", "engineConfig", "cacheSizeRatio"];
const VOLUME = ["volumeSpec", "persistentVolumeClaim", "resources", "requests", "storage"];

function container(of: At, at: readonly string[], cpuCores: number, memory: string): Witness[] {
  return [
    of([...at, "resources", "limits", "cpu"], `${cpuCores}`),
    of([...at, "resources", "limits", "memory"], memory),
  ];
}

function line(of: At, at: readonly string[], is: string): Witness {
  return of([...at, "configuration"], { line: is });
}
