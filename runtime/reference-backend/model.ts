/** What the reference backend knows of RetroFitLink: the fields that its endpoints use, under the data model's names. */

export const ENERGY_CLASSES = ["A", "B", "C", "D", "E", "F", "G", "H"] as const;
export const TRADES = ["insulation", "heat-pump", "windows", "solar", "ventilation"] as const;

export type EnergyClass = (typeof ENERGY_CLASSES)[number];
export type Trade = (typeof TRADES)[number];

/** A building or flat. Ids are ObjectIds in hexadecimal. */
export interface Property {
  readonly id: string;
  readonly city: string;
  readonly postalCode: string;
  readonly energyClass: EnergyClass;
  readonly heatingType: string;
  readonly constructionYear: number;
  readonly floorAreaSquareMetres: number;
  readonly updatedAt: Date;
}

/** A company that carries out retrofits. */
export interface Contractor {
  readonly id: string;
  readonly name: string;
  readonly trades: readonly Trade[];
  readonly postalCodes: readonly string[];
  /** 0..5. */
  readonly rating: number;
}

/** An offer of a contractor. Every request for one opens a project of its own. */
export interface Quote {
  readonly id: string;
  readonly projectId: string;
  readonly propertyId: string;
  readonly contractorId: string;
  readonly trade: Trade;
  readonly status: "submitted";
  /** Euro. */
  readonly total: number;
  readonly submittedAt: Date;
  readonly expiresAt: Date;
}

/** Somebody with a session. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly role: "owner";
  readonly createdAt: Date;
}

export interface PropertySearch {
  readonly city: string;
  readonly energyClass?: EnergyClass | undefined;
  /** 1..50. */
  readonly limit: number;
}

export interface ContractorSearch {
  readonly trade: Trade;
  readonly postalCode?: string | undefined;
  /** 1..50. */
  readonly limit: number;
}

/** Where the data is. */
export interface Store {
  /** For `/ready`: where the answers come from. */
  readonly kind: "mongodb" | "built-in catalogue";
  searchProperties(search: PropertySearch): Promise<readonly Property[]>;
  property(id: string): Promise<Property | undefined>;
  searchContractors(search: ContractorSearch): Promise<readonly Contractor[]>;
  contractor(id: string): Promise<Contractor | undefined>;
  addQuote(quote: Quote): Promise<void>;
  addUser(user: User): Promise<void>;
  user(id: string): Promise<User | undefined>;
  /** Rejects when it gives no answers. */
  ping(): Promise<void>;
  /** Waits for what runs, at most so many milliseconds. */
  close(timeoutMs: number): Promise<void>;
}
