import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import ts from "typescript";

import { eventually } from "../helpers/eventually";
import { freePort } from "../../cli/free-port";
import { REDIS_PASSWORD, type RunningRedis } from "../helpers/redis-server";
import { startTestRedis } from "./caching/caches";

const run = promisify(execFile);
const ROOT = join(__dirname, "../..");
const BIN = join(ROOT, "node_modules/.bin");
const SUBPATHS = ["", "/caching", "/express", "/database", "/metrics", "/edge", "/tracing"];

/** What the program of the README is given, as the platform would. */
function environment(port: number, cache: RunningRedis, sessions: RunningRedis): NodeJS.ProcessEnv {
  const of = (prefix: string, redis: RunningRedis): NodeJS.ProcessEnv => ({
    [`${prefix}_HOST`]: "127.0.0.1",
    [`${prefix}_PORT`]: String(redis.port),
    [`${prefix}_PASSWORD`]: REDIS_PASSWORD,
    [`${prefix}_POOL_SIZE`]: "4",
    [`${prefix}_TIMEOUT_MS`]: "1500",
  });
  return {
    PATH: process.env["PATH"],
    PORT: String(port),
    REQUEST_TIMEOUT_MS: "10000",
    ...of("REDIS_CACHE", cache),
    ...of("REDIS_SESSION", sessions),
  };
}

/** The first program of the README, as it is printed. */
async function quickStart(): Promise<string> {
  const readme = await readFile(join(ROOT, "runtime/README.md"), "utf8");
  const [, program] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  assert.ok(program !== undefined);
  return program;
}

function javascript(program: string, module: ts.ModuleKind): string {
  return ts.transpileModule(program, { compilerOptions: { module, target: ts.ScriptTarget.ES2022 } })
    .outputText;
}

