/** True for `name@sha256:…` and for `name:tag` with a tag that does not move under a running service. */
function isPinnedImage(image: string): boolean {
  if (image.includes("@sha256:")) return true;
  const tag = image.slice(image.lastIndexOf("/") + 1).split(":")[1];
  return tag !== undefined && tag !== "" && tag !== "latest";
}

/** `registry.example.com:5000/team/app:1.2.3@sha256:…`, as the container runtimes read it: no scheme, path in lower case. */
const REFERENCE =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

/** What is wrong with an image, in the words of a problem; undefined when nothing is. */
export function imageMistake(image: string): { readonly allowed: string; readonly fix: string } | undefined {
  if (!REFERENCE.test(image)) {
    return {
      allowed: "a reference like registry.example.com/team/app:1.2.3, a digest with 64 hexadecimal digits",
      fix: "Leave https:// out, and write all but the tag in lower case.",
    };
  }
  if (isPinnedImage(image)) return undefined;
  return {
    allowed: 'an image with a digest, or with a tag other than "latest"',
    fix: "Name the version, so that a restarted pod runs the same code as its neighbours.",
  };
}
