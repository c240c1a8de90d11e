import { join } from "node:path";

import { PULUMI_VERSION } from "../../engine/version";

/** A program the sandbox needs, and the ways to get it. */
export interface Program {
  readonly name: string;
  /** Arguments that print the version. Undefined for a program that does not tell: PATH is not looked at then. */
  readonly versionArguments?: readonly string[];
  /** Accepts what the program printed about its version. A program on PATH that fails this is passed over. */
  readonly accepts: (versionOutput: string) => boolean;
  /** What is accepted, for messages. */
  readonly wanted: string;
  /** Module under `sandbox/toolchain/`, package to build in it, and linker flags. */
  readonly build: {
    readonly module: string;
    readonly package: string;
    readonly linkerFlags: string;
    /** Patterns of packages that the sandbox never runs: they are compiled without inlining, in little more than half the time. */
    readonly idlePackages?: readonly string[];
    /** On two cores with nothing built before, and another build beside it: for the progress line. */
    readonly takes: string;
  };
}

export const KUBERNETES_VERSION = "1.36.3";

const [kubernetesMajor, kubernetesMinor] = KUBERNETES_VERSION.split(".");

const kubernetesFlags = [
  `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`,
  `-X k8s.io/component-base/version.gitMajor=${kubernetesMajor}`,
  `-X k8s.io/component-base/version.gitMinor=${kubernetesMinor}`,
].join(" ");

/** Accepts versions from `major.minor` on, within the same major. */
export function atLeast(major: number, minor: number): (output: string) => boolean {
  return (output) => {
    const found = /(\d+)\.(\d+)\.\d+/.exec(output);
    return found !== null && Number(found[1]) === major && Number(found[2]) >= minor;
  };
}

export const PULUMI: Program = {
  name: "pulumi",
  versionArguments: ["version"],
  accepts: atLeast(3, 200),
  wanted: "3.200 or later",
  build: {
    module: "pulumi",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    // Without a version the Automation API refuses the program.
    linkerFlags: `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${PULUMI_VERSION}`,
    // State in buckets, keys of clouds, Pulumi Cloud's own API: here state is a folder, and secrets have a passphrase.
    idlePackages: [
      "github.com/aws/...",
      "github.com/Azure/...",
      "cloud.google.com/...",
      "google.golang.org/api/...",
      "github.com/envoyproxy/...",
      "github.com/pb33f/...",
    ],
    takes: "10 minutes",
  },
};

export const ETCD: Program = {
  name: "etcd",
  versionArguments: ["--version"],
  accepts: atLeast(3, 5),
  wanted: "3.5 or later",
  build: { module: "kubernetes", package: "go.etcd.io/etcd/server/v3", linkerFlags: "", takes: "a minute" },
};

export const API_SERVER: Program = {
  name: "kube-apiserver",
  versionArguments: ["--version"],
  accepts: atLeast(1, 33),
  wanted: "1.33 or later",
  build: {
    module: "kubernetes",
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    linkerFlags: kubernetesFlags,
    takes: "10 minutes",
  },
};

export const KUBECTL: Program = {
  name: "kubectl",
  versionArguments: ["version", "--client"],
  accepts: atLeast(1, 33),
  wanted: "1.33 or later",
  build: {
    module: "kubernetes",
    package: "k8s.io/kubernetes/cmd/kubectl",
    linkerFlags: kubernetesFlags,
    takes: "half a minute",
  },
};

const kubernetesProgram = (name: string, takes: string): Program => ({
  name,
  versionArguments: ["--version"],
  accepts: atLeast(1, 33),
  wanted: "1.33 or later",
  build: {
    module: "kubernetes",
    package: `k8s.io/kubernetes/cmd/${name}`,
    linkerFlags: kubernetesFlags,
    takes,
  },
});

export const CONTROLLER_MANAGER = kubernetesProgram("kube-controller-manager", "a minute");

export const SCHEDULER = kubernetesProgram("kube-scheduler", "half a minute");

export const KWOK_VERSION = "0.8.0";

/** Nodes and pods that are only said to run. */
export const KWOK: Program = {
  name: "kwok",
  versionArguments: ["--version"],
  accepts: atLeast(0, 7),
  wanted: "0.7 or later",
  build: {
    module: "nodes",
    package: "sigs.k8s.io/kwok/cmd/kwok",
    linkerFlags: `-X sigs.k8s.io/kwok/pkg/consts.Version=${KWOK_VERSION}`,
    takes: "a minute",
  },
};

export const METRICS_SERVER: Program = {
  name: "metrics-server",
  accepts: () => false,
  wanted: "0.9",
  build: {
    module: "nodes",
    package: "sigs.k8s.io/metrics-server/cmd/metrics-server",
    linkerFlags: "",
    takes: "half a minute",
  },
};

const keda = (name: string, command: string, takes: string): Program => ({
  name,
  accepts: () => false,
  wanted: "2.21",
  build: {
    module: "keda",
    package: `github.com/kedacore/keda/v2/cmd/${command}`,
    linkerFlags: "",
    takes,
  },
});

/** Only when asked for: it brings the clients of everything that it can scale by. */
export const KEDA_OPERATOR = keda("keda-operator", "operator", "15 minutes");

export const KEDA_ADAPTER = keda("keda-adapter", "adapter", "a minute");

/** The sandbox's own main package around FerretDB 1.24.0. The last number counts up when `ferretdb/main.go` changes. */
const FERRETDB_VERSION = "1.24.0-1";

/**
 * A server of the MongoDB wire protocol over SQLite, for the tests and benchmarks of the data path: no registry has a
 * mongod. One file a database, `ferretdb --listen=HOST:PORT --directory=FOLDER`.
 */
export const FERRETDB: Program = {
  name: "ferretdb",
  versionArguments: ["--version"],
  // An official ferretdb has other arguments.
  accepts: (output) => output.trim() === `retrofitlink-ferretdb ${FERRETDB_VERSION}`,
  wanted: FERRETDB_VERSION,
  build: {
    module: "ferretdb",
    package: "retrofitlink.local/toolchain/ferretdb",
    linkerFlags: `-X main.version=${FERRETDB_VERSION}`,
    takes: "3 minutes",
  },
};

/** Folder of a pinned Go module. */
export function moduleDirectory(module: string): string {
  return join(__dirname, module);
}
