/** The closed loop: clients, balancers, pods, metrics, autoscaler and Deployment, event by event. */
import { Agenda, type Happening } from "./agenda";
import { nothingYet, step } from "./autoscaler/behavior";
import { METRICS_DEFAULTS, MetricsServer } from "./autoscaler/metrics-server";
import { CALCULATOR_DEFAULTS, calculateReplicas, type SeenPod } from "./autoscaler/replica-calculator";
import { ColdCache } from "./caching/cold-cache";
import { Deployment } from "./fleet/deployment";
import type { Pod, Request } from "./fleet/pod";
import { Recording } from "./recording";
import { NODE_LOSS_DEFAULTS, type AutoscalerModel, type Fault, type Scenario } from "./scenario";
import { balancer, type Balancer } from "./traffic/balancer";
import { arrivals } from "./traffic/load";
import { Random } from "./traffic/random";
import { serviceTimes, type ServiceTimes } from "./traffic/service-times";

/** From the deletion of a pod to its leaving the lists of balancers, seconds; it answers meanwhile (`preStop`). */
const UNLIST_SECONDS = 2;

/** Runs a scenario. The same scenario gives the same recording. */
export function simulate(scenario: Scenario): Recording {
  const simulation = new Simulation(scenario);
  simulation.run();
  return simulation.recording;
}

class Simulation {
  readonly recording: Recording;
  private readonly agenda = new Agenda();
  private readonly random: Random;
  private readonly sample: ServiceTimes;
  private readonly nextArrival: (after: number) => number;
  private readonly balancer: Balancer;
  private readonly deployment: Deployment;
  private now = 0;
  private cold: ColdCache | undefined;
  private proxy = 0;

  constructor(private readonly scenario: Scenario) {
    const { seed, seconds, pod, promised, replicas, zones, balancing } = scenario;
    this.recording = new Recording(seconds, promised);
    this.random = new Random(seed);
    this.sample = serviceTimes(pod.serviceTimeSeconds, pod.spread);
    this.nextArrival = arrivals(scenario.load, this.random);
    this.balancer = balancer(balancing, this.random);
    this.deployment = new Deployment(
      {
        zones,
        slots: pod.slots,
        startSeconds: pod.startSeconds,
        minReadySeconds: scenario.minReadySeconds ?? 0,
        maxSurge: scenario.maxSurge ?? 0.25,
        maxUnavailable: scenario.maxUnavailable ?? 1,
        unlistSeconds: UNLIST_SECONDS,
        proxies: this.balancer.proxies,
      },
      replicas,
      (at, happen) => {
        this.agenda.at(at, happen);
      },
    );
    this.every(1, 1, () => {
      this.eachSecond();
    });
    if (scenario.autoscaler !== undefined) this.watch(scenario.autoscaler);
    for (const fault of scenario.faults ?? []) this.agenda.at(fault.at, () => this.fail(fault));
  }

  run(): void {
    const { agenda, scenario } = this;
    let arrival = this.nextArrival(0);
    for (;;) {
      if (arrival <= agenda.next) {
        if (arrival >= scenario.seconds) return;
        this.now = arrival;
        this.arrive();
        arrival = this.nextArrival(arrival);
      } else {
        const happening = agenda.take();
        if (happening === undefined || happening.at > scenario.seconds) return;
        this.now = happening.at;
        happening.happen();
      }
    }
  }

  private every(first: number, period: number, act: () => void): void {
    const again = (at: number): void => {
      this.agenda.at(at, () => {
        act();
        again(at + period);
      });
    };
    again(first);
  }

  private eachSecond(): void {
    this.deployment.reconcile(this.now);
    const second = Math.round(this.now) - 1;
    this.recording.ready[second] = this.deployment.listed.filter(({ state }) => state === "ready").length;
    this.recording.replicas[second] = this.deployment.replicas;
  }

  private arrive(): void {
    this.proxy = (this.proxy + 1) % this.balancer.proxies;
    const request = { arrivedAt: this.now, proxy: this.proxy };
    const pod = this.balancer.choose(this.deployment.listed, this.proxy, this.now);
    if (pod === undefined) {
      this.recording.failed(this.now);
      return;
    }
    pod.open[this.proxy] = (pod.open[this.proxy] ?? 0) + 1;
    if (pod.state === "lost") this.unanswered(pod, request);
    else if (pod.accept(request, this.now)) this.serve(pod, request);
  }

  private serve(pod: Pod, request: Request): void {
    if (this.cold?.isOver(this.now) === true) this.cold = undefined;
    const { cold } = this;
    if (cold === undefined) {
      this.work(pod, request);
      return;
    }
    const { usual, more } = cold.queries(this.now);
    this.ask(cold, pod, request, usual, more);
  }

