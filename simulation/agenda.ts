/** What is going to happen, in the order of time: a binary heap. */

/** Something that happens at a moment. */
export interface Happening {
  /** Seconds. */
  readonly at: number;
  happen(): void;
}

export class Agenda {
  private readonly heap: Happening[] = [];

  /** Moment of the next happening; Infinity when nothing is to come. */
  get next(): number {
    return this.heap[0]?.at ?? Infinity;
  }

  add(happening: Happening): void {
    const { heap } = this;
    let place = heap.length;
    heap.push(happening);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.at <= happening.at) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = happening;
  }

  at(at: number, happen: () => void): void {
    this.add({ at, happen });
  }

  /** Takes the next happening off. */
  take(): Happening | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      let below = heap[child];
      if (below === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && right.at < below.at) {
        below = right;
        child++;
      }
      if (below.at >= last.at) break;
      heap[place] = below;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}
