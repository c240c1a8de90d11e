import { randomBytes } from "node:crypto";
import { type Request, type RequestHandler, Router, json } from "express";
import type { Caches } from "./caches";
import { HttpError } from "./errors";
import { INPUT, valid } from "./input";
import type { Contractor, Property, Quote, Store, Trade, User } from "./model";
import type { Sessions } from "./sessions";

/** Largest body that is read. The endpoints need a tenth of it. */
const BODY_LIMIT = "16kb";

/** How long an offer stands, milliseconds: 30 days. */
const OFFER_MS = 30 * 86_400_000;

/** Euro for each square metre of floor area. */
const PRICES: Readonly<Record<Trade, number>> = {
  insulation: 140,
  "heat-pump": 180,
  windows: 95,
  solar: 110,
  ventilation: 60,
};

export interface RouteOptions {
  readonly store: Store;
  readonly sessions: Sessions;
  /** @default none */
  readonly caches?: Caches | undefined;
  /** Told of every new quote. */
  readonly quoted: (quote: Quote) => void;
}

/** The endpoints below `/api`. Paths are written out in full, as they show in the metrics. */
export function apiRoutes({ store, sessions, caches, quoted }: RouteOptions): Router {
  const router = Router();
  const body = json({ limit: BODY_LIMIT });
  const cached: RequestHandler = caches?.responses() ?? ((_request, _response, next) => next());

  router.get("/api/properties", cached, async (request, response) => {
    const search = valid(INPUT.propertySearch, request.query);
    response.json({ properties: await store.searchProperties(search) });
  });

  router.get("/api/properties/:id", cached, async (request, response) => {
    response.json(await propertyOf(store, request.params.id));
  });

  router.post("/api/properties/:id/quotes", body, async (request, response) => {
    await signedIn(sessions, request);
    const { contractorId, trade } = valid(INPUT.quote, request.body);
    const property = await propertyOf(store, request.params.id);
    const contractor = await store.contractor(contractorId);
    if (contractor === undefined) throw new HttpError(404, "there is no such contractor");
    if (!contractor.trades.includes(trade)) throw new HttpError(422, "the contractor does not do that");
    const quote = newQuote(property, contractor, trade);
    await store.addQuote(quote);
    quoted(quote);
    response.status(201).json(quote);
  });

  router.get("/api/contractors/search", async (request, response) => {
    const search = valid(INPUT.contractorSearch, request.query);
    const find = (): Promise<readonly Contractor[]> => store.searchContractors(search);
    const { trade, postalCode = "all", limit } = search;
    const key = `contractors:${trade}:${postalCode}:${limit}`;
    response.json({ contractors: await (caches?.remembered(key, "contractors", find) ?? find()) });
  });

  // A guest's session: the reference knows no passwords, and trusts nobody's word for an address.
  router.post("/api/sessions", async (_request, response) => {
    const user = newGuest();
    await store.addUser(user);
    response.status(201).json({ token: await sessions.create(user.id), userId: user.id });
  });

  router.delete("/api/sessions", async (request, response) => {
    await sessions.remove(tokenOf(request));
    response.status(204).end();
  });

  router.get("/api/me", async (request, response) => {
    const user = await store.user(await signedIn(sessions, request));
    if (user === undefined) throw new HttpError(401, "sign in first");
    response.setHeader("Cache-Control", "private, no-store");
    response.json(user);
  });

  return router;
}

async function propertyOf(store: Store, id: unknown): Promise<Property> {
  const property = await store.property(valid(INPUT.id, id));
  if (property === undefined) throw new HttpError(404, "there is no such property");
  return property;
}

function tokenOf(request: Request): string {
  const [, token] = /^Bearer ([\w-]{20,200})$/.exec(request.headers.authorization ?? "") ?? [];
  if (token === undefined) throw new HttpError(401, "sign in first");
  return token;
}

/** @returns id of the user */
async function signedIn(sessions: Sessions, request: Request): Promise<string> {
  const userId = await sessions.userOf(tokenOf(request));
  if (userId === undefined) throw new HttpError(401, "sign in first");
  return userId;
}

function newQuote(property: Property, contractor: Contractor, trade: Trade): Quote {
  const now = Date.now();
  return {
    id: newId(),
    projectId: newId(),
    propertyId: property.id,
    contractorId: contractor.id,
    trade,
    status: "submitted",
    total: property.floorAreaSquareMetres * PRICES[trade],
    submittedAt: new Date(now),
    expiresAt: new Date(now + OFFER_MS),
  };
}

function newGuest(): User {
  const id = newId();
  return { id, email: `${id}@guest.invalid`, role: "owner", createdAt: new Date() };
}

/** As an ObjectId: seconds in front, so that ids ascend with time. */
function newId(): string {
  const seconds = Math.floor(Date.now() / 1000);
  return seconds.toString(16).padStart(8, "0") + randomBytes(8).toString("hex");
}
