/** The program's own share: the platform registered against mocks. Prints `seconds resources`. */
import { createPlatform } from "../../stacks/platform";
import { mockedSeconds } from "./mocked";
import { serviceCount, stackOf } from "./workload";

const config = stackOf(serviceCount());

void mockedSeconds(() => createPlatform(config)).then((line) => process.stdout.write(line));
