/**
 * Each line of a stack trace is made once for each place in the code. The SDK takes a stack trace for every promise and a whole one for
 * every resource; ts-node and source-map-support look up each frame in its source map every time.
 *
 * @returns undoes it
 */
export function cacheStackFrames(): () => void {
  const { prepareStackTrace: previous } = Error as { prepareStackTrace?: typeof Error.prepareStackTrace };
  // Without source maps the engine's own way is fast.
  if (previous === undefined) return () => undefined;
  const nameless = new Error("");
  const lines = new Map<string, string>();
  Error.prepareStackTrace = (error, frames) => {
    let text = String(previous(error, []));
    for (const frame of frames) {
      // What V8 itself would write: function, file, line and column.
      const place = (frame as { toString(): string }).toString();
      let line = lines.get(place);
      if (line === undefined) {
        const alone = String(previous(nameless, [frame]));
        line = alone.slice(alone.indexOf("\n"));
        lines.set(place, line);
      }
      text += line;
    }
    return text;
  };
  return () => {
    Error.prepareStackTrace = previous;
  };
}
