/** Numbers as Grafana writes them in these units; used by the page's own script as well. */

/** @param unit Grafana's id of a unit */
export function figure(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "no data";
  switch (unit) {
    case "s":
      return Math.abs(value) < 1 && value !== 0 ? `${short(1000 * value)} ms` : `${short(value)} s`;
    case "percentunit":
      return `${short(100 * value)} %`;
    case "reqps":
      return `${short(value)} req/s`;
    case "ops":
      return `${short(value)} ops/s`;
    case "bytes":
      return bytes(value);
    case "binBps":
      return `${bytes(value)}/s`;
    default:
      return short(value);
  }
}

/** Three digits that count. */
function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${short(value / 1e6)} M`;
  if (size >= 1e4) return `${short(value / 1e3)} k`;
  if (size >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(size < 1 ? 2 : 3)));
}

function bytes(value: number): string {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.abs(value) || 1) / 10)));
  return `${short(value / 1024 ** power)} ${["B", "KiB", "MiB", "GiB", "TiB"][power] ?? ""}`;
}

/** `14:03:20`, UTC. @param seconds since 1970 */
export function clock(seconds: number): string {
  return new Date(1000 * seconds).toISOString().slice(11, 19);
}
