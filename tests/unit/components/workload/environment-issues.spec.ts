import assert from "node:assert/strict";

import { environmentIssues } from "../../../../components/workload/environment-issues";

const none = { caches: [], database: false, urlSigning: false };

/** Put together here, so that no scanner of repositories takes them for real ones. */
const glued = (...parts: readonly string[]): string => parts.join("");

const SECRETS: readonly [name: string, value: string][] = [
  ["SMTP_PASSWORD", "hunter2"],
  ["DB_PASS", "hunter2"],
  ["ADMIN_PWD", "hunter2"],
  ["SESSION_SECRET", "hunter2"],
  ["api_token", "hunter2"],
  ["STRIPE_KEY", "hunter2"],
  ["MAPS_API_KEY", "hunter2"],
  ["SECRET_KEY", "hunter2"],
  ["GOOGLE_CREDENTIALS", "hunter2"],
  ["DATABASE_URL", "postgres://app:hunter2@db.example.com:5432/app"],
  ["QUEUE", "redis://:hunter2@queue:6379/0"],
  ["BROKERS", "amqp://one, amqp://app:hunter2@two"],
  ["STORAGE", "DefaultEndpointsProtocol=https;AccountKey=hunter2=="],
  ["JDBC", "jdbc:sqlserver://db;user=app;password=hunter2"],
  ["CERTIFICATE", "-----BEGIN RSA PRIVATE KEY-----\nhunter2"],
  ["ACCOUNT", '{"private_key": "-----BEGIN PRIVATE KEY-----\\nhunter2"}'],
  ["ALERTS", glued("https://hooks.slack.com/", "services/T000/B000/hunter2")],
  ["CHAT", glued("https://discord.com/api/", "webhooks/1/hunter2")],
  ["AWS", glued("AKIA", "ABCDEFGHIJKLMNOP")],
  ["GIT", glued("ghp_", "abcdefghijklmnopqrstuvwxyz0123456789")],
  ["PAY", glued("sk_", "live_abcdefghijkl")],
  ["BOT", glued("xoxb-", "123456789012-abc")],
  ["AUTH", "Bearer hunter2hunter2"],
  ["SESSION", glued("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0In0", ".c2ln")],
];

const HARMLESS: readonly [name: string, value: string][] = [
  ["LOG_LEVEL", "debug"],
  ["PWD", "/app"],
  ["TOKEN_LIFETIME_SECONDS", "3600"],
  ["PASSWORD_MIN_LENGTH", "12"],
  ["REQUIRE_TOKEN", "true"],
  ["SMTP_PASSWORD", ""],
  ["SMTP_PASSWORD", "$(OTHER_PASSWORD)"],
  ["SECRET_NAME", "smtp"],
  ["AWS_ACCESS_KEY_ID_FILE", "/etc/key"],
  ["CACHE_KEY", "v1"],
  ["STRIPE_PUBLISHABLE_KEY", "pk"],
  ["PUBLIC_KEY", "-----BEGIN PUBLIC KEY-----"],
  ["UPSTREAM", "http://matching-service.retrofitlink.svc:3000/path@x"],
  ["DATABASE_URL", "postgres://app:$(DB_PASSWORD)@db.example.com/app"],
  ["SENTRY_DSN", "https://0123456789abcdef@o1.ingest.sentry.io/2"],
  ["ORIGINS", "https://a.example.com,https://b.example.com:8443"],
];

describe("variables of a service", () => {
  for (const [name, value] of SECRETS) {
    it(`hold no secret in plain text: ${name} as ${value.slice(0, 12)}…`, () => {
      const [problem, ...more] = environmentIssues({ [name]: value }, [], none);
      assert.deepEqual(more, []);
      assert.deepEqual(problem?.path, ["environment", name]);
      assert.match(problem?.fix ?? "", new RegExp(`secretEnvironment\\.${name}: \\{ name, key \\}`));
      assert.ok(!JSON.stringify(problem).includes(value), "the value is not shown");
    });
  }

  it("may be anything else", () => {
    for (const [name, value] of HARMLESS) {
      assert.deepEqual(environmentIssues({ [name]: value }, [], none), [], `${name}=${value}`);
    }
    assert.deepEqual(
      environmentIssues(
        {},
        SECRETS.map(([name]) => name),
        none,
      ),
      [],
    );
  });

  it("may not contradict what is derived, by value or by Secret, and say from which key it follows", () => {
    const uses = { caches: ["redis-cache", "constructor"], database: true, urlSigning: false };
    const from = (name: string): string | undefined =>
      /change (.+), from which/.exec(environmentIssues({ [name]: "1" }, [], uses)[0]?.fix ?? "")?.[1];
    assert.deepEqual(
      [
        "PORT",
        "REQUEST_TIMEOUT_MS",
        "REDIS_CACHE_POOL_SIZE",
        "CONSTRUCTOR_HOST",
        "MONGODB_MAX_POOL_SIZE",
      ].map(from),
      ["port", "maxRequestSeconds", "caches.redis-cache", "caches.constructor", "database"],
    );
    assert.deepEqual(
      ["REDIS_CACHE_TTL_SECONDS", "OTHER_POOL_SIZE", "CDN_PROVIDER", "NODE_ENV", "toString"].map(from),
      Array(5).fill(undefined),
    );
    assert.deepEqual(
      environmentIssues({}, ["MONGODB_URI"], uses).map(({ path }) => path.join(".")),
      ["secretEnvironment.MONGODB_URI"],
    );
    // Of a service without a database it is the caller's.
    assert.deepEqual(environmentIssues({}, ["MONGODB_URI"], none), []);
  });

  it("leave the heap to the platform, and other options of Node.js to the caller", () => {
    const options = (value: string): string[] =>
      environmentIssues({ NODE_OPTIONS: value }, [], none).map(({ fix }) => fix);
    for (const flag of ["--max-old-space-size=4096", "--max_semi_space_size=1", "--max-heap-size=1"]) {
      assert.match(options(`--enable-source-maps ${flag}`)[0] ?? "", /resources\.memoryMiB/, flag);
    }
    assert.deepEqual(options("--enable-source-maps --dns-result-order=ipv4first"), []);
    assert.equal(environmentIssues({}, ["NODE_OPTIONS"], none).length, 1);
  });
});
