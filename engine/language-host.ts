/**
 * The engine's Node.js language host, as far as it takes to run a program and a policy pack with the plain CLI. The
 * official one comes with the official CLI and is used when that is there; this one serves where the CLI was built
 * from its Go module, which does not contain it.
 */
import { spawn, type ChildProcess } from "node:child_process";

import { status, type sendUnaryData, type ServerUnaryCall, type ServerWritableStream } from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as language from "@pulumi/pulumi/proto/language_pb";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";

import { servePlugin } from "./plugin-server";
import { PULUMI_VERSION } from "./version";

/** With this the SDK says that it has told the user what is wrong already. */
const EXIT_ALREADY_REPORTED = 32;

/** MAX_ARG_STRLEN of Linux less the name: the SDK takes the whole configuration from one environment variable. */
const LONGEST_VARIABLE = 128 * 1024 - 64;

const children = new Set<ChildProcess>();

function start(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  nodeArgs: readonly string[] = [],
): ChildProcess {
  const child = spawn(process.execPath, [...nodeArgs, program, ...args], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  child.on("close", () => children.delete(child));
  return child;
}

process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Path of one of the SDK's entry points, in the SDK of the program that is run and not of the sandbox. */
function sdkEntryPoint(name: string, from: string): string {
  return require.resolve(`@pulumi/pulumi/cmd/${name}`, { paths: [from] });
}

function unary<Request, Response>(answer: (request: Request) => Response) {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
    callback(null, answer(call.request));
  };
}

/** Flags of Node.js that Pulumi.yaml asks for, as words. The official host knows quotation marks, too. */
function nodeArgs(options: Readonly<Record<string, unknown>>): string[] {
  const { nodeargs } = options;
  return typeof nodeargs === "string" ? nodeargs.split(/\s+/).filter(Boolean) : [];
}

function run(
  call: ServerUnaryCall<language.RunRequest, language.RunResponse>,
  callback: sendUnaryData<language.RunResponse>,
): void {
  const request = call.request;
  const info = request.getInfo();
  const root = info?.getProgramDirectory() ?? request.getPwd();
  const options = info?.getOptions()?.toJavaScript() ?? {};
  const args = [
    ["--monitor", request.getMonitorAddress()],
    ["--engine", process.argv[2] ?? ""],
    ["--organization", request.getOrganization()],
    ["--project", request.getProject()],
    ["--root-directory", info?.getRootDirectory() ?? ""],
    ["--stack", request.getStack()],
    ["--pwd", request.getPwd()],
    ["--parallel", String(request.getParallel())],
  ].flatMap(([flag, value]) => (value === undefined || value === "" ? [] : [flag ?? "", value]));
  if (request.getDryrun()) args.push("--dry-run");
  args.push(info?.getEntryPoint() ?? ".", ...request.getArgsList());

  const config = JSON.stringify(Object.fromEntries(request.getConfigMap().toArray()));
  if (config.length > LONGEST_VARIABLE) {
    const response = new language.RunResponse();
    response.setError(
      `the stack file holds ${config.length} bytes of configuration; the system passes at most ${LONGEST_VARIABLE} ` +
        "to a program. Split the stack, for example by team",
    );
    callback(null, response);
    return;
  }
  const environment = {
    ...process.env,
    PULUMI_NODEJS_TYPESCRIPT: options["typescript"] === false ? "false" : "true",
    ...(typeof options["tsconfig"] === "string" ? { PULUMI_NODEJS_TSCONFIG_PATH: options["tsconfig"] } : {}),
    PULUMI_CONFIG: config,
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
  };
  const child = start(sdkEntryPoint("run", root), args, request.getPwd(), environment, nodeArgs(options));
  // What the program prints belongs to the user; the engine shows the language host's output.
  child.stdout?.pipe(process.stdout, { end: false });
  child.stderr?.pipe(process.stderr, { end: false });
  call.on("cancelled", () => child.kill("SIGTERM"));
  child.on("close", (code, signal) => {
    const response = new language.RunResponse();
    if (code === EXIT_ALREADY_REPORTED) response.setBail(true);
    else if (code !== 0) {
      const how = signal === null ? `code ${code}` : `signal ${signal}`;
      response.setError(`the program ended with ${how}`);
    }
    callback(null, response);
  });
}

/** Runs a policy pack: the only kind of plugin that is written in Node.js here. */
function runPlugin(call: ServerWritableStream<language.RunPluginRequest, language.RunPluginResponse>): void {
  const request = call.request;
  if (request.getKind() !== "analyzer") {
    call.emit("error", {
      code: status.UNIMPLEMENTED,
      message: `the sandbox's language host runs policy packs, not plugins of the kind "${request.getKind()}"`,
    });
    return;
  }
  const folder = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
  const given = request.getEnvList().map((entry) => {
    const at = entry.indexOf("=");
    return [entry.slice(0, at), entry.slice(at + 1)] as const;
  });
  const env = given.length > 0 ? Object.fromEntries(given) : process.env;
  const args = [...request.getArgsList(), "."];
  const child = start(sdkEntryPoint("run-policy-pack", folder), args, folder, env);
  const forward = (set: (response: language.RunPluginResponse, chunk: Buffer) => void) => (chunk: Buffer) => {
    const response = new language.RunPluginResponse();
    set(response, chunk);
    call.write(response);
  };
  child.stdout?.on(
    "data",
    forward((response, chunk) => response.setStdout(chunk)),
  );
  child.stderr?.on(
    "data",
    forward((response, chunk) => response.setStderr(chunk)),
  );
  call.on("cancelled", () => child.kill("SIGTERM"));
  child.on("close", (code) => {
    const response = new language.RunPluginResponse();
    response.setExitcode(code ?? 1);
    call.write(response);
    call.end();
  });
}

servePlugin(LanguageRuntimeService, {
  handshake: unary(() => new language.LanguageHandshakeResponse()),
  getPluginInfo: unary(() => {
    const info = new plugin.PluginInfo();
    info.setVersion(PULUMI_VERSION);
    return info;
  }),
  // Nothing is to be downloaded: providers are on PATH.
  getRequiredPackages: unary(() => new language.GetRequiredPackagesResponse()),
  getRequiredPlugins: unary(() => new language.GetRequiredPluginsResponse()),
  getProgramDependencies: unary(() => new language.GetProgramDependenciesResponse()),
  about: unary(() => {
    const about = new language.AboutResponse();
    about.setExecutable(process.execPath);
    about.setVersion(process.version);
    about.getMetadataMap().set("host", __dirname);
    return about;
  }),
  run,
  runPlugin,
});
