/** A policy that may be broken for now, by someone who said why and until when. */
export interface Waiver {
  /** Name of the policy. */
  readonly policy: string;
  /** Workload it is waived for. @default every workload of the stack */
  readonly resource?: string | undefined;
  /** Why, for whoever reads the report. */
  readonly reason: string;
  /** Last day on which it holds, YYYY-MM-DD. */
  readonly expires: string;
}

/** Today as YYYY-MM-DD, in UTC so that it is the same day for everybody. */
export function dateOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

/** @param today YYYY-MM-DD */
export function isExpired(waiver: Waiver, today: string): boolean {
  // Dates of this form sort as text.
  return waiver.expires < today;
}

/**
 * The waiver that covers a workload: the one that holds longest, so that an expired one only comes back when there is
 * no other.
 */
export function waiverFor(waivers: readonly Waiver[], policy: string, workload: string): Waiver | undefined {
  return waivers
    .filter((waiver) => waiver.policy === policy && (waiver.resource ?? workload) === workload)
    .sort((a, b) => (a.expires < b.expires ? 1 : -1))[0];
}
