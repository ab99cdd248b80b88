// What the page knows: each event once, by device and event id, newest first.
//
// An alert comes first and says little; the stored event follows and says all.

import type { Alert, AlertType, ClipState, StoredEvent } from "./api";

export interface Item {
  key: string;
  /** Of the stored event; null as long as only its alert is known. */
  cursor: number | null;
  eventId: string;
  deviceId: string;
  type: AlertType;
  sensorName: string | null;
  location: string | null;
  at: Date;
  mediaIds: number[];
  /** What became of its video; null as long as only the alert is known. */
  clipState: ClipState | null;
  noVideoReason: string | null;
}

const KEPT = 500;

export class EventList {
  /** Newest first. */
  readonly items: Item[] = [];
  /** The last stored event seen; null before the first answer. */
  cursor: number | null = null;
  readonly #byKey = new Map<string, Item>();

  /** Take an alert. Returns the new item, or null when the event was known. */
  takeAlert(type: AlertType, alert: Alert): Item | null {
    const eventId = alert.details.event_id;
    const key = keyOf(alert.device_id, eventId);
    if (this.#byKey.has(key)) return null;
    return this.#insert({
      key,
      cursor: null,
      eventId,
      deviceId: alert.device_id,
      type,
      sensorName: null,
      location: alert.location,
      at: new Date(alert.timestamp),
      mediaIds: [],
      clipState: null,
      noVideoReason: null,
    });
  }

  /** Take a stored event. Returns the item when it was not known yet, else null. */
  takeStored(event: StoredEvent): Item | null {
    this.cursor = Math.max(this.cursor ?? 0, event.cursor);
    const key = keyOf(event.device_id, event.event_id);
    const known = this.#byKey.get(key);
    const item: Item = {
      key,
      cursor: event.cursor,
      eventId: event.event_id,
      deviceId: event.device_id,
      type: event.type,
      sensorName: event.sensor_name,
      location: event.location ?? known?.location ?? null,
      at: new Date(event.occurred_at ?? event.received_at ?? 0),
      mediaIds: event.media_ids,
      clipState: event.clip_state,
      noVideoReason: event.no_video_reason,
    };
    if (known === undefined) return this.#insert(item);
    Object.assign(known, item);
    this.#sort();
    return null;
  }

  find(key: string): Item | undefined {
    return this.#byKey.get(key);
  }

  #insert(item: Item): Item {
    this.#byKey.set(item.key, item);
    this.items.unshift(item);
    this.#sort();
    for (const old of this.items.splice(KEPT)) this.#byKey.delete(old.key);
    return item;
  }

  #sort(): void {
    this.items.sort((one, other) => other.at.getTime() - one.at.getTime());
  }
}

function keyOf(deviceId: string, eventId: string): string {
  return JSON.stringify([deviceId, eventId]);
}
