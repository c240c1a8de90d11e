/** Time zones by name. */
import type { About } from "./settings";

/** What is allowed, for messages about an unknown time zone. */
export const TIMEZONE: Pick<About, "allowed" | "fix"> = {
  allowed: "a time zone of the IANA database, like Europe/Berlin",
  fix: "See `timedatectl list-timezones`.",
};

/** True for a time zone that the runtime knows, which has the IANA database. */
export function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
