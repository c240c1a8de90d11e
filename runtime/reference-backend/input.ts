import { z } from "zod";
import { HttpError } from "./errors";
import { ENERGY_CLASSES, TRADES } from "./model";

const id = z.string().regex(/^[0-9a-f]{24}$/, "is 24 hexadecimal digits");
const limit = z.coerce.number().int().min(1).max(50).default(20);
const postalCode = z.string().regex(/^\d{5}$/, "is five digits");

/** What the endpoints accept. Unknown keys are refused, so that a misspelt filter does not find everything. */
export const INPUT = {
  id,
  propertySearch: z.strictObject({
    city: z.string().trim().min(1).max(80),
    energyClass: z.enum(ENERGY_CLASSES).optional(),
    limit,
  }),
  contractorSearch: z.strictObject({ trade: z.enum(TRADES), postalCode: postalCode.optional(), limit }),
  quote: z.strictObject({ contractorId: id, trade: z.enum(TRADES) }),
} as const;

/**
 * The value as the schema makes it.
 *
 * @throws HttpError 400 that names every part which is wrong
 */
export function valid<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join(".") || "input"}: ${message}`);
  throw new HttpError(400, "the input is wrong", problems);
}
