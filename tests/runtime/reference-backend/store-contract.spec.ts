import assert from "node:assert/strict";
import { Registry } from "prom-client";

import { connectDatabase } from "../../../runtime/database";
import { MemoryStore } from "../../../runtime/reference-backend/memory-store";
import {
  ENERGY_CLASSES,
  type Quote,
  type Store,
  TRADES,
  type User,
} from "../../../runtime/reference-backend/model";
import { MongoStore } from "../../../runtime/reference-backend/mongo-store";
import { sampleContractors, sampleProperties } from "../../../runtime/reference-backend/sample-data";
import { FERRETDB_BUILD_TIMEOUT_MS, type RunningFerretdb, startFerretdb } from "../../helpers/ferretdb";
import { recordingLogger } from "../database/recording-logger";

const PROPERTIES = 200;
const CONTRACTORS = 25;

const UNKNOWN = "ffffffffffffffffffffffff";

let server: RunningFerretdb | undefined;

const STORES: Readonly<Record<string, () => Promise<Store>>> = {
  "the built-in catalogue": () =>
    Promise.resolve(new MemoryStore({ properties: PROPERTIES, contractors: CONTRACTORS })),
  "a database": async () => {
    server = await startFerretdb();
    const settings = {
      uri: server.uri,
      timeoutMs: 5000,
      maxPoolSize: 5,
      minPoolSize: 0,
      maxConnecting: 2,
      waitQueueTimeoutMs: 1000,
      readReplicaTags: {},
      slowQueryMs: 5000,
    };
    const options = { settings, logger: recordingLogger(), registry: new Registry() };
    const store = new MongoStore(await connectDatabase(options));
    await store.seed(sampleProperties(PROPERTIES), sampleContractors(CONTRACTORS));
    // The second time nothing is left to do.
    await store.seed(sampleProperties(PROPERTIES), sampleContractors(CONTRACTORS));
    return store;
  },
};

// What holds for one holds for the other: a load test without a database asks the same questions.
for (const [name, open] of Object.entries(STORES)) {
  describe(`the store in ${name}`, () => {
    let store: Store;

    before(async function () {
      this.timeout(FERRETDB_BUILD_TIMEOUT_MS);
      store = await open();
    });

    after(async () => {
      await store?.close(100);
      await server?.stop();
    });

    it("finds the buildings of a city, the newest first", async () => {
      const found = await store.searchProperties({ city: "Köln", limit: 50 });
      const wanted = sampleProperties(PROPERTIES).filter(({ city }) => city === "Köln");
      assert.equal(wanted.length, 40);
      assert.deepEqual(new Set(found.map(({ id }) => id)), new Set(wanted.map(({ id }) => id)));
      const dates = found.map(({ updatedAt }) => updatedAt.getTime());
      assert.deepEqual(
        dates,
        [...dates].sort((a, b) => b - a),
      );
      const [first] = found;
      assert.deepEqual(
        first,
        wanted.find(({ id }) => id === first?.id),
      );
    });

    it("finds them by energy class, and never more than wanted", async () => {
      for (const energyClass of ENERGY_CLASSES) {
        const found = await store.searchProperties({ city: "Berlin", energyClass, limit: 3 });
        assert.equal(found.length, 3);
        for (const property of found) {
          assert.deepEqual([property.city, property.energyClass], ["Berlin", energyClass]);
        }
      }
      assert.deepEqual(await store.searchProperties({ city: "Atlantis", limit: 3 }), []);
    });

    it("finds the companies of a trade, the best first, and in an area", async () => {
      for (const trade of TRADES) {
        const found = await store.searchContractors({ trade, limit: 4 });
        assert.equal(found.length, 4);
        assert.ok(found.every(({ trades }) => trades.includes(trade)));
        const ratings = found.map(({ rating }) => rating);
        assert.deepEqual(
          ratings,
          [...ratings].sort((a, b) => b - a),
        );
        const near = await store.searchContractors({ trade, postalCode: "10115", limit: 50 });
        assert.ok(near.length > 0 && near.every(({ postalCodes }) => postalCodes.includes("10115")));
      }
    });

    it("finds one by its id, and says when there is none", async () => {
      const [property] = sampleProperties(1);
      const [contractor] = sampleContractors(1);
      assert.ok(property !== undefined && contractor !== undefined);
      assert.deepEqual(await store.property(property.id), property);
      assert.deepEqual(await store.contractor(contractor.id), contractor);
      assert.equal(await store.property(UNKNOWN), undefined);
      assert.equal(await store.contractor(UNKNOWN), undefined);
      assert.equal(await store.user(UNKNOWN), undefined);
    });

    it("keeps quotes and users", async () => {
      const user: User = {
        id: "6b04f0a3a5d6044c58c2f301",
        email: "guest@guest.invalid",
        role: "owner",
        createdAt: new Date("2026-11-01T10:00:00Z"),
      };
      await store.addUser(user);
      assert.deepEqual(await store.user(user.id), user);
      const quote: Quote = {
        id: "6b04f0a3a5d6044c58c2f302",
        projectId: "6b04f0a3a5d6044c58c2f303",
        propertyId: "6b04f0a3a5d6044c58c2f304",
        contractorId: "6b04f0a3a5d6044c58c2f305",
        trade: "solar",
        status: "submitted",
        total: 12_000,
        submittedAt: new Date("2026-11-01T10:00:00Z"),
        expiresAt: new Date("2026-12-01T10:00:00Z"),
      };
      await store.addQuote(quote);
      await store.ping();
    });
  });
}

describe("the built-in catalogue", () => {
  it("does not grow with what a load test adds", async () => {
    const store = new MemoryStore({ properties: 5, contractors: 5 });
    const idOf = (index: number): string => index.toString(16).padStart(24, "0");
    for (let index = 0; index <= 10_000; index++) {
      await store.addUser({ id: idOf(index), email: "", role: "owner", createdAt: new Date(0) });
    }
    assert.equal(await store.user(idOf(0)), undefined);
    assert.equal((await store.user(idOf(10_000)))?.id, idOf(10_000));
  });
});
