/** What both proxies give a pod that has just started: less, as long as it is slower than the others. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { Backend } from "../helpers/backend";
import { PROXIES, service } from "../helpers/proxy-contract";
import { send } from "../helpers/send";

/** Of a request, warm and cold, ms. */
const WARM_MS = 20;
const COLD_MS = 200;

const CLIENTS = 16;

for (const { name, start } of PROXIES) {
  describe(`${name} and a pod that is not warm yet`, () => {
    const answered = { warm: 0, fresh: 0 };
    let freshTakes = COLD_MS;

    const pod = (which: keyof typeof answered, takes: () => number): Promise<Backend> =>
      service((_, response) => {
        setTimeout(() => {
          answered[which]++;
          response.end();
        }, takes());
      });

    /** Share of the fresh pod over a time. */
    const shareOf = async (milliseconds: number): Promise<number> => {
      const before = { ...answered };
      await pause(milliseconds);
      const [fresh, warm] = [answered.fresh - before.fresh, answered.warm - before.warm];
      assert.ok(fresh + warm > 100, `${fresh} and ${warm} requests`);
      return fresh / (fresh + warm);
    };

    it("gives it as much less as it is slower, and as much as others once it is warm", async () => {
      const proxy = await start({
        upstream: [await pod("warm", () => WARM_MS), await pod("fresh", () => freshTakes)],
      });
      let isOver = false;
      const client = async (): Promise<void> => {
        while (!isOver) await send(proxy.httpPort, "/");
      };
      const clients = Array.from({ length: CLIENTS }, client);
      try {
        await pause(500);
        const cold = await shareOf(2000);
        freshTakes = WARM_MS;
        await pause(500);
        const warm = await shareOf(2000);
        // Requests in flight are even, so that answers are as speeds: 1 of 11.
        assert.ok(cold < 0.2, `${cold} of the answers while it is cold`);
        assert.ok(warm > 0.4 && warm < 0.6, `${warm} of the answers when it is warm`);
      } finally {
        isOver = true;
        await Promise.all(clients);
      }
    });
  });
}
