/** Leaves of the schema of a stack file: each says what is allowed and how to mend it. */
import { z } from "zod";

import { MESSAGE_SEPARATOR } from "../../../budget/core/issues";

/** The message of a leaf: what is allowed, and what to do. */
export function says(allowed: string, fix: string): { error: () => string } {
  return { error: () => `${allowed}${MESSAGE_SEPARATOR}${fix}` };
}

export function number(allowed: string, fix: string, holds: (value: number) => boolean): z.ZodNumber {
  return z.number(says(allowed, fix)).refine(holds, says(allowed, fix));
}

export function text(allowed: string, fix: string, pattern = /./s): z.ZodString {
  return z.string(says(allowed, fix)).regex(pattern, says(allowed, fix));
}

/** @returns a test for numbers that are not below `least` */
export function atLeast(least: number): (value: number) => boolean {
  return (value) => value >= least;
}

/** @returns a test for whole numbers of a range, both ends included */
export function whole(least: number, most: number): (value: number) => boolean {
  return (value) => Number.isInteger(value) && value >= least && value <= most;
}

export const DNS_LABEL = /^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/;

/** A key of a map is the name of a workload. */
export const workloadName = z.string().regex(DNS_LABEL);

export const ratio = number(
  "above 0 and at most 1",
  "Give a share: 0.7 is 70 %.",
  (value) => value > 0 && value <= 1,
);

export const path = text(
  'a path that begins with "/", without spaces and "#"',
  "Give the path of the endpoint.",
  /^\/[!"$-~]*$/,
);

/** A range of addresses, IPv4 or IPv6. */
export const CIDR = /^((\d{1,3}\.){3}\d{1,3}\/([12]?\d|3[0-2])|[0-9a-fA-F:]*:[0-9a-fA-F:]*\/\d{1,3})$/;
