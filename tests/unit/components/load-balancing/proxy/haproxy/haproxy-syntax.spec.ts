import assert from "node:assert/strict";
import {
  duration,
  render,
  section,
} from "../../../../../../components/load-balancing/proxy/haproxy/haproxy-syntax";

describe("HAProxy's syntax", () => {
  it("indents the lines of a section and sets sections apart", () => {
    const text = render([
      section("global", ["nbthread", 2]),
      section("frontend clients", ["bind", ":8080"], undefined, ["default_backend", "application"]),
    ]);
    assert.equal(
      text,
      [
        "global",
        "    nbthread 2",
        "",
        "frontend clients",
        "    bind :8080",
        "    default_backend application",
        "",
      ].join("\n"),
    );
  });

  it("quotes every word that could end, start a comment or name a variable of the environment", () => {
    const written = (word: string): string => render([section("s", ["d", word])]).split("\n")[1] ?? "";
    assert.equal(written("hdr(Host),lower"), "    d hdr(Host),lower");
    assert.equal(written("a b"), "    d 'a b'");
    assert.equal(written("a#b"), "    d 'a#b'");
    assert.equal(written('{"a":"$HOME"}'), `    d '{"a":"$HOME"}'`);
    assert.equal(written(`it's "$HOME"`), `    d "it's \\"\\$HOME\\""`);
    assert.equal(written("a\nlisten b"), "    d 'a listen b'");
    assert.equal(written(""), "    d ''");
  });

  it("writes durations in seconds, or in milliseconds", () => {
    assert.deepEqual([75, 0.5, 0.0001].map(duration), ["75s", "500ms", "1ms"]);
  });
});
