/** Units of a forecast: what the plan has, what the trigger divides by, and what the rules compare are one share of the slots. */
import assert from "node:assert/strict";

import { forecastNumbers } from "../../../../budget/autoscaling/forecast";
import { plannedForecast } from "../../../../budget/autoscaling/planned-forecast";
import { planServices } from "../../../../plan/plan-stack";
import { parseStackConfig } from "../../../../stacks/stack-file/config";
import { shippedText, stackFile } from "../../../helpers/stack-file";

/** Services of production with a forecast, and the rules' settings that follow from their plans. */
function foreseen(signal: "cpu" | "requests-per-second"): readonly ReturnType<typeof of>[] {
  const file = stackFile(shippedText("production"));
  for (const name of ["backend", "matching"]) {
    file["services"][name].autoscaling = { kind: "keda", signal, forecast: { mode: "on" } };
  }
  const { config } = parseStackConfig(file);
  assert.ok(config !== undefined);
  const planned = planServices(config);
  return ["backend", "matching"].map((name) => of(name, config, planned));
}

function of(
  service: string,
  config: NonNullable<ReturnType<typeof parseStackConfig>["config"]>,
  services: ReturnType<typeof planServices>,
) {
  const [given, planned] = [config.services[service], services[service]];
  assert.ok(given !== undefined && planned !== undefined);
  const { busyAtTarget, rpsPerPod, horizon } = planned.autoscaling.plan.numbers;
  const { busy } = planned.plan.numbers;
  const { concurrencyPerPod: slots, serviceTimeSeconds, maxUtilization } = given.profile;
  const forecast = plannedForecast({
    namespace: "shop",
    service,
    mode: "on",
    busyAtTarget: busyAtTarget.value,
    busy: busy.value,
    maxUtilization,
    horizonSeconds: Number(horizon?.value),
  });
  return {
    service,
    forecast,
    rpsPerPod: rpsPerPod.value,
    busy: busy.value,
    maxUtilization,
    horizon: Number(horizon?.value),
    /** Requests/s of a pod with every slot busy, by Little. */
    speed: slots / serviceTimeSeconds,
  };
}

describe("forecast of a planned service", () => {
  for (const signal of ["cpu", "requests-per-second"] as const) {
    it(`counts in shares of the slots, as the threshold of its trigger does (${signal})`, () => {
      for (const { service, forecast, rpsPerPod, speed } of foreseen(signal)) {
        const { target, ceiling, limit } = forecast;
        // Thresholds have three digits: of requests in flight, and of the requests/s that follow.
        const near = (one: number, other: number): void =>
          assert.ok(Math.abs(one / other - 1) < 1e-3, `${service}: ${one}, ${other}`);
        near(rpsPerPod, target * speed);
        // A foreseen load that fills ten pods up to the ceiling asks for ten pods.
        near((forecastNumbers(forecast).scale * 10 * ceiling * speed) / rpsPerPod, 10);
        // Ten pods that the reactive trigger ordered are too full above what they carry at the limit.
        near((limit / target) * 10 * rpsPerPod, 10 * limit * speed);
      }
    });

    it(`goes from the target to what was proven, to what the load test held (${signal})`, () => {
      for (const { service, forecast, busy, maxUtilization, horizon } of foreseen(signal)) {
        const { target, ceiling, limit, leadMinutes } = forecast;
        assert.ok(0 < target && target <= ceiling && ceiling <= limit && limit < 1, service);
        assert.deepEqual([ceiling, limit], [busy, maxUtilization], service);
        assert.equal(leadMinutes, Math.ceil(horizon / 60), service);
      }
    });
  }

  it("has the numbers of production", () => {
    const found = foreseen("cpu").map(({ service, forecast }) => {
      const { target, ceiling, limit, leadMinutes } = forecast;
      return [service, ...[target, ceiling, limit].map((one) => Number(one.toFixed(3))), leadMinutes];
    });
    // Backend: 8 slots · 3 ms ÷ 30 ms is 80 % CPU with every slot busy, so that a target of 30 % is 0.375 of the slots, and the
    // 34 % at which a pod is added (34 ÷ 80) are 0.425.
    assert.deepEqual(found, [
      ["backend", 0.375, 0.425, 0.75, 1],
      ["matching", 0.362, 0.4, 0.7, 1],
    ]);
  });

  it("never asks for more pods than the trigger does, wherever the target is", () => {
    const base = { namespace: "shop", service: "backend", mode: "on", horizonSeconds: 1 } as const;
    for (const [busyAtTarget, busy, maxUtilization] of [
      [0.9, 0.6, 0.75],
      [0.5, 0.8, 0.75],
      [0.7, 0.7, 0.7],
    ] as const) {
      const forecast = plannedForecast({ ...base, busyAtTarget, busy, maxUtilization });
      assert.ok(forecastNumbers(forecast).scale <= 1);
      assert.ok(forecast.ceiling >= forecast.target && forecast.limit >= forecast.ceiling);
      assert.equal(forecast.leadMinutes, 1);
    }
  });
});
