/** What happened, as an object beside the message. Never a secret, never personal data. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The least that a logger does. Those of pino, winston and the console fit with a line each. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

type Level = keyof Logger;

const LEVELS: readonly Level[] = ["debug", "info", "warn", "error"];

/**
 * A logger that writes one JSON object a line.
 *
 * @param least levels below it are dropped
 * @param write takes a line with its line break. @default to stderr
 */
export function jsonLogger(
  least: Level,
  write: (line: string) => void = (line) => void process.stderr.write(line),
): Logger {
  const log = (level: Level) => (message: string, fields?: LogFields) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return;
    write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
  };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

/** JSON lines to stderr, warnings and above. */
export const defaultLogger: Logger = jsonLogger("warn");
