import { MANIFEST_KEY } from "./build";
import type { AssetObject } from "./stores/store";
import { IMMUTABLE, isPage } from "./kinds";
import { parseRecord, publishPlan, RECORD_KEY, type PublishPlan, type PublishRecord } from "./publish-plan";
import type { AssetStore } from "./stores/store";

export interface PublishOptions {
  /** @default now */
  readonly now?: Date;
  /** Days for which an object that nothing needs any more is kept, >= 1. @default 30 */
  readonly keepDays?: number;
  /** Uploads at the same time. @default 8 */
  readonly atOnce?: number;
  /** Says what would be done, and does nothing. @default false */
  readonly dryRun?: boolean;
}

export const KEEP_DAYS = 30;
const AT_ONCE = 8;

/**
 * Brings a bucket to what was built: uploads what changed, what is referred to before what refers to it, and removes
 * what has not been needed for long. Safe to repeat, and to go on with after a failure.
 *
 * Trap: two runs into one bucket at the same time keep each other's files, but may upload some of them twice.
 *
 * @throws the store's error of the first object that failed; what was uploaded until then is recorded
 */
export async function publish(
  objects: readonly AssetObject[],
  store: AssetStore,
  options: PublishOptions = {},
): Promise<PublishPlan> {
  const { now = new Date(), keepDays = KEEP_DAYS, atOnce = AT_ONCE, dryRun = false } = options;
  const record = parseRecord((await store.read(RECORD_KEY))?.toString("utf8"), store.name);
  const plan = publishPlan(objects, record, now, keepDays);
  if (dryRun) return plan;
  if (plan.put.length > 0) await store.put(recordObject(plan.before));
  for (const wave of waves(plan.put)) await atOnceEach(wave, atOnce, (object) => store.put(object));
  await atOnceEach(plan.remove, atOnce, (key) => store.remove(key));
  await store.put(recordObject(plan.after));
  return plan;
}

/** What is referred to before what refers to it: immutable objects, other files, pages, and the manifest. */
function waves(objects: readonly AssetObject[]): AssetObject[][] {
  const waveOf = ({ key, cacheControl }: AssetObject): number =>
    key === MANIFEST_KEY ? 3 : isPage(key) ? 2 : cacheControl === IMMUTABLE ? 0 : 1;
  return [0, 1, 2, 3].map((wave) => objects.filter((object) => waveOf(object) === wave));
}

function recordObject(record: PublishRecord): AssetObject {
  return {
    key: RECORD_KEY,
    content: Buffer.from(`${JSON.stringify(record)}\n`),
    contentType: "application/json; charset=utf-8",
    cacheControl: "private, no-store",
  };
}

/** Runs a task for each item, a bounded number at the same time. The first failure lets no further one begin. */
export async function atOnceEach<T>(
  items: readonly T[],
  atOnce: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (!failed && next < items.length) {
      const item = items[next++] as T;
      try {
        await task(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  const failure = results.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}
