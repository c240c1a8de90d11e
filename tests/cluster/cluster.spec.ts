import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import {
  clusterDirectory,
  knownClusters,
  removeCluster,
  runningCluster,
  startCluster,
  stopCluster,
  type ClusterParts,
} from "../../sandbox/cluster/cluster";
import {
  ApiError,
  KubernetesClient,
  connectionFromKubeconfig,
} from "../../sandbox/cluster/kubernetes-client";
import { runningPid } from "../../sandbox/cluster/processes";
import { isAlive } from "../../cli/lock";
import { clusterParts, down, prepareToolchain } from "../../sandbox/sandbox";
import { SCRATCH, removeAbandoned } from "../helpers/sandbox-folder";

const silent = (): void => undefined;

const MAP = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "kept", namespace: "default" },
  data: { a: "1" },
};
/** Of a kind that a CustomResourceDefinition defines. */
const AUTOSCALER = {
  apiVersion: "autoscaling.k8s.io/v1",
  kind: "VerticalPodAutoscaler",
  metadata: { name: "one", namespace: "default" },
  spec: { targetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "one" } },
};
const APPLY = { fieldManager: "test", force: false, dryRun: false };

function pids(name: string): number[] {
  const directory = clusterDirectory(name);
  return ["etcd", "kube-apiserver"].flatMap((program) => runningPid({ name: program, directory }) ?? []);
}

