import { type Document, ObjectId } from "mongodb";
import type { Database } from "../database";
import type { Contractor, ContractorSearch, Property, PropertySearch, Quote, Store, User } from "./model";

/** A document as it is stored: `_id` for `id`, ObjectIds for ids. */
type Stored<T, Ids extends keyof T = never> = { readonly _id: ObjectId } & Omit<T, Ids | "id"> & {
    readonly [Id in Ids]: ObjectId;
  };

/** Buildings and companies that are withdrawn stay in the database, and out of the partial indexes. */
type StoredProperty = Stored<Property> & { readonly listed: boolean };
type StoredContractor = Stored<Contractor> & { readonly active: boolean };
type StoredQuote = Stored<Quote, "projectId" | "propertyId" | "contractorId">;

/** Documents of one insert of the sample data. */
const BATCH = 500;

/** RetroFitLink's collections, read as each query's purpose allows. Filters and sorts follow the data model's indexes. */
export class MongoStore implements Store {
  readonly kind = "mongodb";

  constructor(private readonly database: Database) {}

  async searchProperties({ city, energyClass, limit }: PropertySearch): Promise<readonly Property[]> {
    const properties = this.database.collection<StoredProperty>("properties", "catalogue");
    const filter = { city, ...(energyClass === undefined ? {} : { energyClass }), listed: true };
    const found = await this.database.run((limits) =>
      properties.find(filter, limits).sort({ updatedAt: -1 }).limit(limit).toArray(),
    );
    return found.map(propertyOf);
  }

  async property(id: string): Promise<Property | undefined> {
    const properties = this.database.collection<StoredProperty>("properties", "catalogue");
    const found = await this.database.run((limits) => properties.findOne({ _id: new ObjectId(id) }, limits));
    return found === null ? undefined : propertyOf(found);
  }

  async searchContractors({ trade, postalCode, limit }: ContractorSearch): Promise<readonly Contractor[]> {
    const contractors = this.database.collection<StoredContractor>("contractors", "catalogue");
    const area = postalCode === undefined ? {} : { postalCodes: postalCode };
    const found = await this.database.run((limits) =>
      contractors
        .find({ trades: trade, active: true, ...area }, limits)
        .sort({ rating: -1 })
        .limit(limit)
        .toArray(),
    );
    return found.map(contractorOf);
  }

  async contractor(id: string): Promise<Contractor | undefined> {
    const contractors = this.database.collection<StoredContractor>("contractors", "catalogue");
    const found = await this.database.run((limits) => contractors.findOne({ _id: new ObjectId(id) }, limits));
    return found === null ? undefined : contractorOf(found);
  }

  async addQuote({ id, projectId, propertyId, contractorId, ...rest }: Quote): Promise<void> {
    const quotes = this.database.collection<StoredQuote>("quotes", "transactional");
    const quote: StoredQuote = {
      _id: new ObjectId(id),
      projectId: new ObjectId(projectId),
      propertyId: new ObjectId(propertyId),
      contractorId: new ObjectId(contractorId),
      ...rest,
    };
    await this.database.run(({ maxTimeMS, comment }) => quotes.insertOne(quote, { maxTimeMS, comment }));
  }

  async addUser({ id, ...rest }: User): Promise<void> {
    const users = this.database.collection<Stored<User>>("users", "transactional");
    await this.database.run(({ maxTimeMS, comment }) =>
      users.insertOne({ _id: new ObjectId(id), ...rest }, { maxTimeMS, comment }),
    );
  }

  async user(id: string): Promise<User | undefined> {
    const users = this.database.collection<Stored<User>>("users", "read-your-writes");
    const found = await this.database.run((limits) => users.findOne({ _id: new ObjectId(id) }, limits));
    if (found === null) return undefined;
    const { _id, email, role, createdAt } = found;
    return { id: _id.toHexString(), email, role, createdAt };
  }

  /** Puts the sample data where there is none yet. Safe to repeat. */
  async seed(properties: readonly Property[], contractors: readonly Contractor[]): Promise<void> {
    await this.insertMissing(
      "properties",
      properties.map(({ id, ...rest }) => ({ _id: new ObjectId(id), ...rest, listed: true })),
    );
    await this.insertMissing(
      "contractors",
      contractors.map(({ id, ...rest }) => ({ _id: new ObjectId(id), ...rest, active: true })),
    );
  }

  ping(): Promise<void> {
    return this.database.ping();
  }

  close(timeoutMs: number): Promise<void> {
    return this.database.close(timeoutMs);
  }

  private async insertMissing(name: string, documents: readonly Document[]): Promise<void> {
    const collection = this.database.collection(name, "transactional");
    if ((await this.database.run((limits) => collection.countDocuments({}, limits))) > 0) return;
    for (let start = 0; start < documents.length; start += BATCH) {
      const batch = documents.slice(start, start + BATCH);
      await this.database.run(({ maxTimeMS }) => collection.insertMany(batch, { maxTimeMS }));
    }
  }
}

function propertyOf(stored: StoredProperty): Property {
  const {
    _id,
    city,
    postalCode,
    energyClass,
    heatingType,
    constructionYear,
    floorAreaSquareMetres,
    updatedAt,
  } = stored;
  return {
    id: _id.toHexString(),
    city,
    postalCode,
    energyClass,
    heatingType,
    constructionYear,
    floorAreaSquareMetres,
    updatedAt,
  };
}

function contractorOf({ _id, name, trades, postalCodes, rating }: StoredContractor): Contractor {
  return { id: _id.toHexString(), name, trades, postalCodes, rating };
}
