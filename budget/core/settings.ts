/**
 * Settings, each declared once: range, unit, default, what it decides, and how to mend a wrong value. The stack file's
 * schema, the checks of components, docs/stack-file.md and the JSON Schema for editors follow from the declaration.
 */
import { z } from "zod";

/** Keys and places from the root of a value. */
export type SettingPath = readonly (string | number)[];

/** What a person is told of a setting. */
export interface About {
  /** What is allowed, as a phrase: "a whole number from 1 to 64". */
  readonly allowed: string;
  /** What to do about a wrong value, as a sentence. */
  readonly fix: string;
  /** What follows from it, for the reference: "replicas, pools". */
  readonly decides?: string;
  /** What counts where it is left out, as a phrase, where that is no value of its own: "the cluster's region". */
  readonly otherwise?: string;
  /** Values are never shown in a message: they may be secret by mistake. @default false */
  readonly hidden?: boolean;
}

type Told = Omit<About, "allowed">;

const ABOUT = z.registry<About>();

/** Says what is allowed and how to mend it. Has to come after every check of the schema, and before `optional` or `default`. */
export function about<Schema extends z.ZodType>(schema: Schema, what: About): Schema {
  ABOUT.add(schema, what);
  return schema;
}

/** The same setting in other words, for what it is about elsewhere. */
export function retold<Schema extends z.ZodType>(schema: Schema, told: Partial<About>): Schema {
  return about(schema.clone(), { ...(ABOUT.get(schema) as About), ...told });
}

/** What is said of a setting itself; undefined for one that says nothing. */
export function aboutOf(schema: z.ZodType): About | undefined {
  return ABOUT.get(schema);
}

/**
 * A rule beyond the range of a value: what it says stands instead of what the setting says when the rule alone is broken.
 *
 * @param path where the mistake is, below the value. @default the value itself
 */
export function ruled<Schema extends z.ZodType>(
  schema: Schema,
  holds: (value: z.output<Schema>) => boolean,
  what: Pick<About, "allowed" | "fix">,
  path: SettingPath = [],
): Schema {
  // What is wrong by itself is said alone.
  const when = ({ issues }: z.core.ParsePayload): boolean => issues.length === 0;
  return schema.refine(holds, { params: { about: what }, path: [...path], when });
}

/** Range and unit of a number. Without a lower bound it may be anything up to the upper one. */
export interface NumberRange {
  /** In the words of the reference: "cores", "requests/s", "MiB". @default no unit */
  readonly unit?: string;
  readonly above?: number;
  readonly atLeast?: number;
  /** Where typing errors begin: 500 cores are 500 millicores. */
  readonly atMost: number;
  /** @default false */
  readonly whole?: boolean;
  /** Digits after the point at most. @default any number of them */
  readonly digits?: number;
}

/** A number of a range. */
export function number(range: NumberRange, told: Told): z.ZodNumber {
  const { above, atLeast, atMost, whole = false, digits } = range;
  let schema = whole ? z.number().int() : z.number();
  if (above !== undefined) schema = schema.gt(above);
  if (atLeast !== undefined) schema = schema.gte(atLeast);
  schema = schema.lte(atMost);
  if (digits !== undefined) schema = schema.refine((value) => Number(value.toFixed(digits)) === value);
  return about(schema, { allowed: allowedNumber(range), ...told });
}

/** "a whole number from 1 to 64 (cores)" */
function allowedNumber({ unit, above, atLeast, atMost, whole = false, digits }: NumberRange): string {
  const kind = whole
    ? "a whole number"
    : digits === undefined
      ? "a number"
      : `a number with ${digits} digits after the point at most,`;
  const most = atMost.toLocaleString("en-US", { maximumFractionDigits: 20 });
  const range =
    above !== undefined
      ? `above ${above} and at most ${most}`
      : atLeast === undefined
        ? `of at most ${most}`
        : `from ${atLeast} to ${most}`;
  return `${kind} ${range}${unit === undefined ? "" : ` (${unit})`}`;
}

/** A share, above 0 and at most 1. */
export function ratio(told: Partial<Told> = {}): z.ZodNumber {
  return about(z.number().gt(0).lte(1), {
    allowed: "above 0 and at most 1",
    fix: "Give a share: 0.7 is 70 %.",
    ...told,
  });
}

/** Text of a pattern. */
export function text(pattern: RegExp, what: About): z.ZodString {
  return about(z.string().regex(pattern), what);
}

/** One of several words. */
export function choice<const Words extends readonly [string, ...string[]]>(
  words: Words,
  told: Told,
): z.ZodEnum<{ [Word in Words[number]]: Word }> {
  const quoted = words.map((word) => `"${word}"`);
  const last = quoted.pop() ?? "";
  const allowed = quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`;
  return about(z.enum(words), { allowed, ...told });
}

/** True or false. */
export function flag(told: Told): z.ZodBoolean {
  return about(z.boolean(), { allowed: "true or false", ...told });
}

/** A map of known keys. What is allowed names them. */
export function group<Shape extends z.ZodRawShape>(
  shape: Shape,
  told: Partial<About> & { readonly fix: string },
): z.ZodObject<Shape, z.core.$strict> {
  const keys = Object.keys(shape);
  const last = keys.at(-1) ?? "";
  const allowed = `a map of ${keys.length < 2 ? last : `${keys.slice(0, -1).join(", ")} and ${last}`}`;
  return about(z.strictObject(shape), { allowed, ...told });
}

/** A map of names that the user chooses. */
export function map<Key extends z.ZodType<string, string>, Value extends z.ZodType>(
  key: Key,
  value: Value,
  what: About,
): z.ZodRecord<Key & z.core.$ZodRecordKey, Value> {
  return about(z.record(key as Key & z.core.$ZodRecordKey, value), what);
}

/** A list. */
export function list<Item extends z.ZodType>(item: Item, what: About): z.ZodArray<Item> {
  return about(z.array(item), what);
}
