/** The SDK's floor: the same resources as literal data, registered against mocks. Prints `seconds resources`. */
import { mockedSeconds } from "./mocked";
import { registerFlat } from "./flat-program";

void mockedSeconds(() => registerFlat(process.env["BENCH_RESOURCES"] ?? "")).then((line) =>
  process.stdout.write(line),
);
