/*
 * Run by mongosh in the data-model Job: brings indexes, shard keys and the profiler of a database to what the file
 * DATA_MODEL_FILE says. Safe to repeat. It creates and widens; what would drop or rebuild something is refused, unless
 * the file says `allowDrops`. Prints a line of JSON for each change and a summary, which names again what failed and what
 * was refused: the end of the log is all that some see. Ends with 1 when anything failed, with 2 when all that is missing
 * was refused, with 3 when the connection was lost.
 *
 * Globals of mongosh: db, print, quit, require.
 */
const model = JSON.parse(require("fs").readFileSync(process.env.DATA_MODEL_FILE, "utf8"));
const target = db.getSiblingDB(model.database);
const counts = { changed: 0, unchanged: 0, refused: 0, failed: 0 };
const problems = [];

function say(outcome, collection, action, detail) {
  counts[outcome] += 1;
  if (outcome === "failed" || outcome === "refused") {
    const { index, error, fix } = detail;
    const text = `${outcome}: ${collection ?? model.database}: ${action}${index === undefined ? "" : ` ${index}`}: ${error ?? fix}`;
    problems.push(text.slice(0, 300));
  }
  if (outcome !== "unchanged") print(JSON.stringify({ outcome, collection, action, ...detail }));
}

/* Text with a fixed order of keys inside values, but not of index fields, whose order matters. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

/* Numbers come back from the server as Int32, Long or Double. */
function plain(value) {
  return JSON.parse(
    JSON.stringify(value, (_key, held) =>
      held !== null && typeof held === "object" && typeof held.toNumber === "function"
        ? held.toNumber()
        : held,
    ),
  );
}

/* What makes two indexes the same, in one form for what is wanted and for what the server lists. */
function identity(index) {
  const text = index.weights !== undefined || Object.values(index.key).includes("text");
  const options = {
    unique: index.unique === true,
    sparse: index.sparse === true,
    partialFilterExpression: sorted(plain(index.partialFilterExpression ?? {})),
  };
  if (!text) return { key: JSON.stringify(plain(index.key)), options: JSON.stringify(options) };
  /* The server lists {_fts: "text", _ftsx: 1} and the fields as weights, 1 where none was given. */
  const fields = Object.keys(index.key).filter((field) => index.key[field] === "text" && field !== "_fts");
  const weights = { ...Object.fromEntries(fields.map((field) => [field, 1])), ...plain(index.weights ?? {}) };
  const key = Object.fromEntries(
    Object.entries(plain(index.key))
      .filter(([field]) => field !== "_ftsx")
      .map(([field, kind]) => (kind === "text" ? ["text", sorted(weights)] : [field, kind])),
  );
  return { key: JSON.stringify(key), options: JSON.stringify(options) };
}

function listIndexes(collection) {
  try {
    return target.getCollection(collection).getIndexes();
  } catch (error) {
    if (error.code === 26) return []; /* NamespaceNotFound */
    throw error;
  }
}

/* What another attempt mends: the network, a primary that steps down or shuts down. */
function isLost(error) {
  return (
    /^Mongo(Network|ServerSelection|TopologyClosed|PoolCleared)/.test(error.name) ||
    [91, 189, 10107, 11600, 11602, 13435, 13436].includes(error.code)
  );
}

function attempt(collection, action, detail, command) {
  try {
    command();
    say("changed", collection, action, detail);
    return true;
  } catch (error) {
    if (isLost(error)) throw error;
    say("failed", collection, action, { ...detail, code: error.code, error: error.message });
    return false;
  }
}

function createIndex(collection, wanted) {
  /* One at a time: two builds would double their memory and the load on every member. */
  const action = "create index";
  attempt(collection, action, { index: wanted.name, key: wanted.key }, () =>
    target.runCommand({ createIndexes: collection, indexes: [wanted] }),
  );
}

function dropIndex(collection, name) {
  return attempt(collection, "drop index", { index: name }, () =>
    target.runCommand({ dropIndexes: collection, index: name }),
  );
}

