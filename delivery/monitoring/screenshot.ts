/** A picture of a page, for the documentation. */
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** @returns whether there is a Chromium to draw it */
export async function screenshot(page: string, picture: string): Promise<boolean> {
  const executablePath = CHROMIUM.find((path) => existsSync(path));
  if (executablePath === undefined) return false;
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const tab = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "light" });
    await tab.goto(pathToFileURL(page).href);
    await tab.screenshot({ path: picture, fullPage: true });
  } finally {
    await browser.close();
  }
  return true;
}
