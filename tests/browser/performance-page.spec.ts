import assert from "node:assert/strict";

import type { BrowserContextOptions, Page } from "playwright-core";

import { performancePage, type PerformancePage } from "../../delivery/monitoring/page";
import { LOWEST_CONTRAST } from "../helpers/contrast";
import { pagesInBrowser, type OpenPage } from "../helpers/page-in-browser";
import { PANELS, answering, madeUpPage } from "../unit/delivery/monitoring/fixture";

/** How many pixels of a canvas are near a color. */
const PIXELS = `(canvas, [r, g, b]) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] > 200 && Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 40) found++;
  return found;
}`;

const STATS = PANELS.filter(({ kind }) => kind === "stat").length;
const CHARTS = PANELS.length - STATS;

describe("performance page in a browser", function () {
  this.timeout(60_000);
  const openText = pagesInBrowser();
  const open = (content: PerformancePage, options?: BrowserContextOptions): Promise<OpenPage> =>
    openText(performancePage(content), options);

  /** Pixels of the second chart, the first one with bounds, near a color, `#rrggbb`. */
  async function pixels(page: Page, color: string): Promise<number> {
    const wanted = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    return await page.evaluate<number>(
      `(${PIXELS})(document.querySelectorAll("canvas")[1], ${JSON.stringify(wanted)})`,
    );
  }

  it("opens without a complaint or a request to anywhere, and draws every chart", async () => {
    const { page, complaints } = await open(await madeUpPage());
    assert.equal(await page.title(), "Performance");
    assert.deepEqual(complaints, []);
    assert.equal(await page.locator("canvas").count(), CHARTS);
    assert.equal(await page.locator(".stat").count(), STATS);
    await page.close();
  });

  for (const [colorScheme, curve, bound] of [
    ["light", "#1f5fbf", "#a3261b"],
    ["dark", "#84b4ff", "#ffa79d"],
  ] as const) {
    it(`is readable in ${colorScheme} colours, every word of it, with its curves and lines`, async () => {
      const { page } = await open(await madeUpPage(), { colorScheme });
      const { count, contrast, text } = await page.evaluate<{
        count: number;
        contrast: number;
        text: string;
      }>(LOWEST_CONTRAST);
      assert.ok(count > 60, `${count} texts`);
      assert.ok(contrast >= 4.5, `"${text}": ${contrast.toFixed(2)}`);
      assert.ok((await pixels(page, curve)) > 200, "no curve");
      assert.ok((await pixels(page, bound)) > 50, "no line of a bound");
      await page.close();
    });
  }

  it("takes the other colors when the system's change", async () => {
    const { page } = await open(await madeUpPage(), { colorScheme: "light" });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.waitForTimeout(200);
    assert.ok((await pixels(page, "#84b4ff")) > 200);
    await page.close();
  });

  it("runs no script that a name brings along", async () => {
    const hostile = `</script><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
    const panels = PANELS.map((panel) => ({
      ...panel,
      title: hostile,
      queries: panel.queries.map((query) => ({ ...query, legend: "{{pod}}" })),
    }));
    const { page, complaints } = await open(await madeUpPage(panels, answering({ pod: hostile })));
    assert.equal(await page.title(), "Performance");
    assert.equal(await page.locator("img").count(), 0);
    assert.equal(await page.locator("canvas").count(), CHARTS);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it("has headings in order and every id once", async () => {
    const { page } = await open(await madeUpPage());
    const levels = await page
      .locator("h1, h2, h3, h4")
      .evaluateAll((found) => found.map(({ tagName }) => Number(tagName[1])));
    assert.equal(levels[0], 1);
    assert.equal(levels.filter((level) => level === 1).length, 1);
    levels.slice(1).forEach((level, index) => assert.ok(level - (levels[index] ?? 0) <= 1, levels.join(" ")));
    const ids = await page.locator("[id]").evaluateAll((found) => found.map(({ id }) => id));
    assert.equal(new Set(ids).size, ids.length, ids.join(" "));
    await page.close();
  });

  it("tells each chart in words to those who do not see it", async () => {
    const { page } = await open(await madeUpPage());
    const labels = await page
      .locator("[role=img]")
      .evaluateAll((found) => found.map((one) => one.getAttribute("aria-label") ?? ""));
    assert.equal(labels.length, CHARTS);
    assert.match(labels[0] ?? "", /^Response time, p50: backend \d+ ms$/);
    await page.close();
  });

  it("shows the values under the cursor in place of the last ones", async () => {
    const { page } = await open(await madeUpPage());
    const chart = page.locator(".chart").first();
    const last = await chart.locator("td[data-last]").first().innerText();
    await chart.locator(".u-over").hover({ position: { x: 120, y: 60 } });
    assert.match(await chart.locator("th[data-last]").innerText(), /^14:0[0-3]:\d\d$/);
    assert.notEqual(await chart.locator("td[data-last]").first().innerText(), last);
    await page.mouse.move(0, 0);
    assert.equal(await chart.locator("td[data-last]").first().innerText(), last);
    await page.close();
  });

  for (const width of [390, 320, 800, 1440]) {
    it(`fits a screen of ${width} pixels without scrolling sideways, charts included`, async () => {
      const { page } = await open(await madeUpPage(), { viewport: { width, height: 844 } });
      assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
      const [card, canvas] = await page
        .locator(".chart")
        .first()
        .evaluate((chart) => [
          chart.clientWidth,
          chart.querySelector("canvas")?.getBoundingClientRect().width ?? 0,
        ]);
      assert.ok(
        Number(canvas) <= Number(card) && Number(canvas) > 0.8 * Number(card),
        `${canvas} of ${card}`,
      );
      await page.close();
    });
  }
});
