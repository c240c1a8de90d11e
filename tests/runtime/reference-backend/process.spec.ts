import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { eventually } from "../../helpers/eventually";
import { FERRETDB_BUILD_TIMEOUT_MS, type RunningFerretdb, startFerretdb } from "../../helpers/ferretdb";
import { freePort } from "../../../cli/free-port";
import { BACKEND_ENVIRONMENT, type BackendProcess, runBackend, startBackend } from "./process";

const ROOT = join(__dirname, "../../..");
const DATABASE = {
  DATABASE_TIMEOUT_MS: "800",
  MONGODB_MAX_POOL_SIZE: "10",
  MONGODB_WAIT_QUEUE_TIMEOUT_MS: "300",
};

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
  readonly milliseconds: number;
}

/** One request. @throws the socket's error when there is no answer */
function get(port: number, path: string, agent: Agent | false = false): Promise<Answer> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: "127.0.0.1", port, path, agent, timeout: 6000 });
    outgoing.once("timeout", () => outgoing.destroy(new Error(`no answer to ${path}`)));
    outgoing.once("error", (error) => reject(Object.assign(error, { reusedSocket: outgoing.reusedSocket })));
    outgoing.once("response", (incoming) => {
      let body = "";
      incoming.on("data", (chunk: Buffer) => (body += chunk.toString()));
      incoming.once("error", reject);
      incoming.once("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          body,
          retryAfter: incoming.headers["retry-after"],
          milliseconds: performance.now() - started,
        }),
      );
    });
    outgoing.end();
  });
}

