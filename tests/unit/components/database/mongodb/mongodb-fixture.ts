import assert from "node:assert/strict";

import {
  MongoDbCluster,
  type MongoDbClusterArgs,
} from "../../../../../components/database/mongodb/mongodb-cluster";
import { record, type RecordedResource } from "../../../../helpers/pulumi";
import { clusterArgs } from "../fixtures";

export const RESOURCES = [
  "kubernetes:core/v1:Secret mongodb-application",
  "kubernetes:core/v1:Secret mongodb-users",
  "kubernetes:helm.sh/v3:Release mongodb-operator",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy mongodb-network-policy",
  "kubernetes:psmdb.percona.com/v1:PerconaServerMongoDB mongodb-cluster",
  "random:index/randomPassword:RandomPassword mongodb-application-password",
  "random:index/randomPassword:RandomPassword mongodb-backup-password",
  "random:index/randomPassword:RandomPassword mongodb-clusterAdmin-password",
  "random:index/randomPassword:RandomPassword mongodb-clusterMonitor-password",
  "random:index/randomPassword:RandomPassword mongodb-data-model-password",
  "random:index/randomPassword:RandomPassword mongodb-databaseAdmin-password",
  "random:index/randomPassword:RandomPassword mongodb-userAdmin-password",
  "retrofitlink:database:MongoDbCluster mongodb",
];

export function build(change: Partial<MongoDbClusterArgs> = {}, options = {}): ReturnType<typeof record> {
  return record(() => new MongoDbCluster("mongodb", { ...clusterArgs, ...change }), options);
}

export const named = (resources: readonly RecordedResource[], name: string): RecordedResource => {
  const found = resources.find((resource) => resource.name === name);
  assert.ok(found !== undefined, name);
  return found;
};

export function secretOf({ inputs }: RecordedResource): unknown {
  return (inputs["stringData"] as { value: unknown }).value;
}
