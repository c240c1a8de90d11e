import {
  type Contractor,
  ENERGY_CLASSES,
  type EnergyClass,
  type Property,
  TRADES,
  type Trade,
} from "./model";

const CITIES: readonly (readonly [city: string, firstPostalCode: number])[] = [
  ["Berlin", 10_115],
  ["Hamburg", 20_095],
  ["Köln", 50_667],
  ["Leipzig", 4_103],
  ["München", 80_331],
];
const HEATING = ["gas", "oil", "district", "heat-pump"] as const;

/** Postal codes of each city. */
const AREAS = 20;
const DAY_MS = 86_400_000;
const FIRST_UPDATE = Date.UTC(2026, 0, 1);

/** An ObjectId in hexadecimal, from a number. */
function id(kind: number, index: number): string {
  return kind.toString(16).padStart(8, "0") + index.toString(16).padStart(16, "0");
}

function postalCode(first: number, index: number): string {
  return String(first + (index % AREAS)).padStart(5, "0");
}

function pick<T>(list: readonly [T, ...T[]], index: number): T {
  return list[index % list.length] ?? list[0];
}

/** The same buildings on every machine: every city has every energy class. */
export function sampleProperties(count: number): Property[] {
  return Array.from({ length: count }, (_, index) => {
    const [city, first] = CITIES[index % CITIES.length] ?? ["Berlin", 10_115];
    const round = Math.floor(index / CITIES.length);
    return {
      id: id(1, index + 1),
      city,
      postalCode: postalCode(first, round),
      energyClass: pick<EnergyClass>(ENERGY_CLASSES, round),
      heatingType: pick<string>(HEATING, round),
      constructionYear: 1890 + ((index * 7) % 130),
      floorAreaSquareMetres: 45 + ((index * 13) % 200),
      updatedAt: new Date(FIRST_UPDATE + (index % 300) * DAY_MS),
    };
  });
}

/** The same companies on every machine: every city has every trade. */
export function sampleContractors(count: number): Contractor[] {
  return Array.from({ length: count }, (_, index) => {
    const [city, first] = CITIES[index % CITIES.length] ?? ["Berlin", 10_115];
    const round = Math.floor(index / CITIES.length);
    return {
      id: id(2, index + 1),
      name: `Retrofit ${city} ${round + 1}`,
      trades: [pick<Trade>(TRADES, round), pick<Trade>(TRADES, round + 1)],
      postalCodes: Array.from({ length: AREAS }, (_unused, area) => postalCode(first, area)),
      rating: 3 + ((index * 3) % 20) / 10,
    };
  });
}
