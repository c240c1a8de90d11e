import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MongoClient } from "mongodb";

import { CATALOGUE } from "../../../product/data-model/catalogue";
import type { Collection, Index } from "../../../budget/database/data-model/collection";
import { jobInput, type JobInput } from "../../../components/database/data-model/job-input";
import { FERRETDB_BUILD_TIMEOUT_MS, type RunningFerretdb, startFerretdb } from "../../helpers/ferretdb";

const ROOT = join(__dirname, "..", "..", "..");
const SCRIPT = join(ROOT, "components/database/data-model/apply-data-model.js");
const MONGOSH = join(ROOT, "node_modules/.bin/mongosh");

/** mongosh takes some seconds to start on a busy machine. */
const RUN_TIMEOUT_MS = 120_000;

type Line = Record<string, unknown>;

interface Outcome {
  readonly exitCode: number;
  readonly lines: readonly Line[];
  readonly summary: Record<string, number>;
}

/** The indexes FerretDB 1 has no word for: TTL, partial, hashed, text, 2dsphere. */
function lacks({ keys, expireAfterSeconds, partialFilterExpression }: Index): boolean {
  const kinds = Object.values(keys);
  return (
    expireAfterSeconds !== undefined ||
    partialFilterExpression !== undefined ||
    kinds.some((kind) => typeof kind !== "number")
  );
}

const within: readonly Collection[] = CATALOGUE.map((collection) => ({
  ...collection,
  indexes: collection.indexes.filter((index) => !lacks(index)),
}));

const count = (catalogue: readonly Collection[]): number =>
  catalogue.reduce((sum, { indexes }) => sum + indexes.length, 0);

/**
 * The very file of the Job, by the real mongosh, against a real server. FerretDB has no sharding, no profiler, no TTL and
 * none of the indexes named above; what the script does about those is in
 * tests/unit/components/database/data-model/apply-data-model.spec.ts.
 */
