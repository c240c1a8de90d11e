/** What a run did, for people and for programs. */
import type { BuiltAssets, BuiltFile } from "./build";
import type { PublishPlan } from "./publish-plan";

/** `build/assets/report.json` */
export interface AssetsReport {
  readonly store: string;
  readonly dryRun: boolean;
  readonly files: number;
  /** Of the files as they are. */
  readonly bytes: number;
  /** Of what a browser that reads Brotli gets: the variant where there is one, else the file. */
  readonly brotliBytes: number;
  readonly gzipBytes: number;
  /** `bytes - brotliBytes`. */
  readonly savedBytes: number;
  readonly uploaded: readonly string[];
  readonly uploadedBytes: number;
  readonly unchanged: number;
  readonly removed: readonly string[];
  readonly kept: number;
  /** Paths under which a CDN may still have something else: uploaded, and not named by their content. */
  readonly invalidate: readonly string[];
  readonly skipped: readonly string[];
  readonly broken: BuiltAssets["broken"];
}

export function assetsReport(
  built: BuiltAssets,
  plan: PublishPlan,
  more: Pick<AssetsReport, "store" | "dryRun" | "skipped">,
  publicPath: string,
): AssetsReport {
  const [bytes, brotliBytes, gzipBytes] = totals(built.files);
  return {
    ...more,
    files: built.files.length,
    bytes,
    brotliBytes,
    gzipBytes,
    savedBytes: bytes - brotliBytes,
    uploaded: plan.put.map(({ key }) => key),
    uploadedBytes: sum(plan.put.map(({ content }) => content.length)),
    unchanged: plan.unchanged.length,
    removed: plan.remove,
    kept: plan.kept.length,
    invalidate: plan.put
      .filter(({ cacheControl }) => !cacheControl.includes("immutable"))
      .map(({ key }) => encodeURI(publicPath + key)),
    broken: built.broken,
  };
}

/** A table by type of content, and what happened. */
export function reportLines(report: AssetsReport, files: readonly BuiltFile[]): string[] {
  const types = [...new Set(files.map(typeOf))].sort();
  const rows = types.map((type) =>
    row(
      type,
      files.filter((file) => typeOf(file) === type),
    ),
  );
  const table = [
    ["", "files", "bytes", "gzip", "brotli", "saved"],
    ...rows,
    ...(rows.length > 1 ? [row("all", files)] : []),
  ];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((cells) => cells[column]?.length ?? 0)),
  );
  const lines = table.map(
    (cells) =>
      `  ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ")}`,
  );
  const verb = report.dryRun ? "would be" : "were";
  return [
    ...lines,
    "",
    `  ${report.store}: ${report.uploaded.length} objects ${verb} uploaded (${report.uploadedBytes} bytes), ` +
      `${report.unchanged} are unchanged, ${report.removed.length} ${verb} removed, ${report.kept} old ones are kept`,
    ...report.skipped.map((path) => `  left out, because it is hidden: ${path}`),
    ...report.broken.map(
      ({ file, reference }) => `  warning: ${file} refers to ${reference}, which is not there`,
    ),
  ];
}

function typeOf({ contentType }: BuiltFile): string {
  return contentType.split(";")[0] ?? contentType;
}

function row(title: string, files: readonly BuiltFile[]): string[] {
  const [bytes, brotli, gzip] = totals(files);
  const saved = bytes === 0 ? 0 : (1 - brotli / bytes) * 100;
  return [title, ...[files.length, bytes, gzip, brotli].map(String), `${saved.toFixed(0)} %`];
}

function totals(files: readonly BuiltFile[]): [bytes: number, brotli: number, gzip: number] {
  return [
    sum(files.map(({ bytes }) => bytes)),
    sum(files.map(({ bytes, brotliBytes }) => brotliBytes ?? bytes)),
    sum(files.map(({ bytes, gzipBytes }) => gzipBytes ?? bytes)),
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
