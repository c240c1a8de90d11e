// Preloaded into a child process: its timers run ACCELERATION times as fast, so that an hour passes in seconds.
"use strict";
const factor = Number(process.env.ACCELERATION);
for (const name of ["setTimeout", "setInterval"]) {
  const plain = globalThis[name];
  globalThis[name] = Object.assign((what, delay = 0, ...rest) => plain(what, delay / factor, ...rest), plain);
}
