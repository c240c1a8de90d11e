import { parseArgs } from "node:util";

import { UserError } from "../../cli/user-error";
import { KEEP_DAYS } from "./publish";

/** Where to publish. */
export type AssetsTarget =
  | { readonly kind: "s3" | "gcs"; readonly bucket: string; readonly prefix: string }
  | { readonly kind: "folder"; readonly folder: string };

export interface AssetsArguments {
  readonly folder: string;
  readonly target: AssetsTarget;
  readonly publicPath: string;
  readonly hashed: readonly string[];
  readonly keepDays: number;
  readonly dryRun: boolean;
}

const USAGE =
  "make assets FOLDER=dist TARGET=s3://bucket/assets [PUBLIC_PATH=/assets/] [HASHED=folder,folder] [KEEP_DAYS=30] [DRY_RUN=1]";

/** Reads the command line. @throws UserError that says what is allowed */
export function assetsArguments(argv: readonly string[]): AssetsArguments {
  const { values } = parseOrRefuse(argv);
  const { folder = "", target = "", hashed = "" } = values;
  if (folder === "") throw new UserError("no folder was given", USAGE);
  const where = targetOf(target);
  const defaultPath = where.kind === "folder" || where.prefix === "" ? "/" : `/${where.prefix}`;
  const publicPath = values["public-path"] ?? "";
  const path = publicPath === "" ? defaultPath : publicPath;
  if (!/^\/([A-Za-z0-9_~.-]+\/)*$/.test(path) || path.includes("..")) {
    throw new UserError(
      `PUBLIC_PATH is ${JSON.stringify(path)}`,
      "give a path with a slash at both ends: /assets/",
    );
  }
  const days = values["keep-days"] ?? "";
  const keepDays = days === "" ? KEEP_DAYS : Number(days);
  if (!Number.isInteger(keepDays) || keepDays < 1) {
    throw new UserError(`KEEP_DAYS is ${JSON.stringify(days)}`, "give a whole number of at least 1");
  }
  return {
    folder,
    target: where,
    publicPath: path,
    hashed: hashed
      .split(",")
      .map((name) => name.replace(/\/+$/, ""))
      .filter((name) => name !== ""),
    keepDays,
    dryRun: values["dry-run"] ?? false,
  };
}

function targetOf(text: string): AssetsTarget {
  const bucket = /^(s3|gs):\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:\/(.*))?$/.exec(text);
  if (bucket !== null) {
    const prefix = (bucket[3] ?? "").replace(/\/+$/, "");
    if (
      prefix === "" ||
      /^([A-Za-z0-9_~-][A-Za-z0-9._~-]*)(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/.test(prefix)
    ) {
      return {
        kind: bucket[1] === "s3" ? "s3" : "gcs",
        bucket: bucket[2] ?? "",
        prefix: prefix === "" ? "" : `${prefix}/`,
      };
    }
  }
  if (text.startsWith("folder:") && text.length > "folder:".length) {
    return { kind: "folder", folder: text.slice("folder:".length) };
  }
  throw new UserError(
    text === "" ? "no target was given" : `TARGET is ${JSON.stringify(text)}`,
    `give s3://bucket/folder, gs://bucket/folder or folder:path\n  ${USAGE}`,
  );
}

function parseOrRefuse(argv: readonly string[]): {
  values: {
    folder?: string;
    target?: string;
    "public-path"?: string;
    hashed?: string;
    "keep-days"?: string;
    "dry-run"?: boolean;
  };
} {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        folder: { type: "string" },
        target: { type: "string" },
        "public-path": { type: "string" },
        hashed: { type: "string" },
        "keep-days": { type: "string" },
        "dry-run": { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UserError((error as Error).message, USAGE);
  }
}
