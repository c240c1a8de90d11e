/** Every collection of RetroFitLink. A new one is a file in collections/ and a line here. */
import type { Collection } from "../../budget/database/data-model/collection";
import { auditEvents } from "./audit-events";
import { contractors } from "./contractors";
import { documents } from "./documents";
import { messages } from "./messages";
import { properties } from "./properties";
import { quotes } from "./quotes";
import { retrofitProjects } from "./retrofit-projects";
import { sensorReadings } from "./sensor-readings";
import { sessions } from "./sessions";
import { users } from "./users";

export const CATALOGUE: readonly Collection[] = [
  users,
  properties,
  retrofitProjects,
  contractors,
  quotes,
  messages,
  documents,
  sessions,
  auditEvents,
  sensorReadings,
];
