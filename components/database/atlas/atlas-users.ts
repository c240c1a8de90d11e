import { CustomDbRole, type CustomDbRoleArgs } from "@pulumi/mongodbatlas/customDbRole";
import { DatabaseUser, type DatabaseUserArgs } from "@pulumi/mongodbatlas/databaseUser";
import type { CustomDbRoleAction } from "@pulumi/mongodbatlas/types/input";
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { livingGenerations, ofGeneration, userOfGeneration } from "../../shared/generations";
import { transformed, type Transform } from "../../shared/transform";

/** What the data-model Job does to the application's database: collections, indexes, their options, the profiler. */
const DATA_MODEL_ACTIONS = [
  "LIST_COLLECTIONS",
  "CREATE_COLLECTION",
  "COLL_MOD",
  "LIST_INDEXES",
  "CREATE_INDEX",
  "DROP_INDEX",
  "ENABLE_PROFILER",
  "ENABLE_SHARDING",
] as const;

/** Privileges of the data-model Job. It reads no document, and drops no collection. */
export function dataModelActions(database: string): CustomDbRoleAction[] {
  return [
    ...DATA_MODEL_ACTIONS.map((action) => ({
      action,
      resources: [{ databaseName: database, collectionName: "" }],
    })),
    // By what keys collections are sharded already.
    { action: "FIND", resources: [{ databaseName: "config", collectionName: "collections" }] },
  ];
}

/** A user of the cluster, and its password. */
export interface AtlasUser {
  readonly username: string;
  readonly password: pulumi.Output<string>;
  readonly user: DatabaseUser;
}

/** Children that a caller may change. */
export interface AtlasUserTransforms {
  readonly user?: Transform<DatabaseUserArgs>;
  readonly password?: Transform<random.RandomPasswordArgs>;
  readonly role?: Transform<CustomDbRoleArgs>;
}

/** Whose users they are. */
export interface AtlasUsersArgs {
  readonly projectId: pulumi.Input<string>;
  readonly clusterName: string;
  /** The application's database. */
  readonly database: string;
  readonly passwordGeneration: number;
  readonly transform?: AtlasUserTransforms | undefined;
}

export interface AtlasUsers {
  /** Reads and writes documents of one database. */
  readonly application: AtlasUser;
  /** Keeps indexes, shard keys and the profiler of one database. */
  readonly dataModel: AtlasUser;
}

/**
 * The users of a cluster with generated passwords of this generation, and those of the one before. Users and roles are the
 * project's, so they are called after the cluster, and may sign in to that one only.
 */
export function createAtlasUsers(
  name: string,
  { projectId, clusterName, database, passwordGeneration, transform = {} }: AtlasUsersArgs,
  child: pulumi.CustomResourceOptions,
): AtlasUsers {
  const createOne = (base: string, generation: number, roles: DatabaseUserArgs["roles"]): AtlasUser => {
    const suffix = userOfGeneration(base, generation);
    const username = `${clusterName}-${suffix}`;
    // Letters and digits only: a connection string needs no quoting then. 40 of them are 238 bits.
    const password = new random.RandomPassword(
      ...transformed<random.RandomPasswordArgs>(
        transform.password,
        ofGeneration(`${name}-${base}-password`, generation),
        { length: 40, special: false },
        child,
      ),
    ).result;
    const user = new DatabaseUser(
      ...transformed<DatabaseUserArgs>(
        transform.user,
        `${name}-${suffix}-user`,
        {
          projectId,
          username,
          password,
          authDatabaseName: "admin",
          roles,
          scopes: [{ name: clusterName, type: "CLUSTER" }],
        },
        child,
      ),
    );
    return { username, password, user };
  };
  const create = (base: string, roles: DatabaseUserArgs["roles"]): AtlasUser => {
    const [current, ...former] = livingGenerations(passwordGeneration);
    for (const generation of former) createOne(base, generation, roles);
    return createOne(base, current, roles);
  };
  const role = new CustomDbRole(
    ...transformed<CustomDbRoleArgs>(
      transform.role,
      `${name}-data-model-role`,
      { projectId, roleName: `${clusterName}-data-model`, actions: dataModelActions(database) },
      child,
    ),
  );
  return {
    application: create("application", [{ roleName: "readWrite", databaseName: database }]),
    dataModel: create("data-model", [{ roleName: role.roleName, databaseName: "admin" }]),
  };
}
