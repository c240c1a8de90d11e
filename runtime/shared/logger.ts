import { activeTrace, currentRequestId } from "./correlation";

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
 * A logger that writes one JSON object a line. Within a request the line has its `requestId`, and within a span of OpenTelemetry
 * `trace_id` and `span_id`, the names that its log readers look for.
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
    const time = new Date().toISOString();
    write(`${JSON.stringify({ time, level, message, ...correlation(), ...fields })}\n`);
  };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

function correlation(): LogFields {
  const requestId = currentRequestId();
  const trace = activeTrace();
  return {
    ...(requestId === undefined ? {} : { requestId }),
    ...(trace === undefined ? {} : { trace_id: trace.traceId, span_id: trace.spanId }),
  };
}

/** JSON lines to stderr, warnings and above. */
export const defaultLogger: Logger = jsonLogger("warn");
