import assert from "node:assert/strict";

import { accountName } from "../../../../components/shared/account-names";

describe("names in an account", () => {
  it("carry the stack as it is, where it fits", () => {
    assert.equal(accountName("production", "cdn", 60), "retrofitlink-production-cdn");
  });

  it("are always of lower-case letters, digits and hyphens, and never too long", () => {
    for (const stack of ["Feature_42", "a.b", "x".repeat(100), "ends-with-", "Ünïcode", "-"]) {
      for (const longest of [32, 60]) {
        const name = accountName(stack, "primary", longest);
        assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*$/, stack);
        assert.ok(name.length <= longest, `${name}: ${name.length}`);
      }
    }
  });

  it("differ between stacks", () => {
    const stacks = ["feature_42", "feature.42", "Feature-42", "feature-42", "x".repeat(99), "x".repeat(100)];
    assert.equal(new Set(stacks.map((stack) => accountName(stack, "cdn", 60))).size, stacks.length);
  });
});
