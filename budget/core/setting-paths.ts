/** Walks through the declarations of settings along the path of a value. */
import { z } from "zod";

import { aboutOf, type About, type SettingPath } from "./settings";

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
    const inner = child(found.at(-1) ?? z.unknown(), part);
    found = inner === found.at(-1) ? [inner] : layers(inner, valueAt(value, path.slice(0, index + 1)));
  });
  return found;
}

function child(schema: z.ZodType, part: string | number): z.ZodType {
  if (schema instanceof z.ZodObject) {
    const shape = schema.shape as Record<string, z.ZodType>;
    return Object.hasOwn(shape, part) ? (shape[part] ?? z.unknown()) : z.unknown();
  }
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
  // What chose no branch is wrong for the union.
  if (schema instanceof z.ZodDiscriminatedUnion && schema.def.discriminator === part) return schema;
  return schema instanceof z.ZodArray ? (schema.element as z.ZodType) : z.unknown();
}

function layers(schema: z.ZodType, value: unknown): z.ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return [schema, ...layers(schema.unwrap() as z.ZodType, value)];
  }
  if (schema instanceof z.ZodPipe) return [schema, ...layers(schema.out as z.ZodType, value)];
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
    .flatMap((schema) => aboutOf(schema) ?? [])
    .at(-1);
}

/** What is said of the names of a map. */
export function aboutNamesAt(root: z.ZodType, path: SettingPath, value: unknown): About | undefined {
  const found = schemasAt(root, path, value).at(-1);
  return found instanceof z.ZodRecord ? aboutOf(found.keyType as z.ZodType) : undefined;
}

/** Keys that are known at a path. */
export function keysAt(root: z.ZodType, path: SettingPath, value: unknown): string[] {
  const found = schemasAt(root, path, value).at(-1);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}
