import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

import { previewPage } from "../../delivery/preview-report/page";
import type { StackModel } from "../../delivery/preview-report/stack-model";
import { policyEvent, recordedModel, shippedConfig } from "../helpers/preview";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);

/** WCAG contrast of two colours as the browser computes them. */
const CONTRAST = `(element) => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [R, G, B] = [r, g, b].map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * R + 0.7152 * G + 0.0722 * B;
  };
  let ground = element;
  while (parse(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement ?? document.documentElement;
  const [a, b] = [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor].map((c) => luminance(parse(c)));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}`;

describe("preview page in a browser", function () {
  this.timeout(60_000);
  let browser: Browser;
  let folder: string;

  before(async () => {
    assert.ok(CHROMIUM, "no Chromium on this machine; run `make system-packages`");
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    folder = mkdtempSync(join(tmpdir(), "preview-"));
  });

  after(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(
    model: StackModel,
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; complaints: string[] }> {
    const file = join(folder, "page.html");
    writeFileSync(file, previewPage(model));
    const page = await browser.newPage(options);
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      if (!request.url().startsWith("file:")) complaints.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return { page, complaints };
  }

  it("opens without a complaint or a request to anywhere", async () => {
    const { page, complaints } = await open(await recordedModel(shippedConfig("production")));
    assert.equal(await page.title(), "Preview of production");
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it("has headings in order", async () => {
    const { page } = await open(await recordedModel(shippedConfig("production")));
    const levels = await page
      .locator("h1, h2, h3, h4")
      .evaluateAll((found) => found.map(({ tagName }) => Number(tagName[1])));
    assert.equal(levels[0], 1);
    levels.slice(1).forEach((level, index) => assert.ok(level - (levels[index] ?? 0) <= 1, levels.join(" ")));
    await page.close();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    it(`is readable in ${colorScheme} colours`, async () => {
      const model = await recordedModel(shippedConfig("production"), {
        policyEvents: [policyEvent("p", "m", "mandatory"), policyEvent("waivers-in-use", "m", "warning")],
      });
      const { page } = await open(model, { colorScheme });
      for (const selector of [
        "h1",
        ".soft",
        ".facts",
        "td.formula",
        ".verdict strong",
        ".badge.violation",
        ".badge.waived",
        "footer",
      ]) {
        const contrast = await page.evaluate<number>(`(${CONTRAST})(document.querySelector("${selector}"))`);
        assert.ok(contrast >= 4.5, `${selector}: ${contrast.toFixed(2)}`);
      }
      await page.close();
    });
  }

  it("filters resources by what is typed", async () => {
    const { page } = await open(await recordedModel(shippedConfig("production")));
    await page.locator("#resources summary").click();
    await page.locator("#filter").fill("autoscaler");
    const shown = await page.locator("#resources tbody tr:visible").allInnerTexts();
    assert.equal(shown.length, 3);
    assert.ok(shown.every((row) => /autoscaler/i.test(row)));
    assert.match(await page.locator("#count").innerText(), /^3 of \d+$/);
    await page.close();
  });

  it("fits a telephone without scrolling sideways", async () => {
    const { page } = await open(await recordedModel(shippedConfig("production")), {
      viewport: { width: 390, height: 844 },
    });
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 390);
    await page.close();
  });

  it("opens details with the keyboard", async () => {
    const { page } = await open(await recordedModel(shippedConfig("production")));
    await page.locator("#resources summary").focus();
    await page.keyboard.press("Enter");
    assert.ok(await page.locator("#filter").isVisible());
    await page.close();
  });

  it("stays usable with a thousand services", async () => {
    const model = await recordedModel(shippedConfig("local"));
    const [service] = model.services;
    assert.ok(service);
    const services = Array.from({ length: 1000 }, (_, i) => ({ ...service, workload: `service-${i}` }));
    const { page } = await open({ ...model, services });
    assert.equal(await page.locator("h3", { hasText: "service-" }).count(), 1000);
    assert.equal(await page.locator("details[open]").count(), 6);
    await page.close();
  });
});
