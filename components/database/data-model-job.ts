import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES, type DataModelSummary } from "../../budget/summaries";
import { commonLabels, restrictedContainer, restrictedPod } from "../shared/kubernetes";
import { refuse, type Problem } from "../shared/problems";
import { checksum } from "../shared/checksum";
import { transformed, type Transform } from "../shared/transform";
import { IMAGES } from "../shared/versions";
import { CA_FILE, DATABASE, type DatabaseEndpoint } from "./database-endpoint";
import { CATALOGUE } from "./data-model/catalogue";
import { dataModelProblems } from "./data-model/checks";
import type { Collection } from "./data-model/collection";
import { jobInput, jobScript } from "./data-model/job-input";

/** Arguments of `DataModelJob`. */
export interface DataModelJobArgs {
  /** Path in the stack file that the arguments come from: `retrofitlink:database`. */
  readonly configKey: string;
  readonly namespace: string;
  readonly endpoint: DatabaseEndpoint;
  /** Shard the collections by their keys. */
  readonly sharded: boolean;
  /** A query that takes longer is written down by the server, milliseconds. */
  readonly slowMs: number;
  /** Drop indexes that the catalogue does not have, and rebuild those that changed. @default false */
  readonly allowDrops?: boolean;
  /** @default the catalogue of this platform */
  readonly catalogue?: readonly Collection[];
  readonly transform?: {
    readonly config?: Transform<k8s.core.v1.ConfigMapArgs>;
    readonly job?: Transform<k8s.batch.v1.JobArgs>;
  };
}

const FILES = { script: "apply-data-model.js", model: "data-model.json" } as const;
const FOLDER = "/data-model";

const CONTAINER = "apply";

/** How the script ends when nothing failed and something was refused. */
const REFUSED_EXIT_CODE = 2;

/** User of the image. */
const MONGODB_USER = 1001;

/** Half an hour for a new cluster to come up, the rest for indexes of data that is there already. Seconds. */
const DEADLINE_SECONDS = 4 * 3600;

/** Waits for the first answer, then applies. Ends with 2 after a refusal, with 1 after a failure; the log says of what. */
const COMMAND = [
  `until mongosh "$MONGODB_URI" --quiet --eval 'db.runCommand({ping: 1})' >/dev/null 2>&1; do`,
  `echo "waiting for the database"; sleep 10; done;`,
  `exec mongosh "$MONGODB_URI" --quiet --file ${FOLDER}/${FILES.script}`,
].join(" ");

/** Everything wrong with the catalogue, as problems of the Job. */
export function dataModelJobProblems(catalogue: readonly Collection[]): Problem[] {
  return dataModelProblems(catalogue).map(({ collection, subject, message }) => ({
    property: `catalogue.${collection}`,
    got: subject,
    allowed: "a catalogue that serves its own queries",
    fix: `"${subject}" ${message}`,
  }));
}

/**
 * Brings indexes, shard keys and the profiler of a database to the catalogue's. Runs again when the catalogue, its
 * options or the script change, and changes nothing that is there already.
 *
 * Trap: it refuses what would drop or rebuild an index, change a shard key or remove a TTL, and fails then; see its log.
 *
 * Cost: one pod of 0.1 cores and 256 MiB while it runs; an index build loads every member of its shard.
 */
export class DataModelJob extends pulumi.ComponentResource {
  readonly jobName: pulumi.Output<string>;

  constructor(name: string, args: DataModelJobArgs, opts?: pulumi.ComponentResourceOptions) {
    const { catalogue = CATALOGUE, transform = {}, endpoint } = args;
    refuse("DataModelJob", name, dataModelJobProblems(catalogue));
    const summary: DataModelSummary = {
      configKey: args.configKey,
      workload: name,
      namespace: args.namespace,
      collections: Object.fromEntries(
        catalogue.map((collection) => [
          collection.name,
          {
            indexes: collection.indexes.length,
            sharded: args.sharded && collection.sharding.key !== undefined,
          },
        ]),
      ),
    };
    super(COMPONENT_TYPES.dataModelJob, name, summary, opts);
    const labels = commonLabels(name, "data-model");
    const child = { parent: this };

    const configName = `${name}-config`;
    const configArgs = transformed<k8s.core.v1.ConfigMapArgs>(transform.config, configName, {
      metadata: { name: configName, namespace: args.namespace, labels },
      data: {
        [FILES.script]: jobScript(),
        [FILES.model]: JSON.stringify(
          jobInput(catalogue, {
            database: DATABASE,
            sharded: args.sharded,
            allowDrops: args.allowDrops ?? false,
            // On a router only the threshold can be set; the members have their level from their configuration.
            profiler: { level: 0, slowMs: args.slowMs },
          }),
          undefined,
          2,
        ),
      },
    });
    const config = new k8s.core.v1.ConfigMap(configName, configArgs, child);

    const jobName = `${name}-job`;
    const job = new k8s.batch.v1.Job(
      jobName,
      transformed<k8s.batch.v1.JobArgs>(transform.job, jobName, {
        metadata: {
          // A Job cannot be changed: another model is another Job, and its name says which.
          name: checksum(configArgs.data).apply((digest) => `${name}-${digest.slice(0, 10)}`),
          namespace: args.namespace,
          labels,
          // A cluster that is being made takes its time, and the first index of old data as well.
          annotations: { "pulumi.com/timeoutSeconds": String(DEADLINE_SECONDS) },
        },
        spec: {
          // A lost connection is tried again; a refusal stays one, however often it is asked.
          backoffLimit: 3,
          podFailurePolicy: {
            rules: [
              {
                action: "FailJob",
                onExitCodes: { containerName: CONTAINER, operator: "In", values: [REFUSED_EXIT_CODE] },
              },
            ],
          },
          activeDeadlineSeconds: DEADLINE_SECONDS,
          template: {
            metadata: { labels },
            spec: {
              restartPolicy: "Never",
              automountServiceAccountToken: false,
              enableServiceLinks: false,
              securityContext: restrictedPod(MONGODB_USER),
              containers: [
                {
                  name: CONTAINER,
                  image: IMAGES.mongodb,
                  command: ["sh", "-c", COMMAND],
                  env: [
                    { name: "MONGODB_URI", valueFrom: { secretKeyRef: endpoint.adminUriSecret } },
                    { name: "DATA_MODEL_FILE", value: `${FOLDER}/${FILES.model}` },
                    // mongosh keeps its history and log below the home directory.
                    { name: "HOME", value: "/tmp" },
                  ],
                  resources: {
                    requests: { cpu: "100m", memory: "256Mi" },
                    limits: { memory: "256Mi" },
                  },
                  securityContext: restrictedContainer(),
                  volumeMounts: [
                    { name: "data-model", mountPath: FOLDER, readOnly: true },
                    { name: "tmp", mountPath: "/tmp" },
                    ...(endpoint.caSecret === undefined
                      ? []
                      : [{ name: "database-ca", mountPath: CA_FILE, subPath: "ca.crt", readOnly: true }]),
                  ],
                },
              ],
              volumes: [
                { name: "data-model", configMap: { name: config.metadata.name } },
                { name: "tmp", emptyDir: {} },
                ...(endpoint.caSecret === undefined
                  ? []
                  : [
                      {
                        name: "database-ca",
                        secret: {
                          secretName: endpoint.caSecret.name,
                          items: [{ key: endpoint.caSecret.key, path: "ca.crt" }],
                        },
                      },
                    ]),
              ],
            },
          },
        },
      }),
      child,
    );
    this.jobName = job.metadata.name;
    this.registerOutputs({ jobName: this.jobName });
  }
}