describe("the reference backend as a process", () => {
  let backend: BackendProcess | undefined;

  afterEach(async () => {
    await backend?.stop();
    backend = undefined;
  });

  it("does not start with missing variables, and names them all without a stack trace", async () => {
    const { code, output } = await runBackend({ KEEP_ALIVE_TIMEOUT_MS: "soon" });
    assert.equal(code, 1);
    assert.deepEqual(output.split("\n"), [
      "cannot start: environment variables are missing or wrong:",
      "  - PORT is not set; allowed is a whole number from 0 to 65535",
      "  - REQUEST_TIMEOUT_MS is not set; allowed is a whole number from 1 to 2147483647",
      '  - KEEP_ALIVE_TIMEOUT_MS is "soon"; allowed is a whole number from 1 to 2147483647',
      "  - SHUTDOWN_TIMEOUT_MS is not set; allowed is a whole number from 1 to 2147483647",
      "",
    ]);
  });

  it("does not start on a port that is taken, and does not hang", async () => {
    backend = await startBackend(BACKEND_ENVIRONMENT);
    const { code, output } = await runBackend({ ...BACKEND_ENVIRONMENT, PORT: String(backend.port) });
    assert.equal(code, 1);
    assert.match(output, /"message":"cannot start".*EADDRINUSE/);
  });

  it("serves its built-in catalogue without a database, and says so", async () => {
    backend = await startBackend(BACKEND_ENVIRONMENT);
    assert.match(backend.output(), /MONGODB_URI is not set: serving the built-in catalogue/);
    const { status, body } = await get(backend.port, "/api/properties?city=Leipzig&limit=1");
    assert.equal(status, 200);
    assert.equal(JSON.parse(body).properties[0].city, "Leipzig");
    assert.equal((await get(backend.port, "/ready")).status, 200);
  });

  it("loses no request when it is told to end under load, and ends with 0", async () => {
    backend = await startBackend(BACKEND_ENVIRONMENT);
    const { port } = backend;
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    let answered = 0;
    const lost: string[] = [];
    const client = async (): Promise<void> => {
      for (;;) {
        try {
          const { status } = await get(port, "/api/properties?city=Berlin&limit=50", agent);
          if (status === 200) answered++;
          else lost.push(`status ${status}`);
        } catch (error) {
          const { code, message, reusedSocket } = error as NodeJS.ErrnoException & { reusedSocket: boolean };
          // Refused, or reset before it was accepted: by then the pod is in no list of endpoints any more.
          if (code === "ECONNREFUSED" || (code === "ECONNRESET" && !reusedSocket)) return;
          lost.push(code ?? message);
          return;
        }
      }
    };
    const clients = Array.from({ length: 20 }, client);
    try {
      const before = await eventually(
        "some load",
        () => answered,
        (count) => count > 50,
      );
      backend.signal("SIGTERM");
      await Promise.all(clients);
      assert.equal(await backend.ended(), 0);
      assert.deepEqual(lost, []);
      assert.ok(answered > before, `${before} before, ${answered} in all`);
      assert.match(backend.output(), /"message":"shut down","complete":true/);
    } finally {
      agent.destroy();
    }
  });

  it("starts from what `npm run build` makes of it", async function () {
    this.timeout(60_000);
    // Inside the checkout, so that the packages are found.
    await mkdir(join(ROOT, "build/test"), { recursive: true });
    const folder = await mkdtemp(join(ROOT, "build/test/runtime-"));
    try {
      const tsc = join(ROOT, "node_modules/.bin/tsc");
      const args = ["--project", "runtime/tsconfig.build.json", "--outDir", folder];
      await promisify(execFile)(tsc, args, { cwd: ROOT, timeout: 50_000 });
      const files = await readdir(folder);
      for (const file of ["index.js", "index.d.ts"]) assert.ok(files.includes(file), file);
      backend = await startBackend(BACKEND_ENVIRONMENT, [
        relative(ROOT, join(folder, "reference-backend/main.js")),
      ]);
      assert.equal((await get(backend.port, "/health")).status, 200);
    } finally {
      await backend?.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  describe("with a database", () => {
    let server: RunningFerretdb;

    before(async function () {
      this.timeout(FERRETDB_BUILD_TIMEOUT_MS);
      server = await startFerretdb();
    });

    after(async () => {
      await server?.stop();
    });

    it("answers 503 in bounded time while the database is gone, and recovers by itself", async () => {
      backend = await startBackend({ ...BACKEND_ENVIRONMENT, ...DATABASE, MONGODB_URI: server.uri });
      const { port } = backend;
      const path = "/api/properties?city=Berlin";
      const answers: Answer[] = [];
      let load = true;
      const client = async (): Promise<void> => {
        while (load) {
          answers.push(await get(port, path));
          await sleep(5);
        }
      };
      const clients = Array.from({ length: 10 }, client);
      try {
        await sleep(300);
        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
        await server.killHard();
        await sleep(1500);
        assert.equal((await get(port, "/ready")).status, 503);
        assert.equal((await get(port, "/health")).status, 200);
        await server.restart();
        await eventually(
          "an answer",
          () => get(port, path),
          ({ status }) => status === 200,
          { withinMs: 8000, everyMs: 50 },
        );
        assert.equal((await get(port, "/ready")).status, 200);
      } finally {
        load = false;
        await Promise.all(clients);
      }
      const failed = answers.filter(({ status }) => status !== 200);
      assert.ok(failed.length > 0);
      assert.deepEqual(new Set(failed.map(({ status }) => status)), new Set([503]));
      assert.ok(failed.every(({ retryAfter }) => Number(retryAfter) >= 1));
      const slowest = Math.max(...answers.map(({ milliseconds }) => milliseconds));
      assert.ok(slowest < 2000, `${slowest} ms`);
      backend.signal("SIGTERM");
      assert.equal(await backend.ended(), 0);
    });

    it("says nothing of its credentials, whatever happens to the database", async () => {
      const uri = `mongodb://app:hunter2@127.0.0.1:${await freePort()}/retrofitlink`;
      backend = await startBackend({ ...BACKEND_ENVIRONMENT, ...DATABASE, MONGODB_URI: uri });
      const answers = [
        await get(backend.port, "/api/properties?city=Berlin"),
        await get(backend.port, "/ready"),
      ];
      assert.deepEqual(
        answers.map(({ status }) => status),
        [503, 503],
      );
      const metrics = await get(backend.port, "/metrics");
      backend.signal("SIGTERM");
      assert.equal(await backend.ended(), 0);
      const said = [...answers, metrics].map(({ body }) => body).join("\n") + backend.output();
      assert.doesNotMatch(said, /hunter2/);
      const malformed = { ...BACKEND_ENVIRONMENT, ...DATABASE, MONGODB_URI: "mongodb://app:hunter2%zz@db/x" };
      const { code, output } = await runBackend(malformed);
      assert.equal(code, 1);
      assert.match(output, /cannot start/);
      assert.doesNotMatch(output, /hunter2/);
    });
  });
});
