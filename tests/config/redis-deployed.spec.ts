/** The specs of the configuration and of the replicas once more, on the Valkey that is deployed. */
import { createRequire } from "node:module";
import { onVersion, programs } from "../helpers/programs";

const load = createRequire(__filename);

for (const version of programs("redis").filter(({ deployed }) => deployed)) {
  onVersion("redis", version, () => {
    for (const spec of ["./redis.spec.ts", "./redis-replication.spec.ts"]) {
      const path = load.resolve(spec);
      // Loaded anew here and by mocha: a module in the cache declares nothing.
      Reflect.deleteProperty(load.cache, path);
      load(path);
      Reflect.deleteProperty(load.cache, path);
    }
  });
}