describe("the script of the data-model Job on a real server", function () {
  this.timeout(RUN_TIMEOUT_MS);
  let server: RunningFerretdb;
  let client: MongoClient;
  let directory: string;

  const modelOf = (catalogue: readonly Collection[], allowDrops = false): JobInput =>
    jobInput(catalogue, {
      database: "retrofitlink",
      sharded: false,
      allowDrops,
      profiler: { level: 0, slowMs: 100 },
    });

  async function apply(model: JobInput): Promise<Outcome> {
    const file = join(directory, "data-model.json");
    await writeFile(file, JSON.stringify(model));
    const { stdout, exitCode } = await run(MONGOSH, [server.uri, "--quiet", "--file", SCRIPT], {
      ...process.env,
      DATA_MODEL_FILE: file,
      HOME: directory,
    });
    // Every line is one object: what collects the log of the Job can read it.
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    const { summary } = lines.pop() as { summary: Record<string, number> };
    return { exitCode, lines, summary };
  }

  const indexesOf = async (collection: string): Promise<Record<string, unknown>> => {
    const found = await client.db("retrofitlink").collection(collection).indexes();
    return Object.fromEntries(found.map(({ name, key }) => [name, key]));
  };

  before(async function () {
    this.timeout(FERRETDB_BUILD_TIMEOUT_MS);
    server = await startFerretdb();
    directory = await mkdtemp(join(tmpdir(), "data-model-"));
    client = await new MongoClient(server.uri).connect();
  });

  after(async () => {
    await client?.close();
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it("creates collections and indexes, and changes nothing when it runs again", async () => {
    const first = await apply(modelOf(within));
    assert.equal(first.exitCode, 0);
    assert.deepEqual(first.summary, {
      changed: within.length + count(within),
      unchanged: 0,
      refused: 0,
      failed: 0,
    });
    // The only thing besides: the server has no profiler, which is no reason to fail.
    assert.deepEqual(
      first.lines.filter(({ outcome }) => outcome !== "changed").map(({ action, code }) => [action, code]),
      [["set profiler", 59]],
    );
    for (const { name, indexes } of within) {
      const wanted = Object.fromEntries(indexes.map((index) => [index.name, index.keys]));
      assert.deepEqual(await indexesOf(name), { _id_: { _id: 1 }, ...wanted }, name);
    }

    const second = await apply(modelOf(within));
    assert.equal(second.exitCode, 0);
    assert.deepEqual(second.summary, { changed: 0, unchanged: count(within), refused: 0, failed: 0 });
  });

  it("makes the server enforce what is unique", async () => {
    const users = client.db("retrofitlink").collection("users");
    await users.insertOne({ email: "owner@example.com" });
    await assert.rejects(users.insertOne({ email: "owner@example.com" }), { code: 11000 });
  });

  it("refuses to rebuild and to drop, says what is there and what to do, and does both when allowed", async () => {
    const [users] = within as [Collection];
    const [email, members] = users.indexes as [Index, Index];
    const changed = [{ ...users, indexes: [email, { ...members, keys: { organizationId: 1 as const } }] }];
    await client.db("retrofitlink").collection("users").createIndex({ createdAt: 1 }, { name: "by_hand" });

    const refused = await apply(modelOf(changed));
    assert.equal(refused.exitCode, 2);
    assert.deepEqual(refused.summary, { changed: 0, unchanged: 1, refused: 1, failed: 0 });
    assert.deepEqual(refused.lines.slice(0, 2), [
      {
        outcome: "refused",
        collection: "users",
        action: "rebuild index",
        index: "organization_members",
        is: { organizationId: 1, role: 1, lastSeenAt: -1 },
        wanted: { organizationId: 1 },
        fix: "Give the changed index another name, and the old one stays; or allow drops for this run.",
      },
      { outcome: "noticed", collection: "users", action: "unlisted index", index: "by_hand" },
    ]);
    assert.deepEqual(Object.keys(await indexesOf("users")).sort(), [
      "_id_",
      "by_hand",
      "email_unique",
      "organization_members",
    ]);

    const allowed = await apply(modelOf(changed, true));
    assert.equal(allowed.exitCode, 0);
    assert.deepEqual(
      allowed.lines
        .filter(({ outcome }) => outcome === "changed")
        .map(({ action, index }) => [action, index]),
      [
        ["drop index", "organization_members"],
        ["create index", "organization_members"],
        ["drop index", "by_hand"],
      ],
    );
    assert.deepEqual(await indexesOf("users"), {
      _id_: { _id: 1 },
      email_unique: { email: 1 },
      organization_members: { organizationId: 1 },
    });
  });

  it("goes on after what the server cannot do, names each, and ends with 1", async () => {
    const { exitCode, lines, summary } = await apply(modelOf(CATALOGUE));
    assert.equal(exitCode, 1);
    const failed = lines.filter(({ outcome }) => outcome === "failed");
    const impossible = CATALOGUE.flatMap(({ name, indexes }) =>
      indexes.filter(lacks).map((index) => `${name} ${index.name}`),
    );
    assert.deepEqual(
      failed.map(({ collection, index }) => `${String(collection)} ${String(index)}`),
      impossible,
    );
    assert.ok(failed.every(({ error, code }) => typeof error === "string" && typeof code === "number"));
    assert.equal(summary["failed"], impossible.length);
  });
});

/** What the container of the Job runs, with short waits. */
describe("the shell of the data-model Job", function () {
  this.timeout(RUN_TIMEOUT_MS);
  let server: RunningFerretdb;
  let directory: string;
  const model = jobInput(within, {
    database: "retrofitlink",
    sharded: false,
    allowDrops: false,
    profiler: { level: 0, slowMs: 100 },
  });

  async function shell(uri: string, path = dirname(MONGOSH)): Promise<Ended> {
    return await run("sh", [join(dirname(SCRIPT), "apply-data-model.sh")], {
      ...process.env,
      PATH: `${path}:${process.env["PATH"]}`,
      MONGODB_URI: uri,
      DATA_MODEL_FILE: join(directory, "data-model.json"),
      HOME: directory,
      WAIT_SECONDS: "1",
      LOGIN_SECONDS: "1",
      PAUSE_SECONDS: "1",
    });
  }

  /** A mongosh that answers the ping and then ends as it is told, once for each code. */
  async function mongoshEnding(...codes: readonly number[]): Promise<string> {
    const folder = await mkdtemp(join(directory, "mongosh-"));
    const script = `case "$*" in *ping*) exit 0 ;; esac
      at=$(cat ${folder}/runs 2>/dev/null || echo 1); echo $((at + 1)) > ${folder}/runs
      set -- ${codes.join(" ")}; shift $((at - 1)); echo "run $at"; exit $1`;
    await writeFile(join(folder, "mongosh"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return folder;
  }

  before(async function () {
    this.timeout(FERRETDB_BUILD_TIMEOUT_MS);
    server = await startFerretdb();
    directory = await mkdtemp(join(tmpdir(), "data-model-shell-"));
    await writeFile(join(directory, "data-model.json"), JSON.stringify(model));
  });

  after(async () => {
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it("applies the model with the script beside it", async () => {
    const { exitCode, stdout } = await shell(server.uri);
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout.trim().split("\n").at(-1) ?? "", /^\{"summary":\{"changed":\d+/);
  });

  it("gives up on a database that does not come, says why last, and shows no password", async () => {
    const away = "mongodb://admin:hunter2@127.0.0.1:9/?serverSelectionTimeoutMS=200";
    const { exitCode, stdout } = await shell(away);
    assert.equal(exitCode, 1);
    const last = stdout.trim().split("\n").at(-1);
    assert.match(last ?? "", /^gave up: the database was not there after 1 s: Mongo\w+: .*ECONNREFUSED/);
    assert.ok(!stdout.includes("hunter2"));
  });

  it("passes a refusal on at once, and tries a lost connection again, four times at most", async () => {
    const ends = async (...codes: number[]): Promise<[number, number]> => {
      const { exitCode, stdout } = await shell(server.uri, await mongoshEnding(...codes));
      return [exitCode, stdout.match(/^run /gm)?.length ?? 0];
    };
    assert.deepEqual(await ends(2), [2, 1]);
    assert.deepEqual(await ends(1), [1, 1]);
    assert.deepEqual(await ends(3, 0), [0, 2]);
    assert.deepEqual(await ends(3, 3, 2), [2, 3]);
    assert.deepEqual(await ends(3, 3, 3, 3), [1, 4]);
  });

  it("gives an account that is refused less time than a server that is not there", async () => {
    const folder = await mkdtemp(join(directory, "mongosh-"));
    const script = 'echo "MongoServerError: Authentication failed." >&2; exit 1';
    await writeFile(join(folder, "mongosh"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const { exitCode, stdout } = await shell(server.uri, folder);
    assert.equal(exitCode, 1);
    assert.match(
      stdout,
      /gave up: the database answers, and refused the account for 1 s: MongoServerError: Authentication failed\.\n$/,
    );
  });
});

interface Ended {
  readonly stdout: string;
  readonly exitCode: number;
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { env, timeout: RUN_TIMEOUT_MS }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") reject(new Error(`${error.message}\n${stderr}`));
      else resolve({ stdout, exitCode: error === null ? 0 : Number(error.code) });
    });
  });
}
