/** Time in which lines are counted, milliseconds. */
const WINDOW_MS = 10_000;

/** Lines in it: away, back, and once more. */
const MOST_IN_WINDOW = 4;

/**
 * Lines about something that changes. What comes and goes several times a second is said a few times, and then every ten
 * seconds as it is by then.
 */
export class PacedLog {
  private said: string | undefined;
  private next: { readonly state: string; readonly print: () => void } | undefined;
  private windowEnds = 0;
  private inWindow = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param state what it is now; said again only after another */
  say(state: string, print: () => void): void {
    this.next = { state, print };
    if (this.timer !== undefined) return;
    const now = performance.now();
    if (now >= this.windowEnds) {
      this.windowEnds = now + WINDOW_MS;
      this.inWindow = 0;
    }
    if (this.inWindow < MOST_IN_WINDOW) {
      this.printNext();
      return;
    }
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.inWindow = 0;
      this.windowEnds = performance.now() + WINDOW_MS;
      this.printNext();
    }, this.windowEnds - now);
    this.timer.unref();
  }

  close(): void {
    clearTimeout(this.timer);
    this.next = undefined;
  }

  private printNext(): void {
    const { next } = this;
    this.next = undefined;
    if (next === undefined || next.state === this.said) return;
    this.said = next.state;
    this.inWindow++;
    next.print();
  }
}
