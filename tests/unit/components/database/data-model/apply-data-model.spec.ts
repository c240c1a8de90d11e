import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";

import { CATALOGUE } from "../../../../../product/data-model/catalogue";
import {
  JOB_FILES,
  jobInput,
  jobText,
  type JobInput,
} from "../../../../../components/database/data-model/job-input";

type Command = Record<string, unknown>;
type ListedIndex = { name: string; key: Record<string, unknown>; [option: string]: unknown };

const ID_INDEX: ListedIndex = { v: 2, name: "_id_", key: { _id: 1 } };

/**
 * A server as far as the script asks for one: lists what it was told to hold, the way MongoDB lists it, and keeps the
 * commands. The spec beside it, tests/runtime/database/data-model.spec.ts, runs the script against a real server; this
 * one has what that server lacks: sharding, TTL, text, partial indexes, the profiler.
 */
class FakeServer {
  readonly commands: Command[] = [];
  readonly indexes: Record<string, ListedIndex[]> = {};
  readonly sharded: Record<string, Record<string, unknown>> = {};
  profiler = { was: 0, slowms: 100 };
  /** Makes a command fail, by its name. */
  refuse: Record<string, { code: number; message: string; name?: string }> = {};

  /** What `db` is in mongosh. */
  shell(name: string): object {
    return {
      getSiblingDB: (sibling: string) => this.shell(sibling),
      getCollectionNames: () => Object.keys(this.indexes),
      getCollection: (collection: string) => ({
        getIndexes: () => this.indexes[collection] ?? [],
        findOne: ({ _id }: { _id: string }) => {
          assert.equal(`${name}.${collection}`, "config.collections");
          const key = this.sharded[_id];
          return key === undefined ? null : { _id, key };
        },
      }),
      runCommand: (command: Command) => this.run(name, command),
      adminCommand: (command: Command) => this.run("admin", command),
    };
  }

  private run(database: string, command: Command): unknown {
    const [action = ""] = Object.keys(command);
    if (command["profile"] === -1) return this.profiler;
    const refusal = this.refuse[action];
    if (refusal !== undefined) throw Object.assign(new Error(refusal.message), refusal);
    // The script's objects are of another realm; what a server gets is BSON anyway.
    this.commands.push(JSON.parse(JSON.stringify({ database, ...command })) as Command);
    const collection = String(command[action]);
    if (action === "create") this.indexes[collection] = [ID_INDEX];
    if (action === "createIndexes") {
      const [index] = command["indexes"] as [ListedIndex];
      (this.indexes[collection] ??= [ID_INDEX]).push(listed(index));
    }
    if (action === "dropIndexes") {
      this.indexes[collection] = (this.indexes[collection] ?? []).filter(
        ({ name }) => name !== command["index"],
      );
    }
    if (action === "collMod") {
      const { name, expireAfterSeconds } = command["index"] as { name: string; expireAfterSeconds: number };
      const found = this.indexes[collection]?.find((index) => index.name === name);
      if (found !== undefined) found["expireAfterSeconds"] = expireAfterSeconds;
    }
    if (action === "shardCollection") this.sharded[collection] = command["key"] as Record<string, unknown>;
    if (action === "profile") {
      this.profiler = { was: Number(command["profile"]), slowms: Number(command["slowms"]) };
    }
    return { ok: 1 };
  }
}

/** A number as the shell shows one that the server keeps as an integer. */
class Long {
  constructor(private readonly value: number) {}
  toNumber(): number {
    return this.value;
  }
}

/** An index as MongoDB lists it: text as its inner form, numbers as the shell's own types. */
function listed(index: ListedIndex): ListedIndex {
  const fields = Object.keys(index.key).filter((field) => index.key[field] === "text");
  const key = Object.fromEntries(
    Object.entries(index.key).flatMap(([field, kind]): [string, unknown][] => {
      if (kind !== "text") return [[field, typeof kind === "number" ? new Long(kind) : kind]];
      return field === fields[0]
        ? [
            ["_fts", "text"],
            ["_ftsx", 1],
          ]
        : [];
    }),
  );
  const ttl = index["expireAfterSeconds"];
  return {
    v: 2,
    ...index,
    key,
    ...(fields.length === 0
      ? {}
      : {
          weights: Object.fromEntries(
            // The server sorts them.
            [...fields]
              .sort()
              .map((field) => [
                field,
                new Long((index["weights"] as Record<string, number> | undefined)?.[field] ?? 1),
              ]),
          ),
          default_language: "english",
          textIndexVersion: 3,
        }),
    ...(typeof ttl === "number" ? { expireAfterSeconds: new Long(ttl) } : {}),
  };
}

