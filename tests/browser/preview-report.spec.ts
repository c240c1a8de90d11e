import assert from "node:assert/strict";

import type { BrowserContextOptions } from "playwright-core";

import { previewPage } from "../../delivery/preview-report/page";
import { stackModel, type StackModel } from "../../delivery/preview-report/stack-model";
import { LOWEST_CONTRAST } from "../helpers/contrast";
import { pagesInBrowser, type OpenPage } from "../helpers/page-in-browser";
import { recordedModel, shippedConfig } from "../helpers/preview";
import { policyEvent, resource, runOf, serviceSummary, stackRun } from "../unit/delivery/fixtures/stack-run";

describe("preview page in a browser", function () {
  this.timeout(60_000);
  let production: StackModel;
  const openText = pagesInBrowser();

  before(async () => {
    production = await recordedModel(shippedConfig("production"));
  });

  const open = (model: StackModel, options?: BrowserContextOptions): Promise<OpenPage> =>
    openText(previewPage(model), options);

  it("opens without a complaint or a request to anywhere", async () => {
    const { page, complaints } = await open(production);
    assert.equal(await page.title(), "Preview of production");
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it("runs no script that a name brings along", async () => {
    const hostile = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
    const run = runOf([serviceSummary(hostile)]);
    const { page, complaints } = await open(stackModel("test", run));
    assert.equal(await page.title(), "Preview of test");
    assert.equal(await page.locator("img").count(), 0);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it("has headings in order and a label on every field", async () => {
    const services = Array.from({ length: 8 }, (_, i) => serviceSummary(`service-${i}`));
    const { page } = await open(stackModel("test", runOf(services)));
    const levels = await page
      .locator("h1, h2, h3, h4")
      .evaluateAll((found) => found.map(({ tagName }) => Number(tagName[1])));
    assert.equal(levels[0], 1);
    assert.equal(levels.filter((level) => level === 1).length, 1);
    levels.slice(1).forEach((level, index) => assert.ok(level - (levels[index] ?? 0) <= 1, levels.join(" ")));
    const labels = await page
      .locator("input")
      .evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).labels?.length));
    assert.deepEqual(labels, [1, 1]);
    const ids = await page.locator("[id]").evaluateAll((found) => found.map(({ id }) => id));
    assert.equal(new Set(ids).size, ids.length, ids.join(" "));
    await page.close();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    it(`is readable in ${colorScheme} colours, every word of it`, async () => {
      const policyEvents = [
        policyEvent("broken", "a\nchange: b", "mandatory"),
        policyEvent("waivers-in-use", "a", "warning"),
        policyEvent("not-provable", "a", "warning"),
        policyEvent("other", "a", "warning"),
      ];
      const model = stackModel("test", stackRun({ policyEvents, succeeded: false, errors: ["a"] }));
      const { page } = await open(model, { colorScheme });
      await page
        .locator("details")
        .evaluateAll((all) => all.forEach((each) => each.setAttribute("open", "")));
      const { count, contrast, text } = await page.evaluate<{
        count: number;
        contrast: number;
        text: string;
      }>(LOWEST_CONTRAST);
      assert.ok(count > 100, `${count} texts`);
      assert.ok(contrast >= 4.5, `"${text}": ${contrast.toFixed(2)}`);
      await page.close();
    });
  }

  it("filters resources by what is typed, opens what was found and closes it again", async () => {
    const { page } = await open(stackModel("test", stackRun()));
    await page.locator("#filter").fill("Deployment");
    assert.deepEqual(await page.locator("#resources .resource:visible code").allInnerTexts(), [
      "backend-deployment",
    ]);
    assert.equal(await page.locator("#resources .group:visible").count(), 1);
    assert.equal(await page.locator("#count").innerText(), "1 of 6");
    await page.locator("#filter").fill("");
    assert.equal(await page.locator("#resources .group:visible").count(), 4);
    assert.equal(await page.locator("#resources .group[open]").count(), 0);
    await page.close();
  });

  it("opens a resource's inputs with the keyboard alone", async () => {
    const { page } = await open(stackModel("test", stackRun()));
    await page.locator("#filter").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.deepEqual(await page.locator("#resources pre:visible").allInnerTexts(), [
      "metadata:\n  name: backend\n  uid: known after deployment",
    ]);
    await page.close();
  });

  it("fits a telephone without scrolling sideways, also when everything is open", async () => {
    const { page } = await open(production, { viewport: { width: 390, height: 844 } });
    await page.locator("details").evaluateAll((all) => all.forEach((each) => each.setAttribute("open", "")));
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 390);
    await page.close();
  });

  it("shows the whole picture without scrolling on a desk, wider than the text where it has many columns", async () => {
    const { page } = await open(production, { viewport: { width: 1440, height: 900 } });
    const [shown, whole] = await page
      .locator(".canvas")
      .evaluate(({ clientWidth, scrollWidth }) => [clientWidth, scrollWidth]);
    assert.equal(whole, shown);
    await page.close();
  });

  it("draws no label over another", async () => {
    const { page } = await open(production, { viewport: { width: 1280, height: 900 } });
    const boxes = await page
      .locator(".picture .edge")
      .evaluateAll((labels) => labels.map((label) => label.getBoundingClientRect().toJSON()));
    assert.equal(boxes.length, 12);
    // Lines of one label stand close to each other, on purpose.
    const overlap = (a: DOMRect, b: DOMRect): boolean =>
      a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom;
    boxes.forEach((a, i) =>
      boxes.slice(i + 1).forEach((b) => assert.ok(!overlap(a, b), JSON.stringify([a, b]))),
    );
    await page.close();
  });

  it("is rendered within three seconds for a thousand services, and stays usable", async () => {
    const run = runOf(Array.from({ length: 1000 }, (_, i) => serviceSummary(`service-${i}`)));
    const children = run.resources
      .filter(({ type }) => type.endsWith(":Deployment"))
      .flatMap(({ name, parent }) =>
        Array.from({ length: 6 }, (_, i) => resource("kubernetes:core/v1:Service", `${name}-${i}`, parent)),
      );
    const model = stackModel("test", { ...run, resources: [...run.resources, ...children] });
    // Time of the processor, which a busy machine does not lengthen.
    const started = process.cpuUsage();
    previewPage(model);
    const { user, system } = process.cpuUsage(started);
    assert.ok(user + system < 3_000_000, `rendered in ${(user + system) / 1000} ms`);

    const { page, complaints } = await open(model);
    const loaded = await page.evaluate<number>("performance.getEntriesByType('navigation')[0].duration");
    // A second on a quiet machine.
    assert.ok(loaded < 15_000, `loaded in ${loaded.toFixed(0)} ms`);
    assert.equal(await page.locator("details.service[open]").count(), 0);
    assert.equal(await page.locator(".box.service").count(), 7);
    await page.locator("#service-filter").fill("service-77");
    assert.equal(await page.locator("#service-count").innerText(), "11 of 1,000");
    await page.locator("#filter").fill("service-777 ");
    assert.equal(await page.locator("#count").innerText(), "8 of 8,004");
    assert.deepEqual(complaints, []);
    await page.close();
  });
});
