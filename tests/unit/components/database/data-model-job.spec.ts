import assert from "node:assert/strict";

import { DataModelJob, type DataModelJobArgs } from "../../../../components/database/data-model-job";
import { CATALOGUE } from "../../../../components/database/data-model/catalogue";
import type { Collection } from "../../../../components/database/data-model/collection";
import { jobInput, jobScript } from "../../../../components/database/data-model/job-input";
import { record, type Recording } from "../../../helpers/pulumi";
import { endpoint } from "./fixtures";

const args: DataModelJobArgs = {
  configKey: "retrofitlink:database",
  namespace: "retrofitlink",
  endpoint,
  sharded: true,
  slowMs: 100,
};

const RESOURCES = [
  "kubernetes:batch/v1:Job mongodb-data-model-job",
  "kubernetes:core/v1:ConfigMap mongodb-data-model-config",
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
const nameOf = (recording: Recording): string => (jobOf(recording)["metadata"] as { name: string }).name;
const specOf = (recording: Recording): Record<string, unknown> =>
  jobOf(recording)["spec"] as Record<string, unknown>;
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
    assert.deepEqual(Object.keys(files), ["apply-data-model.js", "data-model.json"]);
    assert.equal(files["apply-data-model.js"], jobScript());
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

  it("is another Job when the model, its options or nothing at all changed", async () => {
    const name = nameOf(await build());
    assert.match(name, /^mongodb-data-model-[0-9a-f]{10}$/);
    assert.equal(nameOf(await build()), name);
    assert.notEqual(nameOf(await build({ allowDrops: true })), name);
    assert.notEqual(nameOf(await build({ slowMs: 50 })), name);
    assert.notEqual(nameOf(await build({ catalogue: CATALOGUE.slice(1) })), name);
  });

  it("waits for the database, then runs the script in the image of the server", async () => {
    const [container] = podOf(await build()).containers;
    const [shell, option, command] = container["command"] as string[];
    assert.deepEqual([shell, option], ["sh", "-c"]);
    assert.match(
      command ?? "",
      /^until mongosh "\$MONGODB_URI" --quiet --eval 'db\.runCommand\(\{ping: 1\}\)'/,
    );
    assert.match(
      command ?? "",
      /exec mongosh "\$MONGODB_URI" --quiet --file \/data-model\/apply-data-model\.js$/,
    );
    assert.match(String(container["image"]), /percona-server-mongodb:\d/);
    assert.deepEqual(container["env"], [
      {
        name: "MONGODB_URI",
        valueFrom: { secretKeyRef: { name: "mongodb-application", key: "data-model-uri" } },
      },
      { name: "DATA_MODEL_FILE", value: "/data-model/data-model.json" },
      { name: "HOME", value: "/tmp" },
    ]);
  });

  it("tries again after a lost connection, and not after a refusal", async () => {
    const { backoffLimit, podFailurePolicy, activeDeadlineSeconds, ttlSecondsAfterFinished } = specOf(
      await build(),
    );
    assert.equal(backoffLimit, 3);
    assert.deepEqual(podFailurePolicy, {
      rules: [{ action: "FailJob", onExitCodes: { containerName: "apply", operator: "In", values: [2] } }],
    });
    assert.equal(activeDeadlineSeconds, 4 * 3600);
    // A Job that the cluster cleans away would be missing at the next `up`.
    assert.equal(ttlSecondsAfterFinished, undefined);
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
      requests: { cpu: "100m", memory: "256Mi" },
      limits: { memory: "256Mi" },
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

  it("lets a transform change its children, and takes the name from what came out", async () => {
    const recording = await build({
      transform: {
        config: (config) => ({ ...config, data: { "data-model.json": "{}" } }),
        job: (job) => ({ ...job, spec: { ...(job.spec as object), backoffLimit: 0 } as never }),
      },
    });
    assert.deepEqual(filesOf(recording), { "data-model.json": "{}" });
    assert.equal(specOf(recording)["backoffLimit"], 0);
    assert.notEqual(nameOf(recording), nameOf(await build()));
  });
});
