/** What has to be done in a bucket, from what is there and what should be. */
import { createHash } from "node:crypto";

import { z } from "zod";

import { UserError } from "../../cli/user-error";
import type { AssetObject } from "./stores/store";

/** What the publisher knows of the bucket: its own file in it. */
export interface PublishRecord {
  readonly version: 1;
  /** By key. */
  readonly files: Readonly<Record<string, PublishedFile>>;
}

export interface PublishedFile {
  /** Of the content and its headers; empty while the upload may not have happened. */
  readonly digest: string;
  /** When a run last needed it, ISO 8601. */
  readonly lastUsed: string;
}

export interface PublishPlan {
  /** New or changed, in order. */
  readonly put: readonly AssetObject[];
  readonly unchanged: readonly string[];
  /** Not needed any more, and old enough that no page in a cache refers to it. */
  readonly remove: readonly string[];
  /** Not needed any more, but younger. */
  readonly kept: readonly string[];
  /** To be written before anything is changed, so that nothing of a run that is cut off is forgotten. */
  readonly before: PublishRecord;
  /** To be written when all is done. */
  readonly after: PublishRecord;
}

/** Where the record is in the bucket. */
export const RECORD_KEY = ".retrofitlink-assets.json";

const DAY_MS = 86_400_000;

const recordSchema = z.object({
  version: z.literal(1),
  files: z.record(
    // Keys are removed by this list: none may lead anywhere else.
    z.string().regex(/^(?!\/)(?!.*(^|\/)\.\.?(\/|$))[^\0\\]+$/),
    z.object({ digest: z.string(), lastUsed: z.iso.datetime() }),
  ),
});

/** @throws UserError when it is not what this program wrote */
export function parseRecord(text: string | undefined, store: string): PublishRecord {
  if (text === undefined) return { version: 1, files: {} };
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    throw new UserError(
      `${RECORD_KEY} in ${store} is not what an earlier run wrote`,
      "remove it; everything is then uploaded once more, and what it listed is never deleted",
    );
  }
}

/**
 * @param now of this run
 * @param keepDays an object is removed when no run needed it for longer than this
 */
export function publishPlan(
  objects: readonly AssetObject[],
  { files }: PublishRecord,
  now: Date,
  keepDays: number,
): PublishPlan {
  const lastUsed = now.toISOString();
  const digests = new Map(objects.map((object) => [object.key, digestOf(object)]));
  const put = objects.filter(({ key }) => files[key]?.digest !== digests.get(key));
  const changed = new Set(put.map(({ key }) => key));
  const old = Object.entries(files).filter(([key]) => !digests.has(key));
  const isYoung = ([, file]: [string, PublishedFile]): boolean =>
    now.getTime() - Date.parse(file.lastUsed) <= keepDays * DAY_MS;
  const young = old.filter(isYoung);
  const current = (digest: (key: string) => string): Record<string, PublishedFile> =>
    Object.fromEntries([...digests.keys()].map((key) => [key, { digest: digest(key), lastUsed }]));
  return {
    put,
    unchanged: objects.map(({ key }) => key).filter((key) => !changed.has(key)),
    remove: old.filter((entry) => !isYoung(entry)).map(([key]) => key),
    kept: young.map(([key]) => key),
    before: {
      version: 1,
      files: { ...files, ...current((key) => (changed.has(key) ? "" : (digests.get(key) ?? ""))) },
    },
    after: {
      version: 1,
      files: { ...Object.fromEntries(young), ...current((key) => digests.get(key) ?? "") },
    },
  };
}

/** A changed header is a change, too. */
function digestOf({ content, contentType, cacheControl, contentEncoding }: AssetObject): string {
  const headers = [contentType, cacheControl, contentEncoding];
  return createHash("sha256").update(JSON.stringify(headers)).update("\0").update(content).digest("hex");
}
