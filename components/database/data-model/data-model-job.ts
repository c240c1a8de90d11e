import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { type Issue, within } from "../../../budget/core/issues";
import { assertValid } from "../../shared/issues";
import { COMPONENT_TYPES } from "../../../budget/core/component-types";
import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import { dataModelIssues } from "../../../budget/database/data-model/checks";
import type { Collection } from "../../../budget/database/data-model/collection";
import type { DataModelSummary } from "../../../budget/database/summary";
import { commonLabels, restrictedContainer, restrictedPod } from "../../shared/kubernetes";
import { NAMES, policyOf, reaches } from "../../shared/network-policy";
import { checksum } from "../../shared/checksum";
import { transformed, type Transform } from "../../shared/transform";
import { IMAGES } from "../../shared/versions";
import { CA_FILE, type DatabaseEndpoint } from "../database-endpoint";
import { JOB_FILES, JOB_WAITS, jobDeadlineSeconds, jobInput, jobText } from "./job-input";

/** Arguments of `DataModelJob`. */
export interface DataModelJobArgs {
  readonly endpoint: DatabaseEndpoint;
  /** Collections of the application, with their indexes and the queries that these serve. */
  readonly catalogue: readonly Collection[];
  /** Where the arguments come from, for messages: `retrofitlink:database`. @default the component's name */
  readonly configKey?: string;
  /** @default "default" */
  readonly namespace?: pulumi.Input<string>;
  /** Shard the collections by their keys. @default true */
  readonly sharded?: boolean;
  /** A query that takes longer is written down by the server, milliseconds. @default 100 */
  readonly slowMs?: number;
  /** Data of one shard, GiB, >= 0: how long the indexes of it may take. @default 100 */
  readonly shardGiB?: number;
  /** Drop indexes that the catalogue does not have, and rebuild those that changed. @default false */
  readonly allowDrops?: boolean;
  readonly transform?: {
    readonly config?: Transform<k8s.core.v1.ConfigMapArgs>;
    readonly job?: Transform<k8s.batch.v1.JobArgs>;
    readonly networkPolicy?: Transform<k8s.networking.v1.NetworkPolicyArgs>;
  };
}

const MODEL_FILE = "data-model.json";
const FOLDER = "/data-model";

/** User of the image. */
const MONGODB_USER = 1001;

/** History and log of the shell, and beside them the logs of the container. */
const SCRATCH = "64Mi";
const DISK = "128Mi";

/** Longer than the Job's own deadline, so that it is the Job that says how it ended. Seconds. */
const AWAIT_MARGIN_SECONDS = 60;

/** Everything wrong with the catalogue, as issues of the Job. */
export function dataModelJobIssues(catalogue: readonly Collection[]): Issue[] {
  return within(["catalogue"], dataModelIssues(catalogue));
}

/**
 * Brings indexes, shard keys and the profiler of a database to the catalogue's. Runs again when the catalogue, its
 * options, the script or the Job change, and after a run that failed; it changes nothing that is there already.
 *
 * Trap: it refuses what would drop or rebuild an index, change a shard key or remove a TTL, and fails then; see its log.
 *
 * Cost: one pod of 0.1 cores and 256 MiB while it runs; an index build loads every member of its shard.
 */
export class DataModelJob extends pulumi.ComponentResource {
  readonly jobName: pulumi.Output<string>;
  readonly job: k8s.batch.v1.Job;
  readonly config: k8s.core.v1.ConfigMap;
  readonly networkPolicy: k8s.networking.v1.NetworkPolicy;

