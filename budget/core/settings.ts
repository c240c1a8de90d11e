/**
 * Settings, each declared once: range, unit, default, what it decides, and how to mend a wrong value. The stack file's
 * schema, the checks of components, docs/stack-file.md and the JSON Schema for editors follow from the declaration.
 */
import { z } from "zod";

/** What a person is told of a setting. */
export interface About {
  /** What is allowed, as a phrase: "a whole number from 1 to 64". */
  readonly allowed: string;
  /** What to do about a wrong value, as a sentence. */
  readonly fix: string;
  /** What follows from it, for the reference: "replicas, pools". */
  readonly decides?: string;
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
}

/** A number of a range. */
export function number(range: NumberRange, told: Told): z.ZodNumber {
  const { above, atLeast, atMost, whole = false } = range;
  let schema = whole ? z.number().int() : z.number();
  if (above !== undefined) schema = schema.gt(above);
  if (atLeast !== undefined) schema = schema.gte(atLeast);
  return about(schema.lte(atMost), { allowed: allowedNumber(range), ...told });
}

/** "a whole number from 1 to 64 (cores)" */
function allowedNumber({ unit, above, atLeast, atMost, whole = false }: NumberRange): string {
  const kind = whole ? "a whole number" : "a number";
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

/** Keys and places from the root of a value. */
export type SettingPath = readonly (string | number)[];

/** The value at a path, undefined when there is none. */
export function valueAt(root: unknown, path: SettingPath): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null && Object.hasOwn(inner, key)
        ? (inner as Record<string | number, unknown>)[key]
        : undefined,
    root,
  );
}

/** Schemas from the root to a path, with their wrappers; of a union the branch that the value has chosen. */
function schemasAt(root: z.ZodType, path: SettingPath, value: unknown): z.ZodType[] {
  let found = layers(root, value);
  path.forEach((part, index) => {
    found = layers(child(found.at(-1) ?? z.unknown(), part), valueAt(value, path.slice(0, index + 1)));
  });
  return found;
}

function child(schema: z.ZodType, part: string | number): z.ZodType {
  if (schema instanceof z.ZodObject) {
    const shape = schema.shape as Record<string, z.ZodType>;
    return Object.hasOwn(shape, part) ? (shape[part] ?? z.unknown()) : z.unknown();
  }
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
  return schema instanceof z.ZodArray ? (schema.element as z.ZodType) : z.unknown();
}

function layers(schema: z.ZodType, value: unknown): z.ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return [schema, ...layers(schema.unwrap() as z.ZodType, value)];
  }
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return [schema];
  const { discriminator } = schema.def;
  const chosen = valueAt(value, [discriminator]);
  // A branch may be a union itself, by another key.
  const branch = (schema.options as z.ZodType[]).find((option) => takes(option, discriminator, chosen));
  return branch === undefined ? [schema] : [schema, ...layers(branch, value)];
}

function takes(option: z.ZodType, discriminator: string, chosen: unknown): boolean {
  if (option instanceof z.ZodDiscriminatedUnion) {
    return (option.options as z.ZodType[]).some((inner) => takes(inner, discriminator, chosen));
  }
  if (!(option instanceof z.ZodObject)) return false;
  const field = (option.shape as Record<string, z.ZodType | undefined>)[discriminator];
  return field?.safeParse(chosen).success ?? false;
}

/** What is said of the setting at a path, the innermost that says something. */
export function aboutAt(root: z.ZodType, path: SettingPath, value: unknown): About | undefined {
  return schemasAt(root, path, value)
    .flatMap((schema) => ABOUT.get(schema) ?? [])
    .at(-1);
}

/** What is said of the names of a map. */
export function aboutNamesAt(root: z.ZodType, path: SettingPath, value: unknown): About | undefined {
  const found = schemasAt(root, path, value).at(-1);
  return found instanceof z.ZodRecord ? ABOUT.get(found.keyType as z.ZodType) : undefined;
}

/** Keys that are known at a path. */
export function keysAt(root: z.ZodType, path: SettingPath, value: unknown): string[] {
  const found = schemasAt(root, path, value).at(-1);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}