function applyIndex(collection, wanted, current) {
  const id = identity(wanted);
  const named = current.find((index) => index.name === wanted.name);
  const found = named ?? current.find((index) => identity(index).key === id.key);
  if (found === undefined) return createIndex(collection, wanted);

  const foundId = identity(found);
  const ttl = found.expireAfterSeconds === undefined ? undefined : plain(found.expireAfterSeconds);
  const same = foundId.key === id.key && foundId.options === id.options;
  if (same && ttl === wanted.expireAfterSeconds) return say("unchanged", collection, "keep index", {});
  if (same && wanted.expireAfterSeconds !== undefined) {
    return attempt(
      collection,
      "change TTL",
      { index: found.name, from: ttl, to: wanted.expireAfterSeconds },
      () =>
        target.runCommand({
          collMod: collection,
          index: { name: found.name, expireAfterSeconds: wanted.expireAfterSeconds },
        }),
    );
  }
  if (model.allowDrops) return dropIndex(collection, found.name) && createIndex(collection, wanted);
  if (same) {
    return say("refused", collection, "remove TTL", {
      index: found.name,
      fix: "MongoDB removes a TTL only with its index: allow drops for this run.",
    });
  }
  return say("refused", collection, "rebuild index", {
    index: found.name,
    is: plain(found.key),
    wanted: wanted.key,
    fix:
      foundId.key === id.key
        ? "Changed options take a new index in place of the old one: allow drops for this run."
        : "Give the changed index another name, and the old one stays; or allow drops for this run.",
  });
}

function reportUnlisted(collection, wanted, current) {
  const keys = wanted.map((index) => identity(index).key);
  for (const index of current) {
    const listed = wanted.some(({ name }) => name === index.name) || keys.includes(identity(index).key);
    if (index.name === "_id_" || listed) continue;
    if (model.allowDrops) dropIndex(collection, index.name);
    else {
      /* Nothing is wrong with it, only slower writes: said, and no reason to fail. */
      print(JSON.stringify({ outcome: "noticed", collection, action: "unlisted index", index: index.name }));
    }
  }
}

function applySharding(collection, shardKey) {
  const namespace = `${model.database}.${collection}`;
  /* Since 8.0 the catalogue also lists collections that are not sharded, as unsplittable. */
  const entry = db
    .getSiblingDB("config")
    .getCollection("collections")
    .findOne({ _id: namespace, unsplittable: { $ne: true } });
  const is = entry === null || entry === undefined ? undefined : JSON.stringify(plain(entry.key));
  if (shardKey === undefined) {
    if (is === undefined) return say("unchanged", collection, "keep on one shard", {});
    return say("refused", collection, "unshard", {
      is: entry.key,
      fix: "Run unshardCollection by hand; it copies the collection.",
    });
  }
  if (is === JSON.stringify(shardKey)) return say("unchanged", collection, "keep shard key", {});
  if (is !== undefined) {
    return say("refused", collection, "change shard key", {
      is: entry.key,
      wanted: shardKey,
      fix: "Run reshardCollection by hand; it copies the collection and cannot be rolled back.",
    });
  }
  return attempt(collection, "shard collection", { key: shardKey }, () =>
    db.adminCommand({ shardCollection: namespace, key: shardKey }),
  );
}

function applyProfiler({ level, slowMs }) {
  try {
    const { was, slowms } = plain(target.runCommand({ profile: -1 }));
    if (was === level && slowms === slowMs) return say("unchanged", undefined, "keep profiler", {});
    target.runCommand({ profile: level, slowms: slowMs });
    return say("changed", undefined, "set profiler", { level, slowMs });
  } catch (error) {
    if (isLost(error)) throw error;
    /* Not every server lets a client do this; the query log of the application does not depend on it. */
    print(
      JSON.stringify({ outcome: "noticed", action: "set profiler", code: error.code, error: error.message }),
    );
  }
}

function apply() {
  const existing = target.getCollectionNames();
  for (const { name, shardKey, indexes } of model.collections) {
    if (!existing.includes(name)) {
      attempt(name, "create collection", {}, () => target.runCommand({ create: name }));
    }
    const current = listIndexes(name);
    for (const index of indexes) applyIndex(name, index, current);
    reportUnlisted(name, indexes, current);
    if (model.sharded) applySharding(name, shardKey);
  }
  applyProfiler(model.profiler);
}

/* How many problems the summary names: Kubernetes keeps the last 2048 bytes of a log. */
const NAMED = 5;

function exitCode() {
  try {
    apply();
  } catch (error) {
    if (isLost(error)) {
      print(JSON.stringify({ outcome: "lost", error: error.message }));
      return 3;
    }
    say("failed", undefined, "apply", { code: error.code, error: error.message });
  }
  const more = problems.length > NAMED ? [`and ${problems.length - NAMED} more`] : [];
  const named = problems.length === 0 ? {} : { problems: [...problems.slice(0, NAMED), ...more] };
  print(JSON.stringify({ summary: counts, ...named }));
  if (counts.failed > 0) return 1;
  return counts.refused > 0 ? 2 : 0;
}

const code = exitCode();
if (code !== 0) quit(code);