  /** Queries, one after the other, and then the rest. The time of the usual ones is part of the rest; their wait is not. */
  private ask(cold: ColdCache, pod: Pod, request: Request, usual: number, more: number): void {
    if (usual + more === 0) {
      this.work(pod, request);
      return;
    }
    const querySeconds = this.scenario.cache?.querySeconds ?? 0;
    const answered = this.now + cold.query(this.now) + (more > 0 ? this.random.exponential(querySeconds) : 0);
    this.agenda.at(answered, () => {
      this.ask(cold, pod, request, more > 0 ? usual : usual - 1, Math.max(0, more - 1));
    });
  }

  private work(pod: Pod, request: Request): void {
    this.agenda.add(new Completion(this, pod, request, this.now + this.sample(this.random)));
  }

  /** A slot of the pod has done its work. */
  complete(pod: Pod, request: Request): void {
    if (pod.state === "lost") {
      this.unanswered(pod, request);
      return;
    }
    pod.open[request.proxy] = (pod.open[request.proxy] ?? 0) - 1;
    this.recording.answered(this.now, this.now - request.arrivedAt);
    const next = pod.release(this.now);
    if (next !== undefined) this.serve(pod, next);
  }

  /** Nothing comes back; whoever waits gives up in the end. */
  private unanswered(pod: Pod, request: Request): void {
    this.agenda.at(this.now + this.balancer.answerSeconds, () => {
      pod.open[request.proxy] = (pod.open[request.proxy] ?? 0) - 1;
      this.balancer.failed(pod, request.proxy, this.now);
      this.recording.failed(this.now);
    });
  }

  private fail(fault: Fault): void {
    switch (fault.kind) {
      case "zone-loss": {
        const { detectionSeconds, evictionSeconds } = this.scenario.nodeLoss ?? NODE_LOSS_DEFAULTS;
        const lost = this.deployment.loseZone();
        for (const pod of lost) for (const request of pod.lose(this.now)) this.unanswered(pod, request);
        const noticed = this.now + detectionSeconds;
        this.agenda.at(noticed, () => {
          this.deployment.noticeLost(lost, this.now);
        });
        this.agenda.at(noticed + evictionSeconds, () => {
          this.deployment.evictLost(lost);
        });
        return;
      }
      case "drain":
        this.deployment.drainZone();
        return;
      case "rollout":
        this.deployment.rollOut();
        return;
      case "cold-cache":
        if (this.scenario.cache === undefined) throw new RangeError("a cache is lost that nobody uses");
        this.cold = new ColdCache(this.scenario.cache, fault, this.now, this.random);
    }
  }

  /** The loop of metrics-server and autoscaler. Their clocks are not those of the load: the seed says where they are. */
  private watch(autoscaler: AutoscalerModel): void {
    const { pod, metrics = METRICS_DEFAULTS } = this.scenario;
    const { syncSeconds = 15, target, settings = CALCULATOR_DEFAULTS, behavior } = autoscaler;
    const server = new MetricsServer(
      (1000 * pod.cpuSecondsPerRequest) / pod.serviceTimeSeconds,
      1000 * pod.usableCores,
    );
    this.every(this.random.next() * metrics.resolutionSeconds, metrics.resolutionSeconds, () => {
      this.agenda.at(this.now + metrics.kubeletSeconds, server.sample(this.deployment.pods, this.now));
    });
    const memory = nothingYet();
    this.every(this.random.next() * syncSeconds, syncSeconds, () => {
      const seen = this.deployment.pods.map((one) => seenPod(one, server));
      const current = this.deployment.replicas;
      const wanted =
        calculateReplicas(seen, current, target, 1000 * pod.cpuCores, this.now, settings) ?? current;
      this.deployment.replicas = step(wanted, current, this.now, memory, behavior, autoscaler);
    });
  }
}

function seenPod(pod: Pod, metrics: MetricsServer): SeenPod {
  return {
    deleted: pod.deleted,
    pending: false,
    startedAt: pod.startedAt,
    // The node itself says nothing any more; that it is gone is said for it, later.
    ready: pod.state === "ready" || (pod.state === "lost" && !pod.noticedLost),
    changedAt: pod.changedAt,
    metric: metrics.of(pod),
  };
}

class Completion implements Happening {
  constructor(
    private readonly simulation: Simulation,
    private readonly pod: Pod,
    private readonly request: Request,
    readonly at: number,
  ) {}

  happen(): void {
    this.simulation.complete(this.pod, this.request);
  }
}
