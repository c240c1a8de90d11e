/**
 * Memory of a pod of the proxy, MiB.
 *
 * Sources: nginx's documentation of ngx_core_module and ngx_http_limit_req_module; zlib's zconf.h for the memory of a
 * compressor; HAProxy's documentation of tune.bufsize and stick-table; TLS as measured on idle connections.
 */

/** The program of a proxy. */
export type ProxyKind = "nginx" | "haproxy";

/** One part of the memory a pod needs, MiB. */
export interface MemoryTerm {
  readonly name: string;
  readonly mib: number;
}

/** Addresses one MiB of a shared zone holds: 128 bytes each on a 64-bit machine. */
export const ADDRESSES_PER_MIB = 8192;

/** Zone for four times as many addresses as are connected, since those that left stay for a while. At least 10 MiB. */
export function addressZoneMiB(clientConnections: number): number {
  return Math.max(10, Math.ceil((4 * clientConnections) / ADDRESSES_PER_MIB));
}

/** Sessions that clients may resume, MiB of shared memory: a session of nginx or HAProxy takes about 256 bytes. */
export const TLS_SESSION_CACHE_MIB = 20;

/** KiB that one thing of each kind takes. */
const KIB = {
  nginx: {
    /** A slot of the connection table with its two events, used or not. */
    slot: 0.5,
    /** A client that waits: pools, header buffers, and the kernel's socket buffers. */
    client: 20,
    /** A response under way: a buffer of 20 KiB for headers, 8 of 8 KiB, and zlib's 2^(15+2) + 2^(8+9) bytes. */
    response: 20 + 64 + 256,
  },
  haproxy: {
    /** A file descriptor's entry, used or not. */
    slot: 0.5,
    /** A client that waits: session, stream, and the kernel's socket buffers. Buffers are given back. */
    client: 20,
    /** A response under way: two buffers of 21 KiB on each side, and the compressor's window. */
    response: 84 + 64,
  },
  /** OpenSSL's state of an idle client, beside the above: 16.5 measured with nginx 1.22 and HAProxy 2.6. */
  tls: 18,
} as const;

/** Responses that may be under way in one pod, however low the rate is. */
const FEWEST_RESPONSES = 64;

/** What a pod is made of. */
export interface MemoryInputs {
  readonly workers: number;
  readonly workerConnections: number;
  readonly clientsPerPod: number;
  /** Requests in flight in one pod. */
  readonly busy: number;
  readonly addressZoneMiB: number;
  /** Services that count clients apart, each in zones of its own. @default 0 */
  readonly countedApart?: number;
  /** Ends TLS. */
  readonly tls: boolean;
}

/** The parts of the memory of a pod. nginx has a process for each worker and two zones of addresses, HAProxy one each. */
export function proxyMemory(proxy: ProxyKind, inputs: MemoryInputs): MemoryTerm[] {
  const ofKib = (kib: number): number => Math.ceil(kib / 1024);
  const responses = Math.max(FEWEST_RESPONSES, inputs.busy);
  const { slot, client, response } = KIB[proxy];
  return [
    { name: "processes", mib: proxy === "nginx" ? 16 * (1 + inputs.workers) : 48 + 8 * inputs.workers },
    { name: "connection tables", mib: ofKib(inputs.workers * inputs.workerConnections * slot) },
    // An entry of a stick table with its counters takes about twice as much as one of a zone.
    { name: "address zones", mib: 2 * inputs.addressZoneMiB * (1 + (inputs.countedApart ?? 0)) },
    { name: "clients", mib: ofKib(inputs.clientsPerPod * client) },
    { name: "responses", mib: ofKib(responses * response) },
    ...(inputs.tls
      ? [{ name: "TLS", mib: TLS_SESSION_CACHE_MIB + ofKib(inputs.clientsPerPod * KIB.tls) }]
      : []),
  ];
}
