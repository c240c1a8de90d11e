/** Every collection of RetroFitLink. A new one is a file in collections/ and a line here. */
import type { Collection } from "./collection";
import { auditEvents } from "./collections/audit-events";
import { contractors } from "./collections/contractors";
import { documents } from "./collections/documents";
import { messages } from "./collections/messages";
import { properties } from "./collections/properties";
import { quotes } from "./collections/quotes";
import { retrofitProjects } from "./collections/retrofit-projects";
import { sensorReadings } from "./collections/sensor-readings";
import { sessions } from "./collections/sessions";
import { users } from "./collections/users";

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
