/** Names of published files, which the build writes and the edge reads. */

export const FINGERPRINT = {
  /**
   * Hexadecimal digits: 64 bits, so that a million contents under one name meet with a chance of one in 37 million
   * (n² / 2^65).
   */
  digits: 16,
  /** Behind the digits of what has a Brotli and a gzip variant, so that the edge knows without asking. */
  compressedMark: "z",
} as const;
