import { Html, html } from "./html";
import { STYLE } from "./style";

/** What differs from page to page. */
export interface PageParts {
  readonly title: string;
  /** Rules of this page behind those of every page. */
  readonly styles?: string;
  /** Content-Security-Policy. @default none */
  readonly security?: string;
  /** Of `main`. */
  readonly content: Html;
  /** Runs when the content is there. */
  readonly script?: string;
}

/** A whole page as HTML text: one file that asks nobody for anything. */
export function htmlPage({ title, styles = "", security, content, script }: PageParts): string {
  const policy =
    security === undefined
      ? html``
      : html`<meta http-equiv="Content-Security-Policy" content="${security}" />`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${policy}
        <title>${title}</title>
        ${new Html(`<style>${STYLE}${styles}</style>`)}
      </head>
      <body>
        <main>${content}</main>
        ${script === undefined ? html`` : new Html(`<script>${script}</script>`)}
      </body>
    </html>`;
  return `${page.text}\n`;
}
