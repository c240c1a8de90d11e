/** How the replicas are decided in one replay, in plain words. */
import type { Autoscaler } from "./controller";
import type { Script } from "./faults";
import { busyCpu, hpaOnCpu, onRequests, oracle, podSpeed, withTargets } from "./methods";
import { serviceObjects } from "./objects";
import type { Manifest } from "./rendered";
import type { ReplayService } from "./service";
import { withSettings, type TunedSettings } from "./tuned-settings";

export type MethodSpec =
  /** As the stack renders it, with every target so many times as high. */
  | { readonly kind: "rendered"; readonly factor: number }
  /** A plain autoscaler on CPU. @param target share of the slots, 0..1 */
  | { readonly kind: "cpu"; readonly target: number }
  /** KEDA on requests/s. @param target share of the slots, 0..1 */
  | { readonly kind: "requests"; readonly target: number }
  | { readonly kind: "oracle" }
  /** What tuning tries. */
  | { readonly kind: "tuned"; readonly settings: TunedSettings };

export function plannedAutoscaler(
  method: MethodSpec,
  service: ReplayService,
  manifests: readonly Manifest[],
  script: Script,
): Autoscaler {
  const { autoscaler, namespace } = serviceObjects(manifests, service.name);
  switch (method.kind) {
    case "rendered":
      return method.factor === 1 ? autoscaler : withTargets(autoscaler, method.factor);
    case "cpu":
      return hpaOnCpu(autoscaler, method.target * busyCpu(service));
    case "requests":
      return onRequests(autoscaler, method.target * podSpeed(service));
    case "oracle":
      return oracle(autoscaler, service, script.nodes.startSeconds);
    case "tuned":
      return withSettings(autoscaler, method.settings, service, namespace);
  }
}
