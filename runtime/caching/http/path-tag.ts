/** What a path has that Express does not tell apart: letters of the other case, escapes, a slash at the end. */
const SPELLED = /[A-Z%]|[^/]\/+$/;

/**
 * The tag of a path: a write to a path invalidates what was read from it, whatever the query, and however the path is
 * spelled. Express gives `/Items/7/`, `/items/%37` and `/items/7` to the same handler. A router may be told to be
 * stricter; then a write invalidates a little more than it has to.
 */
export function pathTag(path: string): string {
  return `path:${SPELLED.test(path) ? normalPath(path) : path}`;
}

function normalPath(path: string): string {
  let plain = path;
  try {
    plain = decodeURIComponent(path);
  } catch {
    // Express answers 400 to it, or no route has a parameter there.
  }
  return plain.toLowerCase().replace(/(?<=[^/])\/+$/, "");
}