interface Outcome {
  readonly exitCode: number;
  readonly lines: readonly Record<string, unknown>[];
  readonly summary: Record<string, number>;
  /** The last line as it was printed. */
  readonly last: string;
}

/** Runs the script as mongosh does. */
function apply(server: FakeServer, model: JobInput): Outcome {
  const printed: string[] = [];
  let exitCode = 0;
  runInNewContext(jobText(JOB_FILES.script), {
    db: server.shell("test"),
    print: (line: string) => printed.push(line),
    quit: (code: number) => {
      exitCode = code;
    },
    require: () => ({ readFileSync: () => JSON.stringify(model) }),
    process: { env: { DATA_MODEL_FILE: "the model" } },
  });
  const lines = printed.map((line) => JSON.parse(line) as Record<string, unknown>);
  const last = lines.pop() as { summary: Record<string, number> };
  return { exitCode, lines, summary: last.summary, last: printed.at(-1) ?? "" };
}

const options = {
  database: "retrofitlink",
  sharded: true,
  allowDrops: false,
  profiler: { level: 0, slowMs: 100 },
} as const;

const whole = jobInput(CATALOGUE, options);

/** A model of one collection. */
function model(change: Partial<JobInput> & { indexes?: object[]; shardKey?: object }): JobInput {
  const { indexes = [], shardKey, ...rest } = change;
  return {
    ...options,
    collections: [
      {
        name: "notes",
        ...(shardKey === undefined ? {} : { shardKey: shardKey as Record<string, unknown> }),
        indexes: indexes as Record<string, unknown>[],
      },
    ],
    ...rest,
  };
}

function serverWith(...indexes: ListedIndex[]): FakeServer {
  const server = new FakeServer();
  server.indexes["notes"] = [ID_INDEX, ...indexes.map(listed)];
  return server;
}

