/*
 * CloudFront Function, viewer request, runtime cloudfront-js-2.0. `FINGERPRINT` is put in front of it. It leads to the
 * variant that the build compressed at its strongest, where the name says that there is one:
 *   /assets/app.0123456789abcdefz.js     for a browser that takes Brotli
 *   /assets/app.0123456789abcdefz.js.br
 */
const MARKED = new RegExp(
  "\\.[0-9a-f]{" + FINGERPRINT.digits + "}" + FINGERPRINT.compressedMark + "\\.[A-Za-z0-9]+$",
);

/* True when Accept-Encoding names the coding with a weight above 0. */
function accepts(header, coding) {
  return header.split(",").some(function (range) {
    const parts = range.toLowerCase().split(";");
    const refused = parts.slice(1).some(function (part) {
      return /^\s*q=0(\.0*)?\s*$/.test(part);
    });
    return parts[0].trim() === coding && !refused;
  });
}

// eslint-disable-next-line @typescript-eslint/no-unused-vars -- called by CloudFront
function handler(event) {
  const request = event.request;
  const header = request.headers["accept-encoding"] ? request.headers["accept-encoding"].value : "";
  if (MARKED.test(request.uri)) {
    if (accepts(header, "br")) request.uri = request.uri + ".br";
    else if (accepts(header, "gzip")) request.uri = request.uri + ".gz";
  }
  return request;
}
