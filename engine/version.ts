/** The engine that stacks are run by: what the sandbox builds, and what its language host says it speaks to. */
export const PULUMI_VERSION = "3.259.0";
