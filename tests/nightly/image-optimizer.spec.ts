import { ENGINE_TIMEOUT_MS } from "../helpers/engine";
import { imageLife } from "../helpers/image-life";

describe("ImageOptimizer on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  imageLife("gcp");
});