  constructor(name: string, args: DataModelJobArgs, opts?: pulumi.ComponentResourceOptions) {
    const { catalogue, endpoint, namespace = "default", sharded = true, transform = {} } = args;
    const { slowMs = DEFAULT_BUDGET.databaseQuerySeconds.critical * 1000, shardGiB = 100 } = args;
    assertValid("DataModelJob", name, dataModelJobIssues(catalogue));
    const summary: DataModelSummary = {
      configKey: args.configKey ?? name,
      workload: name,
      ...(typeof namespace === "string" ? { namespace } : {}),
      collections: Object.fromEntries(
        catalogue.map((collection) => [
          collection.name,
          {
            indexes: collection.indexes.length,
            sharded: sharded && collection.sharding.key !== undefined,
          },
        ]),
      ),
    };
    super(COMPONENT_TYPES.dataModelJob, name, summary, opts);
    const labels = commonLabels(name, "data-model");
    const deadline = jobDeadlineSeconds(catalogue, shardGiB);
    const child = { parent: this };

    const configName = `${name}-config`;
    const [, configArgs, configOpts] = transformed<k8s.core.v1.ConfigMapArgs>(
      transform.config,
      configName,
      {
        metadata: { name: configName, namespace, labels },
        data: {
          ...Object.fromEntries(Object.values(JOB_FILES).map((file) => [file, jobText(file)])),
          [MODEL_FILE]: JSON.stringify(
            jobInput(catalogue, {
              database: endpoint.database,
              sharded,
              allowDrops: args.allowDrops ?? false,
              // On a router only the threshold can be set; the members have their level from their configuration.
              profiler: { level: 0, slowMs },
            }),
            undefined,
            2,
          ),
        },
      },
      child,
    );
    this.config = new k8s.core.v1.ConfigMap(configName, configArgs, configOpts);

    const networkPolicyName = `${name}-network-policy`;
    this.networkPolicy = new k8s.networking.v1.NetworkPolicy(
      ...transformed<k8s.networking.v1.NetworkPolicyArgs>(
        transform.networkPolicy,
        networkPolicyName,
        {
          metadata: { name, namespace, labels },
          // Nobody calls it, and it calls the database.
          spec: policyOf(name, [], [NAMES, reaches(endpoint.destination)]),
        },
        child,
      ),
    );

    const jobName = `${name}-job`;
    const [, jobArgs, jobOpts] = transformed<k8s.batch.v1.JobArgs>(
      transform.job,
      jobName,
      {
        metadata: {
          // No name: Pulumi makes one up for each Job. A name of ours would still be taken after an interrupted run.
          namespace,
          labels,
          annotations: {
            "pulumi.com/timeoutSeconds": String(deadline + AWAIT_MARGIN_SECONDS),
            // A Job that failed is made anew by the next `pulumi up`, whether anything changed or not.
            "pulumi.com/replaceUnready": "true",
          },
        },
        spec: {
          // What another attempt mends is tried again by the shell. Whatever ends the container is final, and known at
          // once: Pulumi gives up on no other reasons than BackoffLimitExceeded and DeadlineExceeded.
          backoffLimit: 0,
          // Which is why no rule may say FailJob. A pod that was taken off its node has not failed.
          podFailurePolicy: {
            rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
          },
          activeDeadlineSeconds: deadline,
          template: {
            metadata: { labels },
            spec: podOf(endpoint, this.config.metadata.name),
          },
        },
      },
      child,
    );
    this.job = new k8s.batch.v1.Job(jobName, withDigest(jobArgs, configArgs), {
      ...jobOpts,
      dependsOn: [this.networkPolicy],
    });
    this.jobName = this.job.metadata.name;
    this.registerOutputs({ jobName: this.jobName });
  }
}

/**
 * The digest of all that the Job is and reads, in its pod template. Another template is another Job, so that what the
 * API server would not change in place is never asked of it.
 */
function withDigest(job: k8s.batch.v1.JobArgs, config: k8s.core.v1.ConfigMapArgs): k8s.batch.v1.JobArgs {
  const digest = pulumi
    .all([job.spec, config.data])
    .apply(([spec, data]) => checksum({ spec: JSON.stringify(spec), ...data }));
  const spec = pulumi.output(job.spec).apply((held) => ({
    ...held,
    template: {
      ...held?.template,
      metadata: {
        ...held?.template.metadata,
        annotations: { ...held?.template.metadata?.annotations, "checksum/job": digest },
      },
    },
  }));
  return { ...job, spec };
}

function podOf(
  { adminUriSecret, caSecret }: DatabaseEndpoint,
  configName: pulumi.Input<string>,
): k8s.types.input.core.v1.PodSpec {
  return {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: restrictedPod(MONGODB_USER),
    containers: [
      {
        name: "apply",
        image: IMAGES.mongodb,
        command: ["sh", `${FOLDER}/${JOB_FILES.shell}`],
        env: [
          { name: "MONGODB_URI", valueFrom: { secretKeyRef: adminUriSecret } },
          { name: "DATA_MODEL_FILE", value: `${FOLDER}/${MODEL_FILE}` },
          { name: "WAIT_SECONDS", value: String(JOB_WAITS.server) },
          { name: "LOGIN_SECONDS", value: String(JOB_WAITS.login) },
          { name: "PAUSE_SECONDS", value: String(JOB_WAITS.pause) },
          // mongosh keeps its history and log below the home directory.
          { name: "HOME", value: "/tmp" },
        ],
        // The end of the log becomes the message of the pod, and `pulumi up` shows it.
        terminationMessagePolicy: "FallbackToLogsOnError",
        resources: {
          requests: { cpu: "100m", memory: "256Mi", "ephemeral-storage": DISK },
          limits: { memory: "256Mi", "ephemeral-storage": DISK },
        },
        securityContext: restrictedContainer(),
        volumeMounts: [
          { name: "data-model", mountPath: FOLDER, readOnly: true },
          { name: "tmp", mountPath: "/tmp" },
          ...(caSecret === undefined
            ? []
            : [{ name: "database-ca", mountPath: CA_FILE, subPath: "ca.crt", readOnly: true }]),
        ],
      },
    ],
    volumes: [
      { name: "data-model", configMap: { name: configName } },
      { name: "tmp", emptyDir: { sizeLimit: SCRATCH } },
      ...(caSecret === undefined
        ? []
        : [
            {
              name: "database-ca",
              secret: { secretName: caSecret.name, items: [{ key: caSecret.key, path: "ca.crt" }] },
            },
          ]),
    ],
  };
}
