import assert from "node:assert/strict";

import fc from "fast-check";

import { physicalName } from "../../../../components/shared/physical-name";

/** Hosts as DNS has them, also those that differ in a dot only. */
const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
const host = fc
  .array(label, { minLength: 1, maxLength: 4 })
  .map((labels) => [...labels, "example"].join("."));

describe("physicalName", () => {
  it("is the text itself where a cloud takes it", () => {
    assert.equal(physicalName("retrofitlink-production-proxy", 63), "retrofitlink-production-proxy");
  });

  it("differs for hosts that only a dot tells apart", () => {
    assert.notEqual(physicalName("r-a.b.example", 63), physicalName("r-a-b.example", 63));
    assert.match(physicalName("r-a.b.example", 63), /^r-a-b-example-[0-9a-f]{8}$/);
  });

  it("is what clouds take for any host and length, and another for another host", () => {
    fc.assert(
      fc.property(host, host, fc.integer({ min: 30, max: 63 }), (one, other, longest) => {
        const name = physicalName(`retrofitlink-${one}`, longest);
        assert.match(name, /^[a-z]([-a-z0-9]*[a-z0-9])?$/);
        assert.ok(name.length <= longest, name);
        assert.equal(name === physicalName(`retrofitlink-${other}`, longest), one === other);
      }),
    );
  });
});
