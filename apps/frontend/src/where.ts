// Where an event happened.

import type { Item } from "./events";

/** Name the sensor, the place unless the sensor's name says it already, and the device. */
export function whereOf(item: Item): string {
  const { sensorName, location } = item;
  const place = location !== null && sensorName?.includes(location) ? null : location;
  return [sensorName, place, item.deviceId].filter((part) => part !== null).join(" · ");
}
