import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { inspect } from "node:util";
import { MongoNetworkError, MongoServerError } from "mongodb";
import { Registry } from "prom-client";

import { DatabaseUnavailable, type DatabaseSettings, connectDatabase } from "../../../runtime/database";
import { translated, unavailableReason } from "../../../runtime/database/errors";
import { freePort } from "../../../cli/free-port";
import { recordingLogger } from "./recording-logger";

describe("errors of a database", () => {
  it("say nothing about credentials or addresses, whatever is wrong", async () => {
    const port = await closedPort();
    const wrong = [
      `mongodb://app:hunter2@127.0.0.1:${port}/retrofitlink`,
      "mongodb://app:hunter2%@127.0.0.1/retrofitlink",
      "mongodb://app:hunter2@:/retrofitlink",
      "mongodb://app:hunter2@127.0.0.1:99999/retrofitlink",
      "mongodb://app:hunter2@127.0.0.1/?maxPoolSize=many",
      "mongodb://app:hunt:er2@127.0.0.1/?nonsense=hunter2",
      "mongodb+srv://app:hunter2@localhost:1/x",
    ];
    for (const uri of wrong) {
      const logger = recordingLogger();
      const settings: DatabaseSettings = {
        uri,
        timeoutMs: 200,
        maxPoolSize: 1,
        minPoolSize: 0,
        maxConnecting: 1,
        waitQueueTimeoutMs: 100,
        readReplicaTags: {},
        slowQueryMs: 100,
      };
      let seen: unknown;
      try {
        const database = await connectDatabase({ settings, logger, registry: new Registry() });
        seen = await database.ping().catch((error: unknown) => error);
        await database.close(0);
        assert.ok(seen instanceof DatabaseUnavailable);
        assert.doesNotMatch(seen.message, /127\.0\.0\.1/);
      } catch (error) {
        assert.equal(
          (error as Error).message,
          "MONGODB_URI is no connection string that the driver understands",
        );
        seen = error;
      }
      assert.doesNotMatch(inspect([seen, logger.lines], { depth: 10 }), /hunter2/, uri);
    }
  });

  it("are 503 with a time to try again", () => {
    const { status, retryAfterSeconds, message } = new DatabaseUnavailable("pool-exhausted");
    assert.deepEqual(
      { status, retryAfterSeconds, message },
      {
        status: 503,
        retryAfterSeconds: 1,
        message: "the database is unavailable: all connections are in use",
      },
    );
    assert.equal(new DatabaseUnavailable("no-server").retryAfterSeconds, 5);
  });

  it("are told from those that a second try does not mend", () => {
    const serverError = (code: number): MongoServerError => new MongoServerError({ message: "x", code });
    const socketError = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
    assert.deepEqual(
      [18, 50, 91, 189, 10_107, 11_600, 11_602, 13_435, 13_436, 11_000, 2].map((code) =>
        unavailableReason(serverError(code)),
      ),
      [
        "credentials-refused",
        "timeout",
        ...Array.from({ length: 7 }, () => "no-server"),
        // A duplicate key and a bad value are the caller's.
        undefined,
        undefined,
      ],
    );
    assert.equal(unavailableReason(new MongoNetworkError("reset")), "connection-lost");
    assert.equal(unavailableReason(socketError), "connection-lost");
    for (const code of ["ENOTFOUND", "ECONNREFUSED"]) {
      const lookUp = Object.assign(new Error(`querySrv ${code}`), { code, syscall: "querySrv" });
      assert.equal(unavailableReason(lookUp), "no-server");
    }
    for (const other of [new Error("x"), new TypeError("x"), "x", undefined]) {
      assert.equal(unavailableReason(other), undefined);
      assert.equal(translated(other), other);
    }
    const unavailable = translated(socketError);
    assert.ok(unavailable instanceof DatabaseUnavailable);
    assert.equal(unavailable.cause, socketError);
    assert.equal(translated(unavailable), unavailable);
  });
});

/** A port of 127.0.0.1 that refuses connections. */
async function closedPort(): Promise<number> {
  const port = await freePort();
  const socket = connect(port, "127.0.0.1");
  await assert.rejects(once(socket, "connect"));
  return port;
}
