/*
 * CloudFront Function, viewer request, runtime cloudfront-js-2.0. `LADDER` is put in front of it. It turns
 *   /images/house.jpg?width=600&quality=high&format=auto     with the browser's Accept
 * into the path of one variant of the ladder, which is the cache key:
 *   /images/house.jpg/640-high.avif
 * and refuses what would make the cache key unbounded. ES5.1 with const: the runtime has no URL, no modules, no for-of.
 */
const WORDS = { width: true, quality: true, format: true };
/* What a signed URL carries. CloudFront has checked it; it is not part of the image. */
const SIGNATURE = {
  Expires: true,
  Policy: true,
  Signature: true,
  "Key-Pair-Id": true,
  "Hash-Algorithm": true,
};

function refuse(statusCode, statusDescription, why) {
  return {
    statusCode: statusCode,
    statusDescription: statusDescription,
    headers: {
      "content-type": { value: "text/plain; charset=utf-8" },
      "cache-control": { value: "public, max-age=" + LADDER.refusalSeconds },
      "x-content-type-options": { value: "nosniff" },
    },
    body: { encoding: "text", data: why + "\n" },
  };
}

/* True when Accept names the type itself with a weight above 0. A star is no promise to read AVIF. */
function accepts(accept, type) {
  return accept.split(",").some(function (range) {
    const parts = range.split(";").map(function (part) {
      return part.trim().toLowerCase();
    });
    const refused = parts.slice(1).some(function (part) {
      return /^q=0(\.0*)?$/.test(part);
    });
    return parts[0] === type && !refused;
  });
}

function negotiated(headers) {
  const accept = headers.accept ? headers.accept.value : "";
  const best = LADDER.formats.filter(function (format) {
    return accepts(accept, "image/" + format);
  });
  return best.length > 0 ? best[0] : LADDER.fallback;
}

/* A path with one spelling only: no escapes, no empty or dot segments. Each other spelling would be a cache entry. */
function plainPath(uri) {
  if (uri.length > LADDER.maxPathLength || !/^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/.test(uri)) return false;
  return uri.indexOf("..") === -1;
}

// eslint-disable-next-line @typescript-eslint/no-unused-vars -- called by CloudFront
function handler(event) {
  const request = event.request;
  const query = request.querystring;
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refuse(405, "Method Not Allowed", "An image can be read only.");
  }
  if (!plainPath(request.uri)) {
    const allowed = "letters, digits, '-', '_', '.', '~', at most " + LADDER.maxPathLength + " characters";
    return refuse(400, "Bad Request", "The path of an image consists of " + allowed + ".");
  }
  const names = Object.keys(query).filter(function (name) {
    return SIGNATURE[name] !== true;
  });
  const unknown = names.filter(function (name) {
    return WORDS[name] !== true || query[name].multiValue !== undefined;
  });
  if (unknown.length > 0) {
    return refuse(400, "Bad Request", "An image has the parameters width, quality and format, each once.");
  }

  const widest = LADDER.widths[LADDER.widths.length - 1];
  const asked = query.width ? query.width.value : String(widest);
  const width = /^[1-9][0-9]{0,4}$/.test(asked) ? Number(asked) : Infinity;
  if (width > widest) {
    return refuse(400, "Bad Request", "width is a whole number from 1 to " + widest + ".");
  }
  const step = LADDER.widths.filter(function (candidate) {
    return candidate >= width;
  })[0];

  const quality = query.quality ? query.quality.value : LADDER.defaultQuality;
  if (LADDER.qualities.indexOf(quality) === -1) {
    return refuse(400, "Bad Request", "quality is one of " + LADDER.qualities.join(", ") + ".");
  }

  let format = query.format ? query.format.value : "auto";
  if (format === "auto") format = negotiated(request.headers);
  if (LADDER.formats.indexOf(format) === -1) {
    return refuse(400, "Bad Request", "format is one of auto, " + LADDER.formats.join(", ") + ".");
  }

  request.uri = request.uri + "/" + step + "-" + quality + "." + format;
  request.querystring = {};
  request.cookies = {};
  return request;
}
