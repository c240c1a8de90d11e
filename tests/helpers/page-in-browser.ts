/** HTML pages of reports, opened in Chromium without a network. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);

/** A page that is open, and everything that is wrong with it: messages, errors, requests to anywhere. */
export interface OpenPage {
  readonly page: Page;
  readonly complaints: readonly string[];
}

/** Opens the text of a page. */
export type Open = (text: string, options?: BrowserContextOptions) => Promise<OpenPage>;

/** Has Chromium run for the tests of the `describe` that calls it. */
export function pagesInBrowser(): Open {
  let browser: Browser | undefined;
  let folder = "";

  before(async () => {
    assert.ok(CHROMIUM, "no Chromium on this machine; run `make system-packages`");
    folder = mkdtempSync(join(tmpdir(), "page-"));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  });

  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  return async (text, options = {}) => {
    assert.ok(browser);
    const file = join(folder, "page.html");
    writeFileSync(file, text);
    const page = await browser.newPage(options);
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      if (!request.url().startsWith("file:")) complaints.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return { page, complaints };
  };
}
