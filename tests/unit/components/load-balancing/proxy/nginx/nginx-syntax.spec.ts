import assert from "node:assert/strict";
import {
  block,
  directive,
  duration,
  entries,
  render,
} from "../../../../../../components/load-balancing/proxy/nginx/nginx-syntax";

describe("nginx's syntax", () => {
  it("indents blocks and sets them apart", () => {
    const text = render([
      directive("worker_processes", 2),
      block("events", [], [directive("worker_connections", 1024)]),
      block("http", [], [block("server", [], [directive("listen", 8080, "default_server")])]),
    ]);
    assert.equal(
      text,
      [
        "worker_processes 2;",
        "",
        "events {",
        "    worker_connections 1024;",
        "}",
        "",
        "http {",
        "    server {",
        "        listen 8080 default_server;",
        "    }",
        "}",
        "",
      ].join("\n"),
    );
  });

  it("quotes every word that could end its directive, open a block or start a comment", () => {
    const written = (word: string): string => render([directive("d", word)]);
    assert.equal(written("plain-$variable/1.2"), "d plain-$variable/1.2;\n");
    assert.equal(written(""), 'd "";\n');
    assert.equal(written("a; b"), 'd "a; b";\n');
    assert.equal(written("a}"), 'd "a}";\n');
    assert.equal(written("#a"), 'd "#a";\n');
    assert.equal(written("it's"), `d "it's";\n`);
    assert.equal(written('{"a":1}'), `d '{"a":1}';\n`);
    assert.equal(written(`"it's"`), `d "\\"it's\\"";\n`);
    assert.equal(written("a\\b\n"), 'd "a\\\\b\\n";\n');
  });

  it("writes tables with their values as names", () => {
    assert.equal(
      render([block("map", ["$a", "$b"], entries({ default: "", "~^[0-9]{2}$": 1 }))]),
      'map $a $b {\n    default "";\n    "~^[0-9]{2}$" 1;\n}\n',
    );
  });

  it("writes durations in whole seconds, or else in milliseconds", () => {
    assert.deepEqual([60, 0.5, 2.25, 0.0001].map(duration), ["60s", "500ms", "2250ms", "1ms"]);
  });
});
