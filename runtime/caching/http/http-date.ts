const DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun";
const LONG_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday";
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = String.raw`(?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})`;

/** The three forms of RFC 9110 5.6.7: the one that is written, and two of old that are still read. */
const FORMS = [
  new RegExp(String.raw`^(?:${DAYS}), (?<day>\d{2}) ${MONTH} (?<year>\d{4}) ${TIME} GMT$`),
  new RegExp(String.raw`^(?:${LONG_DAYS}), (?<day>\d{2})-${MONTH}-(?<year>\d{2}) ${TIME} GMT$`),
  new RegExp(String.raw`^(?:${DAYS}) ${MONTH} (?<day>[ \d]\d) ${TIME} (?<year>\d{4})$`),
];

/** Years of two digits more than so many ahead are of the century before. */
const MOST_YEARS_AHEAD = 50;

/**
 * When an HTTP date is, milliseconds since 1970; undefined when it is none. Stricter than `Date.parse`, which makes a
 * time of many a text: what is not a date has expired.
 */
export function parseHttpDate(text: string): number | undefined {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const [day, hour, minute, second] = ["day", "hour", "minute", "second"].map((name) =>
      Number(parts[name]),
    );
    const month = MONTHS.indexOf(parts["month"] ?? "");
    const time = Date.UTC(fullYear(parts["year"] ?? ""), month, day, hour, minute, second);
    const date = new Date(time);
    // A leap second is the first of the next minute; a 31st of February is none.
    const sound = date.getUTCMonth() === month || second === 60;
    return sound && Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60 ? time : undefined;
  }
  return undefined;
}

function fullYear(text: string): number {
  if (text.length === 4) return Number(text);
  const now = new Date().getUTCFullYear();
  const year = now - (now % 100) + Number(text);
  return year > now + MOST_YEARS_AHEAD ? year - 100 : year;
}
