/** How a proxy takes a certificate that was renewed, without losing a connection. Pure text, run by `sh`. */

/** What a program needs for it. */
export interface Reload {
  /** Files whose change is taken. */
  readonly files: readonly string[];
  /** Command that says whether the program would start with them. */
  readonly check: string;
  /** File with the id of the process to signal. */
  readonly pidFile: string;
  readonly signal: "HUP" | "USR2";
  /** How often it looks, seconds. @default 15 */
  readonly everySeconds?: number;
}

/**
 * The script of the container beside the proxy. A certificate that does not pass the check, half of a new pair for one,
 * is left for the next look: the proxy goes on with the one it has.
 */
export function reloadScript({ files, check, pidFile, signal, everySeconds = 15 }: Reload): string {
  const digest = `cat ${files.join(" ")} | sha256sum`;
  return [
    "trap 'exit 0' TERM INT QUIT USR1",
    `taken=$(${digest})`,
    "while true; do",
    // In the background, for a shell takes a signal only between commands.
    `  sleep ${everySeconds} & wait $!`,
    `  found=$(${digest})`,
    '  [ "$found" = "$taken" ] && continue',
    `  ${check} || { echo "the changed files are refused; the proxy goes on with those it has"; continue; }`,
    `  kill -${signal} "$(cat ${pidFile})" && taken=$found && echo "the proxy takes the changed files"`,
    "done",
    "",
  ].join("\n");
}
