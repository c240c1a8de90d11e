import type { Contractor, ContractorSearch, Property, PropertySearch, Quote, Store, User } from "./model";
import { sampleContractors, sampleProperties } from "./sample-data";

/** What a load test may add before the oldest goes: the process must not grow with it. */
const MOST_ADDED = 10_000;

/** A catalogue inside the process, for load tests without a database. What is added is gone at the end. */
export class MemoryStore implements Store {
  readonly kind = "built-in catalogue";
  private readonly properties: ReadonlyMap<string, Property>;
  private readonly byCity: ReadonlyMap<string, readonly Property[]>;
  private readonly contractors: ReadonlyMap<string, Contractor>;
  private readonly byRating: readonly Contractor[];
  private readonly quotes = new Map<string, Quote>();
  private readonly users = new Map<string, User>();

  constructor({ properties = 5000, contractors = 500 } = {}) {
    const buildings = sampleProperties(properties);
    const companies = sampleContractors(contractors);
    this.properties = new Map(buildings.map((one) => [one.id, one]));
    const newestFirst = [...buildings].sort((a, b) => b.updatedAt.getTime() - a.updatedAt.getTime());
    const byCity = new Map<string, Property[]>();
    for (const one of newestFirst) {
      const list = byCity.get(one.city) ?? [];
      list.push(one);
      byCity.set(one.city, list);
    }
    this.byCity = byCity;
    this.contractors = new Map(companies.map((one) => [one.id, one]));
    this.byRating = [...companies].sort((a, b) => b.rating - a.rating);
  }

  searchProperties({ city, energyClass, limit }: PropertySearch): Promise<readonly Property[]> {
    const found = (this.byCity.get(city) ?? []).filter(
      (one) => energyClass === undefined || one.energyClass === energyClass,
    );
    return Promise.resolve(found.slice(0, limit));
  }

  property(id: string): Promise<Property | undefined> {
    return Promise.resolve(this.properties.get(id));
  }

  searchContractors({ trade, postalCode, limit }: ContractorSearch): Promise<readonly Contractor[]> {
    const found = this.byRating.filter(
      ({ trades, postalCodes }) =>
        trades.includes(trade) && (postalCode === undefined || postalCodes.includes(postalCode)),
    );
    return Promise.resolve(found.slice(0, limit));
  }

  contractor(id: string): Promise<Contractor | undefined> {
    return Promise.resolve(this.contractors.get(id));
  }

  addQuote(quote: Quote): Promise<void> {
    addBounded(this.quotes, quote.id, quote);
    return Promise.resolve();
  }

  addUser(user: User): Promise<void> {
    addBounded(this.users, user.id, user);
    return Promise.resolve();
  }

  user(id: string): Promise<User | undefined> {
    return Promise.resolve(this.users.get(id));
  }

  ping(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function addBounded<T>(map: Map<string, T>, key: string, value: T): void {
  const [oldest] = map.keys();
  if (map.size >= MOST_ADDED && oldest !== undefined) map.delete(oldest);
  map.set(key, value);
}
