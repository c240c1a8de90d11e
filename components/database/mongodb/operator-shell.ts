/**
 * Makes `kubectl exec statefulset/mongodb-optimized -- mongosh --eval …` reach the server of that pod. The servers take
 * TLS and a password only, so the command alone would be refused; a hook of the operator puts a `mongosh` before the
 * image's in the PATH that adds what is missing. It gives nobody more than they have: whoever may run a command in the
 * pod can read the same password there.
 */
import type * as k8s from "@pulumi/kubernetes";

/** Where things are in the server's container. */
export interface ShellFolders {
  /** For the `mongosh` of operators: on the volume of the operator's programs, the only one it may write one to. */
  readonly shell: string;
  /** Names and passwords, as the operator last set them. */
  readonly users: string;
  /** Certificate of the servers' authority. */
  readonly tls: string;
}

const FOLDERS: ShellFolders = {
  shell: "/opt/percona/shell",
  users: "/etc/users-secret",
  tls: "/etc/mongodb-ssl",
};

const IMAGE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Variables of the server's container. */
export function shellEnvironment(): k8s.types.input.core.v1.EnvVar[] {
  return [{ name: "PATH", value: `${FOLDERS.shell}:${IMAGE_PATH}` }];
}

/** What says where to connect and as whom; the operator's own calls all do. */
const OWN_CONNECTION = [
  "mongodb://*",
  "mongodb+srv://*",
  "-u*",
  "-p*",
  "-h",
  "--username*",
  "--password*",
  "--host*",
  "--port*",
  "--tls*",
  "--ssl*",
  "--authentication*",
  "--nodb",
  "--help",
  "--version",
].join(" | ");

/** The `mongosh` that operators meet. A connection of the caller's own goes through untouched. */
export function shellScript({ shell, users, tls }: ShellFolders = FOLDERS): string {
  return `#!/bin/sh
mongosh=$(PATH=$(printf %s "$PATH" | sed 's#^${shell}:##') command -v mongosh) || exit 127
for argument; do
  case $argument in
    ${OWN_CONNECTION}) exec "$mongosh" "$@" ;;
  esac
done
exec "$mongosh" --host localhost --port "\${MONGODB_PORT:-27017}" \\
  --tls --tlsCAFile ${tls}/ca.crt --authenticationDatabase admin \\
  --username "$(cat ${users}/MONGODB_DATABASE_ADMIN_USER)" \\
  --password "$(cat ${users}/MONGODB_DATABASE_ADMIN_PASSWORD)" "$@"
`;
}

/**
 * Sourced by the operator's entry script right before it starts the server. The server starts whatever becomes of the
 * shell: a failure is said and ignored.
 */
export function shellHook(folders: ShellFolders = FOLDERS): string {
  const file = `${folders.shell}/mongosh`;
  return `{
  mkdir -p ${folders.shell} && cat >${file} <<'END_OF_MONGOSH' && chmod 0755 ${file}
${shellScript(folders)}END_OF_MONGOSH
} || echo "the mongosh of operators could not be written; give it a user and --tls by hand" >&2
`;
}
