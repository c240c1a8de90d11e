/**
 * Response times of requests that may have to wait for a slot. Units: seconds, erlang.
 *
 * Sources: A. K. Erlang's delay formula (Erlang C); the Allen-Cunneen approximation of the mean wait with Poisson arrivals,
 * W(M/G/c) = W(M/M/c) * (1 + cv^2) / 2 (A. O. Allen, Probability, Statistics and Queueing Theory); that waits are about
 * exponential is J. F. C. Kingman's result for heavy traffic.
 */
import type { Balancing } from "./demand";
import { longerThan, type ServiceTime } from "./service-time";

/**
 * Erlang C: the probability that a request has to wait, 0..1.
 *
 * Computed through the Erlang B recursion B(n) = a*B(n-1) / (n + a*B(n-1)), which neither overflows nor loses
 * digits for thousands of servers, then C = B / (1 - rho*(1 - B)).
 *
 * @param servers whole number >= 1
 * @param offeredLoad a = lambda * S in erlang, >= 0
 * @returns 1 when the load reaches the number of servers, for then the queue grows without bound
 */
export function erlangC(servers: number, offeredLoad: number): number {
  if (offeredLoad >= servers) return 1;
  if (offeredLoad <= 0) return 0;
  let blocking = 1;
  for (let n = 1; n <= servers; n++) {
    blocking = (offeredLoad * blocking) / (n + offeredLoad * blocking);
  }
  const utilization = offeredLoad / servers;
  return blocking / (1 - utilization * (1 - blocking));
}

/**
 * P(response time > t), 0..1: the wait is none, or exponential with the mean of the source above; the service time comes
 * on top of it. Exact for exponential service times.
 */
export function responseTimeTail(servers: number, offeredLoad: number, time: ServiceTime, t: number): number {
  if (offeredLoad >= servers) return 1;
  const waiting = erlangC(servers, offeredLoad);
  const rate = (2 * (servers - offeredLoad)) / (time.mean * (1 + time.cv2));
  let after = Math.exp(-rate * t);
  for (const { from, to, share, rate: slope } of time.pieces) {
    if (from >= t) break;
    const end = Math.min(to, t);
    const length = end - from;
    const atStart = Math.exp(-rate * (t - from));
    // At equal rates the difference quotient becomes its limit.
    const close = Math.abs(rate - slope) * length < 1e-9;
    const quotient = close
      ? atStart * length
      : (Math.exp(-rate * (t - end) - slope * length) - atStart) / (rate - slope);
    after += rate * share * quotient;
  }
  return Math.min(1, (1 - waiting) * longerThan(time, t) + waiting * after);
}

/**
 * The same for a fleet. Proxies that know how many requests each pod has make one queue of all slots, within a few percent;
 * by chance each pod has a queue of its own.
 *
 * @param pods whole number >= 0
 * @param slots of one pod, whole number >= 1
 */
export function fleetTail(
  pods: number,
  slots: number,
  offeredLoad: number,
  time: ServiceTime,
  balancing: Balancing,
  t: number,
): number {
  if (pods < 1) return 1;
  return balancing === "least-connections"
    ? responseTimeTail(pods * slots, offeredLoad, time, t)
    : responseTimeTail(slots, offeredLoad / pods, time, t);
}
