import assert from "node:assert/strict";

import { assetsArguments } from "../../../../delivery/assets/arguments";
import { buildAssets } from "../../../../delivery/assets/build";
import { publishPlan } from "../../../../delivery/assets/publish-plan";
import { assetsReport, reportLines } from "../../../../delivery/assets/report";

describe("command line of make assets", () => {
  it("takes a folder and a bucket; the public path follows from the bucket's folder", () => {
    assert.deepEqual(assetsArguments(["--folder=dist", "--target=s3://my-bucket/assets/"]), {
      folder: "dist",
      target: { kind: "s3", bucket: "my-bucket", prefix: "assets/" },
      publicPath: "/assets/",
      hashed: [],
      keepDays: 30,
      dryRun: false,
    });
    const all = assetsArguments([
      "--folder=dist",
      "--target=gs://my-bucket",
      "--public-path=/static/",
      "--hashed=assets/,js",
      "--keep-days=7",
      "--dry-run",
    ]);
    assert.deepEqual(all, {
      folder: "dist",
      target: { kind: "gcs", bucket: "my-bucket", prefix: "" },
      publicPath: "/static/",
      hashed: ["assets", "js"],
      keepDays: 7,
      dryRun: true,
    });
  });

  it("takes empty values as make passes them for none", () => {
    const { publicPath, hashed, keepDays } = assetsArguments([
      "--folder=dist",
      "--target=folder:/tmp/x",
      "--public-path=",
      "--hashed=",
      "--keep-days=",
    ]);
    assert.deepEqual([publicPath, hashed, keepDays], ["/", [], 30]);
  });

  it("says what is missing or wrong, and what is allowed", () => {
    const given = ["--folder=dist", "--target=s3://bucket/assets"];
    for (const [argv, message] of [
      [[], /no folder was given\n {2}next: make assets FOLDER=/],
      [["--folder=dist"], /no target was given\n {2}next: give s3:\/\/bucket\/folder/],
      [["--folder=dist", "--target=bucket"], /TARGET is "bucket"/],
      [["--folder=dist", "--target=s3://b/../x"], /TARGET is/],
      [["--folder=dist", "--target=s3://Bad_Bucket/x"], /TARGET is/],
      [
        [...given, "--public-path=assets"],
        /PUBLIC_PATH is "assets"\n {2}next: give a path with a slash at both ends/,
      ],
      [[...given, "--public-path=/a/../"], /PUBLIC_PATH/],
      [[...given, "--keep-days=0"], /KEEP_DAYS is "0"/],
      [[...given, "--keep-days=soon"], /KEEP_DAYS is "soon"/],
      [[...given, "--force"], /Unknown option '--force'/],
    ] as const) {
      assert.throws(() => assetsArguments(argv), message, argv.join(" "));
    }
  });
});

describe("report of make assets", () => {
  it("has what was saved as a table and as numbers", async () => {
    const script = "function answer() { return 42; }\n".repeat(100);
    const files = [
      { path: "app.js", content: Buffer.from(script) },
      { path: "a.png", content: Buffer.alloc(200, 1) },
      { path: "index.html", content: Buffer.from(`<img src="none.png">`) },
    ];
    const built = await buildAssets(files, { publicPath: "/" });
    const plan = publishPlan(built.objects, { version: 1, files: {} }, new Date(0), 30);
    const report = assetsReport(built, plan, { store: "s3://b/", dryRun: false, skipped: [".env"] }, "/");
    const brotli = built.files.find(({ path }) => path === "app.js")?.brotliBytes ?? 0;
    assert.equal(report.bytes, script.length + 220);
    assert.equal(report.brotliBytes, brotli + 220);
    assert.equal(report.savedBytes, script.length - brotli);
    assert.deepEqual([...report.invalidate].sort(), [
      "/a.png",
      "/app.js",
      "/assets-manifest.json",
      "/index.html",
    ]);
    assert.equal(report.uploaded.length, built.objects.length);

    const lines = reportLines(report, built.files);
    assert.match(lines[0] ?? "", /files +bytes +gzip +brotli +saved/);
    assert.match(lines.find((line) => line.includes("text/javascript")) ?? "", / 1 +3300 +\d+ +\d+ +\d\d %$/);
    assert.match(lines.find((line) => line.includes(" all ")) ?? "", / 3 +3520 /);
    assert.ok(lines.includes("  left out, because it is hidden: .env"));
    assert.ok(lines.includes("  warning: index.html refers to none.png, which is not there"));
    // Columns stand below each other.
    assert.equal(new Set(lines.slice(0, 5).map((line) => line.length)).size, 1);
  });
});
