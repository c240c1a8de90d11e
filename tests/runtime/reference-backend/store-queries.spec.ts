import assert from "node:assert/strict";
import { MongoClient, type CommandStartedEvent, type Document } from "mongodb";

import type { Collection, HotQuery } from "../../../budget/database/data-model/collection";
import { asksEveryShard, unserved } from "../../../budget/database/data-model/serving";
import { CATALOGUE } from "../../../product/data-model/catalogue";
import type { Database } from "../../../runtime/database";
import { MongoStore } from "../../../runtime/reference-backend/mongo-store";
import { FERRETDB_BUILD_TIMEOUT_MS, type RunningFerretdb, startFerretdb } from "../../helpers/ferretdb";

/** What the driver sent: the real commands, not what somebody thinks of them. */
interface Sent {
  readonly collection: Collection;
  readonly filter: Document;
  readonly sort: readonly (readonly [string, number])[];
  readonly limit: number;
}

const ID = "0123456789abcdef01234567";

const collectionOf = (name: unknown): Collection => {
  const found = CATALOGUE.find((collection) => collection.name === name);
  assert.ok(found, `${String(name)} is in no data model`);
  return found;
};

/** The query of the data model that a command is. */
function declared({ collection, filter, sort, limit }: Sent): HotQuery | undefined {
  const fields = Object.keys(filter);
  return collection.queries.find((query) => {
    const always = Object.entries(query.always ?? {});
    const needed = [...query.equality, ...always.map(([field]) => field), ...(query.inDocument ?? [])];
    const allowed = [...needed, ...(query.optional ?? []), ...(query.range ?? [])];
    return (
      needed.every((field) => fields.includes(field)) &&
      fields.every((field) => allowed.includes(field)) &&
      always.every(([field, value]) => filter[field] === value) &&
      (query.range ?? []).every((field) => fields.includes(field)) &&
      JSON.stringify(query.sort ?? []) === JSON.stringify(sort) &&
      limit <= query.limit
    );
  });
}

describe("queries of the reference backend", function () {
  this.timeout(20_000);
  let server: RunningFerretdb;
  let client: MongoClient;
  let store: MongoStore;
  let commands: CommandStartedEvent[] = [];

  const sentBy = async (work: () => Promise<unknown>): Promise<CommandStartedEvent[]> => {
    commands = [];
    await work();
    return commands.filter(({ commandName }) => ["find", "insert", "aggregate"].includes(commandName));
  };

  const readBy = async (work: () => Promise<unknown>): Promise<Sent> => {
    const sent = await sentBy(work);
    assert.deepEqual(
      sent.map(({ commandName }) => commandName),
      ["find"],
    );
    const { find, filter, sort, limit } = sent[0]?.command as Document;
    return {
      collection: collectionOf(find),
      filter: filter as Document,
      sort: sort instanceof Map ? [...(sort as Map<string, number>)] : Object.entries((sort ?? {}) as object),
      limit: limit as number,
    };
  };

  before(async function () {
    this.timeout(FERRETDB_BUILD_TIMEOUT_MS);
    server = await startFerretdb();
    client = await new MongoClient(server.uri, { monitorCommands: true }).connect();
    client.on("commandStarted", (event) => commands.push(event));
    // The store on a plain client: what the runtime puts around it changes no query.
    const database: Pick<Database, "collection" | "run"> = {
      collection: (name) => client.db("retrofitlink").collection(name),
      run: (work) => work({ maxTimeMS: 5000 } as Parameters<typeof work>[0]),
    };
    store = new MongoStore(database as Database);
  });

  after(async () => {
    await client?.close();
    await server?.stop();
  });

  const READS: Readonly<Record<string, () => Promise<unknown>>> = {
    "properties: search in a city": () => store.searchProperties({ city: "Köln", limit: 50 }),
    "properties: search in a city, of one energy class": () =>
      store.searchProperties({ city: "Köln", energyClass: "G", limit: 50 }),
    "properties: by id": () => store.property(ID),
    "contractors: by trade": () => store.searchContractors({ trade: "windows", limit: 50 }),
    "contractors: by trade in an area": () =>
      store.searchContractors({ trade: "windows", postalCode: "50667", limit: 50 }),
    "contractors: by id": () => store.contractor(ID),
    "users: by id": () => store.user(ID),
  };

  for (const [name, read] of Object.entries(READS)) {
    it(`are in the data model and served by an index: ${name}`, async () => {
      const sent = await readBy(read);
      const query = declared(sent);
      const [collection = "", wanted = ""] = name.split(/: |, of/);
      assert.deepEqual([sent.collection.name, query?.name], [collection, wanted]);
      assert.ok(query !== undefined);
      assert.equal(unserved(sent.collection.indexes, query), undefined);
    });
  }

  it("by id ask one shard", async () => {
    for (const read of [() => store.property(ID), () => store.contractor(ID), () => store.user(ID)]) {
      const sent = await readBy(read);
      const query = declared(sent);
      assert.ok(query !== undefined);
      assert.equal(asksEveryShard(sent.collection, query), false, sent.collection.name);
    }
  });

  it("would be found missing: another sort, another field, a longer list", async () => {
    const sent = await readBy(() => store.searchProperties({ city: "Köln", limit: 50 }));
    assert.ok(declared(sent));
    assert.equal(declared({ ...sent, sort: [["constructionYear", 1]] }), undefined);
    assert.equal(declared({ ...sent, filter: { ...sent.filter, heatingType: "oil" } }), undefined);
    assert.equal(declared({ ...sent, filter: { ...sent.filter, listed: false } }), undefined);
    assert.equal(declared({ ...sent, limit: 1000 }), undefined);
  });

  it("write documents that name their shard, into collections that are written to", async () => {
    const now = new Date();
    const sent = await sentBy(async () => {
      await store.addUser({ id: ID, email: "ada@example.com", role: "owner", createdAt: now });
      await store.addQuote({
        ...{ id: ID, projectId: ID, propertyId: ID, contractorId: ID, trade: "windows", total: 1 },
        ...{ status: "submitted", submittedAt: now, expiresAt: now },
      });
    });
    const written = sent.map(({ command }) => {
      const { insert, documents } = command as { insert: string; documents: Document[] };
      const { name, writes, sharding } = collectionOf(insert);
      const missing = Object.keys(sharding.key ?? {}).filter((field) => documents[0]?.[field] === undefined);
      return [name, writes > 0, missing];
    });
    assert.deepEqual(written, [
      ["users", true, []],
      ["quotes", true, []],
    ]);
  });
});
