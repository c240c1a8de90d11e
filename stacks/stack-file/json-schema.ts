/** The JSON Schema of a stack file, for editors: types, ranges, patterns, names of keys, and what each setting is about. */
import { z } from "zod";

import { aboutOf } from "../../budget/core/settings";
import { stackSchema } from "./schema/stack";
import { NAMESPACE } from "./stack-file-issues";

/** What an editor shows of a setting. */
export function description(schema: z.ZodType): string | undefined {
  const about = aboutOf(schema);
  if (about === undefined) return undefined;
  const { allowed, fix, decides, otherwise } = about;
  const sentence = `${allowed.slice(0, 1).toUpperCase()}${allowed.slice(1)}.`;
  const more = [
    ...(otherwise === undefined ? [] : [`Left out: ${otherwise}.`]),
    ...(decides === undefined ? [] : [`Decides: ${decides}.`]),
  ];
  return [sentence, fix, ...more].join(" ");
}

/**
 * The schema of the whole file, draft 7, as Pulumi writes it: `config:` with a key for each block, beside which other
 * projects and providers have theirs. It says less than the program does, which knows the rules between keys as well.
 */
export function stackFileJsonSchema(): object {
  const { properties = {}, required = [] } = z.toJSONSchema(stackSchema, {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const said = description(zodSchema as unknown as z.ZodType);
      if (said !== undefined) jsonSchema.description = said;
      // The pattern says it; the names of most formats are zod's own.
      if (jsonSchema.pattern !== undefined) delete jsonSchema.format;
    },
  });
  const keys = Object.entries(properties);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Stack file of the performance platform",
    description: "Pulumi.<stack>.yaml. Written by `make stack-file-docs`.",
    type: "object",
    properties: {
      config: {
        type: "object",
        properties: Object.fromEntries(
          // A key with nothing behind it is a key that is not there.
          keys.map(([key, schema]) => [
            `${NAMESPACE}:${key}`,
            required.includes(key) ? schema : { anyOf: [schema, { type: "null" }] },
          ]),
        ),
        patternProperties: {
          [`^${NAMESPACE}:(?!(${keys.map(([key]) => key).join("|")})$)`]: false,
        },
        required: required.map((key) => `${NAMESPACE}:${key}`),
      },
    },
    required: ["config"],
  };
}
