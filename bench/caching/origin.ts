/** What every variant serves: the same answer from the same origin, so that only the cache differs. */

/** Time of the origin for one answer, milliseconds: a query inside the budget's 50 ms. */
export const ORIGIN_MS = 10;

/** Buildings in an answer: 20 are about 5 KB of JSON. */
const BUILDINGS = 20;

let calls = 0;

export function originCalls(): number {
  return calls;
}

/** One answer, as a database and the code around it would make it. */
export async function fromOrigin(page: string): Promise<{ readonly properties: readonly unknown[] }> {
  calls++;
  await new Promise((resolve) => setTimeout(resolve, ORIGIN_MS));
  const properties = Array.from({ length: BUILDINGS }, (_, index) => ({
    id: `${page.padStart(16, "0")}${String(index).padStart(8, "0")}`,
    city: "Leipzig",
    postalCode: "04109",
    energyClass: "D",
    heatingType: "district heating",
    constructionYear: 1900 + index,
    floorAreaSquareMetres: 80 + index,
    updatedAt: new Date(1_700_000_000_000 + index).toISOString(),
  }));
  return { properties };
}
