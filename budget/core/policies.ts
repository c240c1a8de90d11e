/** Every policy that a waiver may name: the promises of plans, and what is judged on registered objects. */
import { PROOF_POLICIES } from "./proof";

/** Policies that compare objects, or several components of a stack, by name, with what each of them promises. */
export const OBJECT_POLICIES = {
  "container-resources-bounded": "Every container requests CPU and memory and has a memory limit.",
  "objects-equal-plan": "Every object has the numbers that the plan has: what was proven is what runs.",
  "cache-connections-within-limits":
    "Every cache is there, and planned for what all services of the stack open at their most pods in a rollout.",
  "database-connections-within-limits":
    "Every router of the database admits what all services open at their maximum.",
} as const;

export type ObjectPolicy = keyof typeof OBJECT_POLICIES;

/** Names of all of them. */
export const POLICY_NAMES: readonly string[] = [
  ...Object.keys(PROOF_POLICIES),
  ...Object.keys(OBJECT_POLICIES),
];
