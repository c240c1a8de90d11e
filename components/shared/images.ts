/** True for `name@sha256:…` and for `name:tag` with a tag that does not move under a running service. */
export function isPinnedImage(image: string): boolean {
  if (image.includes("@sha256:")) return true;
  const tag = image.slice(image.lastIndexOf("/") + 1).split(":")[1];
  return tag !== undefined && tag !== "" && tag !== "latest";
}
