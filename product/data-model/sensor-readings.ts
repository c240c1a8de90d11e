import type { Collection } from "../../budget/database/data-model/collection";

/** Two heating seasons, so that a retrofit can be compared with the winter before it. */
const RETENTION_SECONDS = 730 * 86_400;

export const sensorReadings: Collection = {
  name: "sensorReadings",
  holds: "Measurements of meters and indoor sensors, one document for an hour of one sensor.",
  fields: {
    _id: "objectId",
    sensorId: "objectId",
    propertyId: "objectId",
    hour: "date",
    kilowattHours: "number",
    meanCelsius: "number",
    samples: "object[]",
  },
  size: { shareOfData: 0.628, documentBytes: 1600, activeShare: 0.02 },
  writes: 40,
  sharding: {
    key: { sensorId: 1, hour: 1 },
    reason:
      "Readings are written and read by sensor and time; sensors are many, so each hour's writes fall on all shards.",
  },
  indexes: [
    {
      name: "sensor_hour",
      keys: { sensorId: 1, hour: 1 },
      unique: true,
      serves: ["course of a sensor", "days of a sensor"],
    },
    { name: "property_hour", keys: { propertyId: 1, hour: -1 }, serves: ["latest of a property"] },
    { name: "retention_ttl", keys: { hour: 1 }, expireAfterSeconds: RETENTION_SECONDS, serves: [] },
  ],
  queries: [
    {
      name: "course of a sensor",
      why: "the chart of a building",
      frequency: 20,
      limit: 744,
      equality: ["sensorId"],
      sort: [["hour", 1]],
      range: ["hour"],
    },
    {
      name: "days of a sensor",
      why: "the monthly report",
      frequency: 2,
      limit: 31,
      examines: 744,
      equality: ["sensorId"],
      range: ["hour"],
    },
    {
      name: "latest of a property",
      why: "the tile on the dashboard",
      frequency: 15,
      limit: 1,
      equality: ["propertyId"],
      sort: [["hour", -1]],
      asksEveryShard: "One document from each shard; cached for five minutes.",
    },
  ],
  pipelines: [
    {
      name: "days of a sensor",
      startsAs: "days of a sensor",
      stages: [
        { $match: { sensorId: "$$sensorId", hour: { $gte: "$$from", $lt: "$$to" } } },
        {
          $group: {
            _id: { $dateTrunc: { date: "$hour", unit: "day" } },
            kilowattHours: { $sum: "$kilowattHours" },
            meanCelsius: { $avg: "$meanCelsius" },
          },
        },
        { $sort: { _id: 1 } },
      ],
    },
  ],
};
