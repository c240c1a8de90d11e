import assert from "node:assert/strict";

import {
  DataModelJob,
  type DataModelJobArgs,
} from "../../../../../components/database/data-model/data-model-job";
import { CATALOGUE } from "../../../../../product/data-model/catalogue";
import type { Collection } from "../../../../../budget/database/data-model/collection";
import {
  JOB_FILES,
  jobDeadlineSeconds,
  jobInput,
  jobText,
} from "../../../../../components/database/data-model/job-input";
import { ENDS_THE_AWAIT, failureReason } from "../../../../helpers/job-end";
import { record, type Recording } from "../../../../helpers/pulumi";
import { endpoint } from "../fixtures";

const args: DataModelJobArgs = {
  configKey: "retrofitlink:database",
  namespace: "retrofitlink",
  endpoint,
  sharded: true,
  catalogue: CATALOGUE,
  slowMs: 100,
  shardGiB: 200,
};

const RESOURCES = [
  "kubernetes:batch/v1:Job mongodb-data-model-job",
  "kubernetes:core/v1:ConfigMap mongodb-data-model-config",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy mongodb-data-model-network-policy",
  "retrofitlink:database:DataModelJob mongodb-data-model",
];

interface Container {
  readonly [field: string]: unknown;
}

interface PodSpec {
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string; readonly [field: string]: unknown }[];
  readonly [field: string]: unknown;
}

function build(change: Partial<DataModelJobArgs> = {}, options = {}): Promise<Recording> {
  return record(() => new DataModelJob("mongodb-data-model", { ...args, ...change }), options);
}

const jobOf = (recording: Recording): Record<string, unknown> =>
  recording.only("kubernetes:batch/v1:Job").inputs;
const metadataOf = (recording: Recording): Record<string, unknown> =>
  jobOf(recording)["metadata"] as Record<string, unknown>;
const specOf = (recording: Recording): Record<string, unknown> =>
  jobOf(recording)["spec"] as Record<string, unknown>;
const digestOf = (recording: Recording): string => {
  const { metadata } = specOf(recording)["template"] as { metadata: { annotations: Record<string, string> } };
  return metadata.annotations["checksum/job"] ?? "";
};
const podOf = (recording: Recording): PodSpec => (specOf(recording)["template"] as { spec: PodSpec }).spec;
const filesOf = (recording: Recording): Record<string, string> =>
  recording.only("kubernetes:core/v1:ConfigMap").inputs["data"] as Record<string, string>;