describe("the package that people install", function () {
  this.timeout(180_000);
  let folder: string;
  let tarball: string;

  /** A project with nothing but the package; what it wants beside it is found in the folders above. */
  before(async () => {
    const built = join(ROOT, "build/test");
    await mkdir(built, { recursive: true });
    folder = await mkdtemp(join(built, "package-"));
    await run("npm", ["pack", "--pack-destination", folder], { cwd: join(ROOT, "runtime") });
    tarball = join(folder, "retrofitlink-runtime-0.1.0.tgz");
    await run("tar", ["-xzf", tarball], { cwd: folder });
    await mkdir(join(folder, "node_modules/@retrofitlink"), { recursive: true });
    await cp(join(folder, "package"), join(folder, "node_modules/@retrofitlink/runtime"), {
      recursive: true,
    });
    await writeFile(join(folder, "package.json"), '{ "private": true }');
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it("has its code, its licence and its README, and not the reference backend", async () => {
    const { stdout } = await run("tar", ["-tzf", tarball]);
    const files = stdout.split("\n");
    for (const file of ["LICENSE", "README.md", "package.json", "dist/index.js", "dist/edge/index.d.ts"]) {
      assert.ok(files.includes(`package/${file}`), file);
    }
    assert.deepEqual(
      files.filter((file) => /reference-backend|\.map$|node_modules/.test(file)),
      [],
    );
  });

  it("has nothing against it of publint", async () => {
    const { stdout } = await run(join(BIN, "publint"), [tarball, "--strict"]);
    assert.match(stdout, /All good!/);
  });

  it("has types that resolve from CommonJS, ES modules and bundlers", async () => {
    await run(join(BIN, "attw"), [tarball, "--profile", "node16"]);
  });

  it("can be had by parts: a cache costs no AWS SDK and no driver of MongoDB", async () => {
    const loadedBy = async (subpath: string): Promise<string[]> => {
      const program = `require("@retrofitlink/runtime${subpath}"); console.log(JSON.stringify(Object.keys(require.cache)))`;
      const { stdout } = await run(process.execPath, ["-e", program], { cwd: folder });
      return JSON.parse(stdout) as string[];
    };
    const heavy = /node_modules\/(@aws-sdk|@smithy|mongodb|express)\//;
    for (const subpath of ["", "/caching", "/express", "/metrics", "/tracing"]) {
      const loaded = await loadedBy(subpath);
      assert.ok(loaded.length > 2, subpath);
      assert.deepEqual(
        loaded.filter((file) => heavy.test(file)),
        [],
        subpath,
      );
    }
    assert.ok((await loadedBy("/edge")).some((file) => file.includes("@aws-sdk")));
    assert.ok((await loadedBy("/database")).some((file) => file.includes("node_modules/mongodb/")));
  });

  it("is imported by name from ES modules", async () => {
    const names = {
      "": "ApiCacheManager, VariablesError",
      "/caching": "DataCacheManager, responseCache",
      "/express": "responseCache, httpMetrics",
      "/database": "connectDatabase",
      "/metrics": "httpMetrics, metricsHandler",
      "/edge": "urlSigner",
      "/tracing": "requestIds, currentRequestId",
    };
    assert.deepEqual(Object.keys(names), SUBPATHS);
    const lines = Object.entries(names).map(([subpath, list], index) => {
      const renamed = list.replaceAll(/\w+/g, (name) => `${name} as ${name}${index}`);
      return `import { ${renamed} } from "@retrofitlink/runtime${subpath}";`;
    });
    await writeFile(join(folder, "names.mjs"), lines.join("\n"));
    await run(process.execPath, ["names.mjs"], { cwd: folder });
  });

  describe("and its quick start, as the README prints it", () => {
    let cache: RunningRedis;
    let sessions: RunningRedis;
    let child: ChildProcess | undefined;

    before(async () => {
      [cache, sessions] = await Promise.all([startTestRedis("cache"), startTestRedis("session")]);
    });
    after(() => Promise.all([cache.stop(), sessions.stop()]));
    afterEach(() => void child?.kill("SIGKILL"));

    it("has no mistake of types, strictly and with the declarations of the package", async () => {
      await writeFile(join(folder, "quick-start.mts"), await quickStart());
      await writeFile(
        join(folder, "tsconfig.json"),
        JSON.stringify({
          compilerOptions: {
            strict: true,
            exactOptionalPropertyTypes: true,
            module: "nodenext",
            target: "es2022",
            noEmit: true,
            types: ["node"],
          },
          files: ["quick-start.mts"],
        }),
      );
      await run(join(BIN, "tsc"), ["--project", folder]).catch((error: Error & { stdout?: string }) =>
        assert.fail(error.stdout ?? error.message),
      );
    });

    for (const [name, file, module] of [
      ["an ES module", "quick-start.mjs", ts.ModuleKind.ESNext],
      ["CommonJS", "quick-start.cjs", ts.ModuleKind.CommonJS],
    ] as const) {
      it(`serves, caches, signs in and ends as ${name}`, async () => {
        const port = await freePort();
        await writeFile(join(folder, file), javascript(await quickStart(), module));
        child = spawn(process.execPath, [file], {
          cwd: folder,
          env: environment(port, cache, sessions),
          stdio: ["ignore", "pipe", "pipe"],
        });
        let output = "";
        for (const stream of [child.stdout, child.stderr]) {
          stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
        }
        const exited = once(child, "exit");
        const base = `http://127.0.0.1:${port}`;
        const status = async (path: string): Promise<string | null> => {
          if (child?.exitCode !== null) throw new Error(`the program ended:\n${output}`);
          const response = await fetch(`${base}${path}`).catch(() => undefined);
          await response?.arrayBuffer();
          return response?.headers.get("cache-status") ?? null;
        };
        await eventually(
          "a hit",
          () => status("/api/properties/7"),
          (text) => text?.includes("hit") === true,
          {
            withinMs: 20_000,
          },
        );
        const changed = await fetch(`${base}/api/properties/7`, { method: "PUT" });
        assert.ok(changed.ok, output);
        assert.match((await status("/api/properties/7")) ?? "", /fwd=miss/);
        assert.match(await (await fetch(`${base}/api/properties/7/savings`)).text(), /savings/);
        const signedIn = await fetch(`${base}/sign-in`, { method: "POST" });
        const { token } = (await signedIn.json()) as { token: string };
        const me = await fetch(`${base}/me`, { headers: { authorization: `Bearer ${token}` } });
        assert.deepEqual(await me.json(), { userId: "42" });
        assert.match(
          await (await fetch(`${base}/metrics`)).text(),
          /redis_cache_hits_total\{cache="api"\} [1-9]/,
        );
        child.kill("SIGTERM");
        assert.deepEqual(await exited, [0, null], output);
      });
    }
  });
});
