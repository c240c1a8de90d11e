/** A session was changed by others every time that this change was tried. */
export class SessionConflict extends Error {
  override readonly name = "SessionConflict";
  /** HTTP status, under the name that Express reads. */
  readonly status = 409;

  constructor(cache: string, tries: number) {
    super(`cache ${cache}: a session was changed by others ${tries} times while it was to be changed`);
  }
}