describe("DataModelJob", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    assert.deepEqual((await build()).typesAndNames(), RESOURCES);
    assert.deepEqual((await build({}, { preview: true })).typesAndNames(), RESOURCES);
  });

  it("tells what it applies", async () => {
    const { inputs } = (await build()).only("retrofitlink:database:DataModelJob");
    const { collections, ...rest } = inputs as { collections: Record<string, unknown> };
    assert.deepEqual(rest, {
      configKey: "retrofitlink:database",
      workload: "mongodb-data-model",
      namespace: "retrofitlink",
    });
    assert.deepEqual(collections["users"], { indexes: 3, sharded: false });
    assert.deepEqual(collections["properties"], { indexes: 5, sharded: true });
    assert.deepEqual(Object.keys(collections).sort(), CATALOGUE.map(({ name }) => name).sort());
  });

  it("carries the script and the catalogue in the words of MongoDB's commands", async () => {
    const files = filesOf(await build());
    assert.deepEqual(Object.keys(files).sort(), [
      "apply-data-model.js",
      "apply-data-model.sh",
      "data-model.json",
    ]);
    for (const file of Object.values(JOB_FILES)) assert.equal(files[file], jobText(file));
    const model = JSON.parse(files["data-model.json"] ?? "") as Record<string, unknown>;
    assert.deepEqual(
      model,
      JSON.parse(
        JSON.stringify(
          jobInput(CATALOGUE, {
            database: "retrofitlink",
            sharded: true,
            allowDrops: false,
            profiler: { level: 0, slowMs: 100 },
          }),
        ),
      ),
    );
  });

  it("is another Job when the model, its options or anything of itself changed, and the same otherwise", async () => {
    const digest = digestOf(await build());
    assert.match(digest, /^[0-9a-f]{64}$/);
    assert.equal(digestOf(await build()), digest);
    const others: Partial<DataModelJobArgs>[] = [
      { allowDrops: true },
      { slowMs: 50 },
      { catalogue: CATALOGUE.slice(1) },
      { shardGiB: 300 },
      {
        transform: {
          job: (job) => ({ ...job, spec: { ...(job.spec as object), backoffLimit: 1 } as never }),
        },
      },
    ];
    for (const change of others)
      assert.notEqual(digestOf(await build(change)), digest, JSON.stringify(change));
  });

  it("takes no name that an interrupted or failed run may have left taken, and is made anew after a failure", async () => {
    const { name, generateName, annotations } = metadataOf(await build());
    assert.deepEqual([name, generateName], [undefined, undefined]);
    assert.equal((annotations as Record<string, string>)["pulumi.com/replaceUnready"], "true");
  });

  it("runs the shell beside its script in the image of the server", async () => {
    const [container] = podOf(await build()).containers;
    assert.deepEqual(container["command"], ["sh", "/data-model/apply-data-model.sh"]);
    assert.match(String(container["image"]), /percona-server-mongodb:\d/);
    assert.deepEqual(container["env"], [
      {
        name: "MONGODB_URI",
        valueFrom: { secretKeyRef: { name: "mongodb-application", key: "data-model-uri" } },
      },
      { name: "DATA_MODEL_FILE", value: "/data-model/data-model.json" },
      { name: "WAIT_SECONDS", value: "1800" },
      { name: "LOGIN_SECONDS", value: "300" },
      { name: "PAUSE_SECONDS", value: "10" },
      { name: "HOME", value: "/tmp" },
    ]);
  });

  it("ends what waits for it however its container ends, with the end of its log", async () => {
    const recording = await build();
    for (const exitCode of [1, 2, 137]) {
      const reason = failureReason(specOf(recording), [{ exitCode }]);
      assert.equal(ENDS_THE_AWAIT.get(reason ?? ""), true, `exit code ${exitCode}: ${reason}`);
    }
    // A node that is drained is no failure of the Job's.
    assert.equal(failureReason(specOf(recording), [{ exitCode: 143, disrupted: true }]), undefined);
    const [container] = podOf(recording).containers;
    assert.equal(container["terminationMessagePolicy"], "FallbackToLogsOnError");
  });

  it("has the Job give up before Pulumi does, after as long as the indexes of what is there may take", async () => {
    const recording = await build();
    const deadline = Number(specOf(recording)["activeDeadlineSeconds"]);
    assert.equal(deadline, jobDeadlineSeconds(CATALOGUE, 200));
    const annotations = metadataOf(recording)["annotations"] as Record<string, string>;
    assert.equal(annotations["pulumi.com/timeoutSeconds"], String(deadline + 60));
    // Nothing to build: half an hour for a database that is being made, and ten minutes.
    assert.equal(jobDeadlineSeconds(CATALOGUE, 0), 2400);
    const indexes = CATALOGUE.reduce((sum, { indexes: all }) => sum + all.length, 0) / CATALOGUE.length;
    assert.ok(deadline - 2400 >= (indexes * 200 * 1024) / 50);
    assert.ok(deadline - 2400 < (indexes * 200 * 1024) / 50 + 60);
    // A Job that the cluster cleans away would be missing at the next `up`.
    assert.equal(specOf(recording)["ttlSecondsAfterFinished"], undefined);
  });

  it("runs restricted, within its resources, without a token for the API server", async () => {
    const pod = podOf(await build());
    const [container] = pod.containers;
    assert.deepEqual(container["securityContext"], {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.deepEqual(container["resources"], {
      requests: { cpu: "100m", memory: "256Mi", "ephemeral-storage": "128Mi" },
      limits: { memory: "256Mi", "ephemeral-storage": "128Mi" },
    });
    assert.deepEqual(
      [pod["restartPolicy"], pod["automountServiceAccountToken"], pod["enableServiceLinks"]],
      ["Never", false, false],
    );
    assert.equal((pod["securityContext"] as { runAsUser: number }).runAsUser, 1001);
  });

  it("mounts the authority's certificate where the connection string expects it, if there is one", async () => {
    const mounts = (pod: PodSpec): unknown =>
      (pod.containers[0]["volumeMounts"] as { name: string }[]).find(({ name }) => name === "database-ca");
    const pod = podOf(await build());
    assert.deepEqual(mounts(pod), {
      name: "database-ca",
      mountPath: "/etc/mongodb-tls/ca.crt",
      subPath: "ca.crt",
      readOnly: true,
    });
    assert.deepEqual(
      pod.volumes.find(({ name }) => name === "database-ca"),
      {
        name: "database-ca",
        secret: { secretName: "mongodb-ssl", items: [{ key: "ca.crt", path: "ca.crt" }] },
      },
    );
    const { caSecret, ...publicEndpoint } = endpoint;
    assert.ok(caSecret !== undefined);
    const without = podOf(await build({ endpoint: publicEndpoint }));
    assert.equal(mounts(without), undefined);
    assert.deepEqual(
      without.volumes.map(({ name }) => name),
      ["data-model", "tmp"],
    );
  });

  it("refuses a catalogue that does not serve its queries, naming collection and query", async () => {
    const [users] = CATALOGUE as [Collection];
    const broken: Collection = { ...users, indexes: users.indexes.slice(1) };
    await record(() => {
      assert.throws(
        () => new DataModelJob("mongodb-data-model", { ...args, catalogue: [broken] }),
        (error: Error) =>
          error.message ===
          'DataModelJob "mongodb-data-model" cannot be built:\n' +
            '  - catalogue.users: got "by email"; allowed is a catalogue that serves its own queries. "by email" is served by no index. Add {"email":1}.',
      );
    });
  });

  it("lets a transform change its children, and takes the digest from what came out", async () => {
    const recording = await build({
      transform: {
        config: (config) => ({ ...config, data: { "data-model.json": "{}" } }),
        job: (job) => ({ ...job, spec: { ...(job.spec as object), backoffLimit: 2 } as never }),
      },
    });
    assert.deepEqual(filesOf(recording), { "data-model.json": "{}" });
    assert.equal(specOf(recording)["backoffLimit"], 2);
    assert.notEqual(digestOf(recording), digestOf(await build()));
  });
});

describe("DataModelJob, alone in somebody's program", () => {
  it("is built from a database and what is to be in it, and shows its children", async () => {
    const recording = await record(() => {
      const job = new DataModelJob("orders-data-model", { endpoint, catalogue: CATALOGUE });
      assert.ok(job.job.urn !== undefined && job.config.urn !== undefined);
      assert.ok(job.networkPolicy.urn !== undefined);
    });
    const { inputs } = recording.only("retrofitlink:database:DataModelJob");
    assert.deepEqual([inputs["configKey"], inputs["namespace"]], ["orders-data-model", "default"]);
    const { data } = recording.only("kubernetes:core/v1:ConfigMap").inputs as {
      data: Record<string, string>;
    };
    const model = JSON.parse(data["data-model.json"] ?? "") as Record<string, unknown>;
    assert.deepEqual(
      [model["database"], model["sharded"], model["profiler"]],
      ["retrofitlink", true, { level: 0, slowMs: 100 }],
    );
  });
});
