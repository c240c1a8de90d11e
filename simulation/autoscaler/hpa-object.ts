/** A HorizontalPodAutoscaler of autoscaling/v2 as it is rendered, with the defaults that the API server fills in. */
import { DEFAULT_BEHAVIOR, type Behavior, type ScalingPolicy, type ScalingRules } from "./behavior";
import { milliValue, parseQuantity } from "./quantity";

/** What an object says that cannot be simulated, or that the API server would refuse. The message names the field. */
export class ObjectError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ObjectError";
  }
}

/** A metric of the object. Values are thousandths, utilization is whole percent. */
export type HpaMetric =
  | {
      readonly kind: "resource";
      readonly resource: string;
      /** Undefined: of all containers. */
      readonly container: string | undefined;
      readonly utilization: number | undefined;
      readonly average: number | undefined;
    }
  | {
      readonly kind: "pods";
      readonly name: string;
      readonly selector: MetricSelector;
      readonly average: number;
    }
  | {
      /** Of an object (`Object`), or of anything (`External`): the calculation is the same. */
      readonly kind: "external";
      readonly name: string;
      readonly selector: MetricSelector;
      readonly average: number | undefined;
      readonly value: number | undefined;
    };

export type MetricSelector = Readonly<Record<string, string>>;

export interface HpaObject {
  readonly name: string;
  /** Name of the workload. */
  readonly target: string;
  readonly min: number;
  readonly max: number;
  readonly metrics: readonly HpaMetric[];
  readonly behavior: Behavior | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws ObjectError */
export function readHpa(manifest: unknown): HpaObject {
  const object = fields(manifest, "HorizontalPodAutoscaler");
  const name = textOf(fields(object["metadata"], "metadata")["name"]);
  const where = `HorizontalPodAutoscaler ${name}`;
  const spec = fields(object["spec"], `${where}: spec`);
  const target = fields(spec["scaleTargetRef"], `${where}: spec.scaleTargetRef`);
  const metrics = (spec["metrics"] as readonly unknown[] | undefined) ?? [
    { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
  ];
  const [min, max] = bounds(
    where,
    spec["minReplicas"] ?? 1,
    spec["maxReplicas"],
    "minReplicas",
    "maxReplicas",
  );
  return {
    name,
    target: textOf(target["name"]),
    min,
    max,
    metrics: metrics.map((metric, index) => readMetric(metric, `${where}: spec.metrics[${index}]`)),
    behavior: readBehavior(spec["behavior"], `${where}: spec.behavior`),
  };
}

/** @throws ObjectError unless both are whole and the lower is not above the upper */
export function bounds(
  where: string,
  least: unknown,
  most: unknown,
  leastKey: string,
  mostKey: string,
): [number, number] {
  for (const [key, value] of [
    [leastKey, least],
    [mostKey, most],
  ] as const) {
    if (!Number.isInteger(value) || (value as number) < 0) {
      throw new ObjectError(
        `${where}: ${key} is ${JSON.stringify(value)}; allowed is a whole number of pods`,
      );
    }
  }
  const [min, max] = [least as number, most as number];
  if (min > max) {
    throw new ObjectError(
      `${where}: ${leastKey} ${min} is above ${mostKey} ${max}: lower the one or raise the other`,
    );
  }
  return [min, max];
}

/** @throws ObjectError when it is none */
export function fields(value: unknown, where: string): Fields {
  if (typeof value === "object" && value !== null) return value as Fields;
  throw new ObjectError(`${where} is missing`);
}

/** A text, or none. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function readMetric(given: unknown, where: string): HpaMetric {
  const metric = fields(given, where);
  const type = String(metric["type"]);
  const source = (key: string): Fields => fields(metric[key], `${where}.${key}`);
  switch (type) {
    case "Resource":
    case "ContainerResource": {
      const of = source(type === "Resource" ? "resource" : "containerResource");
      const { averageUtilization, averageValue } = fields(of["target"], `${where}: target`);
      const [utilization, average] = [averageUtilization as number | undefined, milli(averageValue, where)];
      if (utilization === undefined && average === undefined) {
        throw new ObjectError(`${where}: target has neither averageUtilization nor averageValue`);
      }
      const container = of["container"] as string | undefined;
      return { kind: "resource", resource: String(of["name"]), container, utilization, average };
    }
    case "Pods": {
      const of = source("pods");
      const average = milli(fields(of["target"], `${where}: target`)["averageValue"], where);
      if (average === undefined) throw new ObjectError(`${where}: target has no averageValue`);
      return { kind: "pods", ...identity(of, where), average };
    }
    case "Object":
    case "External": {
      const of = source(type === "Object" ? "object" : "external");
      const target = fields(of["target"], `${where}: target`);
      const [average, value] = [milli(target["averageValue"], where), milli(target["value"], where)];
      if (average === undefined && value === undefined) {
        throw new ObjectError(`${where}: target has neither averageValue nor value`);
      }
      return { kind: "external", ...identity(of, where), average, value };
    }
    default:
      throw new ObjectError(
        `${where}: type is "${type}"; simulated are Resource, ContainerResource, Pods, Object and External`,
      );
  }
}

function identity(of: Fields, where: string): { name: string; selector: MetricSelector } {
  const metric = fields(of["metric"], `${where}: metric`);
  const { matchLabels = {} } = (metric["selector"] ?? {}) as { matchLabels?: MetricSelector };
  return { name: String(metric["name"]), selector: matchLabels };
}

function milli(given: unknown, where: string): number | undefined {
  if (given === undefined) return undefined;
  const quantity = parseQuantity(given);
  if (quantity === undefined || quantity <= 0) {
    throw new ObjectError(
      `${where}: the target is ${JSON.stringify(given)}; allowed is a quantity above 0, as in 500m`,
    );
  }
  return milliValue(quantity);
}

/** With a behavior, what is left out of it is filled in; without one the controller has another way to go. */
export function readBehavior(given: unknown, where: string): Behavior | undefined {
  if (given === undefined || given === null) return undefined;
  const { scaleUp, scaleDown } = given as { scaleUp?: unknown; scaleDown?: unknown };
  return {
    scaleUp: readRules(scaleUp, DEFAULT_BEHAVIOR.scaleUp, `${where}.scaleUp`),
    scaleDown: readRules(scaleDown, DEFAULT_BEHAVIOR.scaleDown, `${where}.scaleDown`),
  };
}

function readRules(given: unknown, usual: ScalingRules, where: string): ScalingRules {
  if (given === undefined || given === null) return usual;
  const { stabilizationWindowSeconds, selectPolicy, policies, tolerance } = given as Record<string, unknown>;
  const window = (stabilizationWindowSeconds as number | undefined) ?? usual.stabilizationWindowSeconds;
  if (window < 0 || window > 3600) {
    throw new ObjectError(`${where}.stabilizationWindowSeconds is ${window}; allowed is 0 to 3600`);
  }
  const list = (policies as ScalingPolicy[] | undefined) ?? usual.policies;
  for (const { periodSeconds, value } of list) {
    if (!(periodSeconds > 0 && periodSeconds <= 1800 && value > 0)) {
      throw new ObjectError(
        `${where}.policies: a value above 0 and a periodSeconds of 1 to 1800 are allowed`,
      );
    }
  }
  const share = parseQuantity(tolerance);
  return {
    stabilizationWindowSeconds: window,
    selectPolicy: (selectPolicy as ScalingRules["selectPolicy"] | undefined) ?? usual.selectPolicy,
    policies: list,
    ...(share === undefined ? {} : { tolerance: share }),
  };
}
