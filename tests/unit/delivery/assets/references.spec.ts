import assert from "node:assert/strict";

import fc from "fast-check";

import { rewriteCss, rewriteHtml, targetOf } from "../../../../delivery/assets/references";

const here = new Set(["img/a.png", "css/base.css", "f.woff2", "app.js"]);
const marked = ({ target }: { target: string }): string | undefined =>
  here.has(target) ? `/assets/${target}!` : undefined;
const css = (text: string, from = "css/site.css"): string => rewriteCss(text, from, "/assets/", marked);
const html = (text: string, from = "index.html"): string =>
  rewriteHtml(text, from, "/assets/", marked, (target) => `digest of ${target}`);

describe("target of a reference", () => {
  const of = (written: string, from = "css/site.css"): string | undefined =>
    targetOf(written, from, "/assets/");

  it("is below the folder, relative to the file or to the host", () => {
    assert.equal(of("../img/a.png"), "img/a.png");
    assert.equal(of("base.css?x#y"), "css/base.css");
    assert.equal(of("./base.css"), "css/base.css");
    assert.equal(of("/assets/img/a.png"), "img/a.png");
    assert.equal(of(" ../img/a%20b.png "), "img/a b.png");
    assert.equal(targetOf("/a.js", "x/y.html", "/"), "a.js");
  });

  it("is none for what leads elsewhere", () => {
    for (const written of [
      "https://example.com/assets/a.png",
      "//example.com/assets/a.png",
      "data:image/png;base64,AA",
      "mailto:a@example.com",
      "#top",
      "?x",
      "",
      "/other/a.png",
      "/assets",
      "/assets/",
      "../../etc/passwd",
      "../../assets/../x.png",
      "/assets/../x.png",
      "%2e%2e/%2e%2e/x.png",
      "..\\..\\x.png",
      "%ff.png",
    ]) {
      assert.equal(of(written), undefined, written);
    }
  });

  it("never leaves the folder, whatever is written", () => {
    const segment = fc.constantFrom("..", ".", "a", "%2e%2e", "", "assets", "\\..", "%2f");
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 8 }), fc.boolean(), (segments, absolute) => {
        const target = of((absolute ? "/" : "") + segments.join("/"));
        assert.ok(
          target === undefined || (!target.startsWith("/") && !target.split("/").includes("..")),
          target,
        );
      }),
    );
  });
});

describe("references of a style sheet", () => {
  it("are replaced in declarations and imports, quoted or not, with what comes after the path", () => {
    assert.equal(
      css(`a{background:url(../img/a.png) , url("../img/a.png?x#y")}`),
      `a{background:url(/assets/img/a.png!) , url("/assets/img/a.png!?x#y")}`,
    );
    assert.equal(css(`@import 'base.css' screen;`), `@import '/assets/css/base.css!' screen;`);
    assert.equal(css(`@import url(base.css) layer(x);`), `@import url(/assets/css/base.css!) layer(x);`);
    assert.equal(
      css(`@font-face{src:url(../f.woff2) format("woff2")}`),
      `@font-face{src:url(/assets/f.woff2!) format("woff2")}`,
    );
    assert.equal(
      css(`@media print{a{background:image-set(url(../img/a.png) 1x)}}`),
      `@media print{a{background:image-set(url(/assets/img/a.png!) 1x)}}`,
    );
  });

  it("stay as they are in comments, in text and where there is no such file", () => {
    const text = `/* url(../img/a.png) */ a::before{content:"url(../img/a.png)"}\nb{background:url(none.png)}\n@charset "base.css";`;
    assert.equal(css(text), text);
  });

  it("leave every other byte as it was", () => {
    const text = `a   {  color : red ; ; }\r\n\r\n@media (min-width:1px){}\n`;
    assert.equal(css(text), text);
  });
});

describe("references of a page", () => {
  it("are replaced in the attributes that name files", () => {
    for (const [before, after] of [
      [`<script src=app.js></script>`, `<script src="/assets/app.js!"></script>`],
      [`<link rel=stylesheet href='css/base.css'>`, `<link rel=stylesheet href="/assets/css/base.css!">`],
      [`<img src="/assets/img/a.png?v=1" alt=x>`, `<img src="/assets/img/a.png!?v=1" alt=x>`],
      [`<video poster="img/a.png"></video>`, `<video poster="/assets/img/a.png!"></video>`],
      [`<div style="background:url(img/a.png)">`, `<div style="background:url(/assets/img/a.png!)">`],
      [`<style>a{background:url(img/a.png)}</style>`, `<style>a{background:url(/assets/img/a.png!)}</style>`],
      [`<template><img src="img/a.png"></template>`, `<template><img src="/assets/img/a.png!"></template>`],
    ] as const) {
      assert.equal(html(before), after);
    }
  });

  it("are replaced in a srcset, candidate by candidate", () => {
    assert.equal(
      html(`<img srcset="img/a.png 1x,img/a.png 2x, img/a.png?x 3x , https://x.example/a,b.png 4x">`),
      `<img srcset="img/a.png 1x,img/a.png 2x, /assets/img/a.png!?x 3x , https://x.example/a,b.png 4x">`.replace(
        "img/a.png 1x,img/a.png 2x",
        "/assets/img/a.png! 1x,/assets/img/a.png! 2x",
      ),
    );
    assert.equal(
      html(`<source srcset="img/a.png, img/a.png 2x">`),
      `<source srcset="/assets/img/a.png!, /assets/img/a.png! 2x">`,
    );
  });

  it("stay as they are in comments, scripts, text and links to pages", () => {
    const text = `<!-- <img src="img/a.png"> --><script>const x = '<img src="img/a.png">';</script><a href="app.js">img/a.png</a>`;
    assert.equal(html(text), text);
  });

  it("bring their digest along, where there was one", () => {
    assert.equal(
      html(`<script src="app.js" integrity="sha384-x"></script>`),
      `<script src="/assets/app.js!" integrity="digest of app.js"></script>`,
    );
    const elsewhere = `<script src="https://x.example/app.js" integrity="sha384-x"></script>`;
    assert.equal(html(elsewhere), elsewhere);
  });

  it("leave a template's style as it is", () => {
    const text = `<div style="{{ style }}"></div><style>{{#each}} url(img/a.png {{/each}}</style>`;
    assert.equal(html(text), text);
  });
});