describe("cluster of the sandbox", function () {
  this.timeout(300_000);
  let parts: ClusterParts;

  before(async () => {
    parts = clusterParts(await prepareToolchain(silent));
  });

  /** Those of one operator: all of them take half a minute. */
  function someDefinitions(): string {
    const folder = join(SCRATCH, "definitions");
    const operator = "vertical-pod-autoscaler";
    cpSync(join(parts.customResourceDefinitions ?? "", operator), join(folder, operator), {
      recursive: true,
    });
    return folder;
  }

  afterEach(async () => {
    for (const name of knownClusters()) await removeCluster(name);
  });

  it("is found running by the next command", async () => {
    const first = await startCluster("one", parts, silent);
    const second = await startCluster("one", parts, silent);
    assert.deepEqual([first.reused, second.reused], [false, true]);
    assert.equal(second.server, first.server);
    assert.equal((await runningCluster("one"))?.server, first.server);
  });

  it("runs beside another one", async () => {
    const [one, two] = await Promise.all([
      startCluster("one", parts, silent),
      startCluster("two", parts, silent),
    ]);
    assert.notEqual(one.server, two.server);
  });

  it("comes back with its objects when both programs were killed", async () => {
    const cluster = await startCluster("one", parts, silent);
    const client = new KubernetesClient(connectionFromKubeconfig(cluster.kubeconfig));
    await client.apply(MAP, APPLY);
    client.close();
    for (const pid of pids("one")) process.kill(pid, "SIGKILL");
    while (pids("one").length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(await runningCluster("one"), undefined);

    const again = await startCluster("one", parts, silent);
    const second = new KubernetesClient(connectionFromKubeconfig(again.kubeconfig));
    const found = await second.read(MAP);
    second.close();
    assert.deepEqual(found?.["data"], { a: "1" });
  });

  it("begins with the definitions that another one has taken in, and with nothing else of it", async () => {
    const seed = join(SCRATCH, "seed");
    const some = { ...parts, customResourceDefinitions: someDefinitions(), seed };
    const said: string[] = [];
    for (const name of ["one", "two"]) {
      const { kubeconfig } = await startCluster(name, some, (line) => said.push(line));
      const client = new KubernetesClient(connectionFromKubeconfig(kubeconfig));
      assert.equal(await client.read(MAP), undefined);
      await client.apply(MAP, APPLY);
      await client.apply(AUTOSCALER, APPLY);
      const wrong = { ...AUTOSCALER, spec: { targetRef: "one" } };
      await assert.rejects(client.apply(wrong, APPLY), (error) => error instanceof ApiError);
      client.close();
    }
    assert.deepEqual(said, ["installed 2 CustomResourceDefinitions"]);
  });

  it("takes the definitions in where a seed cannot be kept", async () => {
    const file = join(SCRATCH, "no-folder");
    writeFileSync(file, "");
    const some = { ...parts, customResourceDefinitions: someDefinitions(), seed: join(file, "seed") };
    const { kubeconfig } = await startCluster("one", some, silent);
    const client = new KubernetesClient(connectionFromKubeconfig(kubeconfig));
    await client.apply(AUTOSCALER, APPLY);
    client.close();
  });

  it("takes other ports when one was taken in the meantime", async () => {
    // Stands for etcd and finds its port taken the first time.
    const wrapper = join(SCRATCH, "etcd");
    const marker = join(SCRATCH, "tried");
    writeFileSync(
      wrapper,
      `#!/bin/sh\nif [ ! -e "${marker}" ]; then touch "${marker}"; echo "listen tcp: bind: address already in use"; exit 1; fi\nexec "${parts.etcd}" "$@"\n`,
    );
    chmodSync(wrapper, 0o755);
    const lines: string[] = [];
    const without = { ...parts, etcd: wrapper, customResourceDefinitions: undefined };
    await startCluster("one", without, (line) => lines.push(line));
    assert.ok(lines.includes("a port was taken in the meantime; trying others"));
  });

  it("says what the program said when it does not start", async () => {
    const broken = join(SCRATCH, "broken");
    writeFileSync(broken, "#!/bin/sh\necho 'this is why'\nexit 3\n");
    chmodSync(broken, 0o755);
    await assert.rejects(startCluster("one", { ...parts, apiServer: broken }, silent), {
      message: /^kube-apiserver ended while it started:\nthis is why\n {2}next: read /,
    });
    assert.deepEqual(pids("one"), []);
  });

  it("does not kill a program that got the number of a dead one", async () => {
    mkdirSync(clusterDirectory("one"), { recursive: true });
    writeFileSync(join(clusterDirectory("one"), "etcd.pid"), String(process.pid));
    await stopCluster("one");
    assert.ok(isAlive(process.pid));
  });

  it("is gone with all its processes and files after down", async () => {
    await startCluster("one", parts, silent);
    const running = pids("one");
    assert.equal(running.length, 2);
    const directory = clusterDirectory("one");
    assert.deepEqual(await down(), ["one"]);
    assert.deepEqual(running.filter(isAlive), []);
    assert.ok(!existsSync(directory));
    mkdirSync(SCRATCH, { recursive: true });
  });

  it("of a test process that was killed is ended and removed by the next one", async () => {
    const place = join(SCRATCH, "killed");
    // Beyond the largest number a process can have.
    const directory = join(place, "sandbox-99999999", "clusters", "tests");
    const mine = join(place, `sandbox-${process.pid}`);
    for (const folder of [directory, mine]) mkdirSync(folder, { recursive: true });
    // Without pipes: the sleep outlives the shell, and would keep this process.
    const server = spawn("sh", ["-c", "sleep 60; true", directory], { stdio: "ignore" });
    writeFileSync(join(directory, "etcd.pid"), String(server.pid));
    const ended = once(server, "exit");
    removeAbandoned(place);
    assert.deepEqual(await ended, [null, "SIGKILL"]);
    assert.deepEqual([existsSync(directory), existsSync(mine)], [false, true]);
  });

  it("keeps its credentials from other users of the machine", async () => {
    const { kubeconfig } = await startCluster("one", parts, silent);
    const { statSync } = await import("node:fs");
    const directory = clusterDirectory("one");
    const files = [kubeconfig, join(directory, "token.csv"), join(directory, "service-account.key")];
    assert.deepEqual(
      files.map((file) => statSync(file).mode & 0o077),
      [0, 0, 0],
    );
    const anonymous = { ...connectionFromKubeconfig(kubeconfig), token: "wrong" };
    const client = new KubernetesClient(anonymous);
    await assert.rejects(client.list("v1", "Secret"), (error: unknown) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.status, 401);
      return true;
    });
    client.close();
    assert.match(readFileSync(kubeconfig, "utf8"), /server: https:\/\/127\.0\.0\.1:/);
  });
});
