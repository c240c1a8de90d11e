/** What the load asks for. */

/** Keys that are there when the measurement begins. */
export const HOT_KEYS = 1000;

/** One request in so many asks for a key that nobody has asked for: 90 % hits. */
const MISS_EVERY = 10;

export const CONNECTIONS = 64;

export const PATH = "/api/properties";

/** wrk's `request`. @param round digits that no other load of the run has */
export function traffic(round: string): string {
  // Hot keys not in the order in which they were stored.
  return `local sent, hot = 0, 0
request = function()
  sent = sent + 1
  if sent % ${MISS_EVERY} == 0 then return wrk.format("GET", "${PATH}?page=${round}" .. sent) end
  hot = (hot + 617) % ${HOT_KEYS}
  return wrk.format("GET", "${PATH}?page=" .. hot)
end
`;
}