describe("the script of the data-model Job", () => {
  it("applies the whole catalogue, and changes nothing when it is asked again", () => {
    const server = new FakeServer();
    server.profiler = { was: 0, slowms: 250 };
    const first = apply(server, whole);
    assert.equal(first.exitCode, 0);
    const indexes = CATALOGUE.reduce((sum, collection) => sum + collection.indexes.length, 0);
    const keyed = CATALOGUE.filter(({ sharding }) => sharding.key !== undefined).length;
    assert.deepEqual(first.summary, {
      changed: CATALOGUE.length + indexes + keyed + 1,
      unchanged: CATALOGUE.length - keyed,
      refused: 0,
      failed: 0,
    });
    assert.equal(first.lines.length, first.summary["changed"]);

    const before = server.commands.length;
    const second = apply(server, whole);
    assert.equal(server.commands.length, before, "a second run sends no command that changes anything");
    assert.deepEqual([second.exitCode, second.lines], [0, []]);
    assert.equal(second.summary["changed"], 0);
  });

  it("creates one index at a time, with its options, in the database of the application", () => {
    const server = new FakeServer();
    apply(server, whole);
    const of = (collection: string, name: string): unknown =>
      server.commands.find((command) => {
        const [index] = (command["indexes"] ?? []) as [{ name: string }?];
        return command["createIndexes"] === collection && index?.name === name;
      });
    assert.deepEqual(of("users", "email_unique"), {
      database: "retrofitlink",
      createIndexes: "users",
      indexes: [{ name: "email_unique", key: { email: 1 }, unique: true }],
    });
    assert.deepEqual(of("sessions", "expired_ttl"), {
      database: "retrofitlink",
      createIndexes: "sessions",
      indexes: [{ name: "expired_ttl", key: { expiresAt: 1 }, expireAfterSeconds: 0 }],
    });
    assert.deepEqual(of("contractors", "text_search"), {
      database: "retrofitlink",
      createIndexes: "contractors",
      indexes: [
        {
          name: "text_search",
          key: { name: "text", description: "text" },
          weights: { name: 10, description: 1 },
        },
      ],
    });
    assert.deepEqual(of("messages", "unread"), {
      database: "retrofitlink",
      createIndexes: "messages",
      indexes: [
        {
          name: "unread",
          key: { recipientId: 1, sentAt: -1 },
          partialFilterExpression: { read: false },
        },
      ],
    });
    const created = server.commands.filter((command) => "createIndexes" in command);
    assert.ok(created.every((command) => (command["indexes"] as unknown[]).length === 1));
  });

  it("shards by the keys of the catalogue, each after its index is there, and only where it is asked to", () => {
    const server = new FakeServer();
    apply(server, whole);
    assert.deepEqual(
      server.commands.filter((command) => "shardCollection" in command),
      CATALOGUE.filter(({ sharding }) => sharding.key !== undefined).map(({ name, sharding }) => ({
        database: "admin",
        shardCollection: `retrofitlink.${name}`,
        key: sharding.key,
      })),
    );
    const position = (wanted: (command: Command) => boolean): number => server.commands.findIndex(wanted);
    const shards = position((command) => command["shardCollection"] === "retrofitlink.auditEvents");
    const index = position(
      (command) =>
        command["createIndexes"] === "auditEvents" && JSON.stringify(command).includes('"shard_key"'),
    );
    assert.ok(index >= 0 && index < shards);

    const single = new FakeServer();
    apply(single, { ...whole, sharded: false });
    assert.ok(single.commands.every((command) => !("shardCollection" in command)));
  });

  it("refuses to change a shard key or to take it away, and says what to run by hand", () => {
    const server = serverWith();
    server.sharded["retrofitlink.notes"] = { ownerId: "hashed" };
    const changed = apply(server, model({ shardKey: { ownerId: 1 } }));
    assert.deepEqual([changed.exitCode, changed.summary["refused"]], [2, 1]);
    const [line] = changed.lines;
    assert.deepEqual(
      [line?.["outcome"], line?.["action"], line?.["is"], line?.["wanted"]],
      ["refused", "change shard key", { ownerId: "hashed" }, { ownerId: 1 }],
    );
    assert.match(String(line?.["fix"]), /reshardCollection by hand/);

    const gone = apply(server, model({}));
    assert.deepEqual([gone.exitCode, gone.lines[0]?.["action"]], [2, "unshard"]);
    assert.deepEqual(server.commands, [], "allowed drops or not, it never reshards");
    assert.equal(apply(server, model({ allowDrops: true })).exitCode, 2);
  });

  it("changes a TTL in place", () => {
    const index = { name: "ttl", key: { at: 1 } };
    const server = serverWith({ ...index, expireAfterSeconds: 60 });
    const { lines, exitCode } = apply(server, model({ indexes: [{ ...index, expireAfterSeconds: 90 }] }));
    assert.equal(exitCode, 0);
    assert.deepEqual(lines, [
      { outcome: "changed", collection: "notes", action: "change TTL", index: "ttl", from: 60, to: 90 },
    ]);
    assert.deepEqual(server.commands, [
      { database: "retrofitlink", collMod: "notes", index: { name: "ttl", expireAfterSeconds: 90 } },
    ]);
  });

  it("gives an index that had none a TTL in place", () => {
    const index = { name: "ttl", key: { at: 1 } };
    const server = serverWith(index);
    apply(server, model({ indexes: [{ ...index, expireAfterSeconds: 90 }] }));
    assert.deepEqual(
      server.commands.map(({ collMod }) => collMod),
      ["notes"],
    );
  });

  for (const [what, is, wanted, action] of [
    ["remove a TTL", { key: { at: 1 }, expireAfterSeconds: 60 }, { key: { at: 1 } }, "remove TTL"],
    ["change the fields", { key: { at: 1 } }, { key: { at: 1, size: 1 } }, "rebuild index"],
    ["change the order", { key: { at: 1 } }, { key: { at: -1 } }, "rebuild index"],
    ["make it unique", { key: { at: 1 } }, { key: { at: 1 }, unique: true }, "rebuild index"],
    [
      "change what a partial one holds",
      { key: { at: 1 }, partialFilterExpression: { open: true } },
      { key: { at: 1 }, partialFilterExpression: { open: false } },
      "rebuild index",
    ],
    [
      "change the weights of a text index",
      { key: { text: "text" }, weights: { text: 2 } },
      { key: { text: "text" }, weights: { text: 3 } },
      "rebuild index",
    ],
  ] as const) {
    it(`refuses to ${what}, and does it by a drop when that is allowed`, () => {
      const server = serverWith({ name: "i", ...is });
      const indexes = [{ name: "i", ...wanted }];
      const refused = apply(server, model({ indexes }));
      assert.deepEqual([refused.exitCode, refused.lines[0]?.["action"]], [2, action]);
      assert.match(String(refused.lines[0]?.["fix"]), /allow drops for this run/);
      assert.deepEqual(server.commands, []);

      const allowed = apply(server, model({ indexes, allowDrops: true }));
      assert.equal(allowed.exitCode, 0);
      assert.deepEqual(
        server.commands.map((command) => Object.keys(command)[1]),
        ["dropIndexes", "createIndexes"],
      );
      assert.deepEqual(apply(server, model({ indexes })).lines, []);
    });
  }

  it("finds an index under another name, and leaves it that name", () => {
    const server = serverWith({ name: "ownerId_1", key: { ownerId: 1 } });
    const { lines, summary } = apply(server, model({ indexes: [{ name: "owner", key: { ownerId: 1 } }] }));
    assert.deepEqual([lines, summary["unchanged"], server.commands], [[], 3, []]);
  });

  it("notices an index that the catalogue does not have, without failing, and drops it when allowed", () => {
    const server = serverWith({ name: "forgotten", key: { colour: 1 } });
    const noticed = apply(server, model({}));
    assert.equal(noticed.exitCode, 0);
    assert.deepEqual(noticed.lines, [
      { outcome: "noticed", collection: "notes", action: "unlisted index", index: "forgotten" },
    ]);
    const dropped = apply(server, model({ allowDrops: true }));
    assert.deepEqual(dropped.lines, [
      { outcome: "changed", collection: "notes", action: "drop index", index: "forgotten" },
    ]);
    assert.deepEqual(server.indexes["notes"], [ID_INDEX], "the index on _id stays");
  });

  it("goes on after a failure, says which, and ends with 1", () => {
    const server = new FakeServer();
    server.refuse["createIndexes"] = { code: 11000, message: "E11000 duplicate key" };
    const { exitCode, lines, summary } = apply(
      server,
      model({ indexes: [{ name: "u", key: { at: 1 }, unique: true }], shardKey: { at: 1 } }),
    );
    assert.equal(exitCode, 1);
    assert.deepEqual(lines[1], {
      outcome: "failed",
      collection: "notes",
      action: "create index",
      index: "u",
      key: { at: 1 },
      code: 11000,
      error: "E11000 duplicate key",
    });
    assert.deepEqual(summary, { changed: 2, unchanged: 1, refused: 0, failed: 1 });
  });

  it("sets the threshold of slow queries where it differs, and only notices a server that does not let it", () => {
    const server = serverWith();
    server.profiler = { was: 0, slowms: 200 };
    apply(server, model({}));
    assert.deepEqual(server.commands, [{ database: "retrofitlink", profile: 0, slowms: 100 }]);

    const closed = serverWith();
    closed.profiler = { was: 0, slowms: 200 };
    closed.refuse["profile"] = { code: 13, message: "not authorized" };
    const { exitCode, lines } = apply(closed, model({}));
    assert.equal(exitCode, 0);
    assert.deepEqual(lines, [
      { outcome: "noticed", action: "set profiler", code: 13, error: "not authorized" },
    ]);
  });

  it("ends with a line that names what failed and what was refused, short enough for the message of a pod", () => {
    const server = new FakeServer();
    server.refuse["createIndexes"] = { code: 11000, message: `E11000 duplicate key ${"x".repeat(1000)}` };
    const names = Array.from({ length: 40 }, (_, at) => `index_${at}`);
    const { last } = apply(server, model({ indexes: names.map((name) => ({ name, key: { [name]: 1 } })) }));
    const { problems } = JSON.parse(last) as { problems: string[] };
    assert.match(problems[0] ?? "", /^failed: notes: create index index_0: E11000 duplicate key/);
    assert.equal(problems.at(-1), "and 35 more");
    // The kubelet keeps the last 2048 bytes of a log.
    assert.ok(Buffer.byteLength(last) < 2048, String(Buffer.byteLength(last)));

    const refused = serverWith({ ...ID_INDEX, name: "u", key: { other: 1 } });
    const { last: line } = apply(refused, model({ indexes: [{ name: "u", key: { at: 1 } }] }));
    assert.match(line, /"problems":\["refused: notes: rebuild index u: Give the changed index another name/);
  });

  it("ends with 3 when the connection was lost, whatever it was doing, so that it is tried again", () => {
    const lost = [
      { code: 0, name: "MongoNetworkError", message: "connection 3 to 10.0.0.7:27017 closed" },
      { code: 189, name: "MongoServerError", message: "primary stepped down" },
    ];
    for (const error of lost) {
      for (const command of ["create", "createIndexes", "profile"]) {
        const server = new FakeServer();
        server.profiler = { was: 0, slowms: 200 };
        server.refuse[command] = error;
        const { exitCode, last } = apply(server, model({ indexes: [{ name: "u", key: { at: 1 } }] }));
        assert.deepEqual(
          [exitCode, JSON.parse(last)],
          [3, { outcome: "lost", error: error.message }],
          command,
        );
      }
    }
  });
});
