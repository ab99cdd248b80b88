// What is known of videos, and waiting for those to come: asked for with growing pauses while
// the device may still be recording, since nothing announces their arrival.

import {
  type Device,
  listEvents,
  listMedia,
  type Media,
  readEvent,
  readSite,
  setPin,
  type StoredEvent,
} from "./api";
import type { EventList, Item } from "./events";

const FIRST_PAUSE_MS = 1_500;
const LONGEST_PAUSE_MS = 8_000;

export class Recordings {
  /** Does the server take pins? */
  canPin = false;
  #devices = new Map<string, Device>();
  /** By number; null for one that the server did not list. */
  readonly #media = new Map<number, Media | null>();
  readonly #waiting = new Set<string>();
  readonly #events: EventList;
  readonly #onChange: () => void;

  constructor(events: EventList, onChange: () => void) {
    this.#events = events;
    this.#onChange = onChange;
  }

  async load(): Promise<void> {
    const site = await readSite();
    this.#devices = new Map(site.devices.map((device) => [device.device_id, device]));
    this.canPin = site.can_pin;
  }

  /** Learn of the videos of all items, if any is not known yet. */
  async learn(): Promise<void> {
    const mediaIds = this.#events.items.flatMap((item) => item.mediaIds);
    if (mediaIds.every((mediaId) => this.#media.has(mediaId))) return;
    this.#keep(await listMedia(null));
    for (const mediaId of mediaIds) {
      if (!this.#media.has(mediaId)) this.#media.set(mediaId, null);
    }
  }

  /** The video of an item, as far as it is known. */
  find(item: Item): Media | null {
    const mediaId = item.mediaIds[0];
    return mediaId === undefined ? null : (this.#media.get(mediaId) ?? null);
  }

  /** Is a video of this event still to be hoped for soon? */
  isExpected(item: Item): boolean {
    const device = this.#devices.get(item.deviceId);
    if (device === undefined || !device.recorded_types.includes(item.type)) return false;
    if (item.clipState !== null && item.clipState !== "awaited") return false;
    return Date.now() - item.at.getTime() < device.video_within_s * 1000;
  }

  /** Ask until the video is there or is no longer expected. */
  async follow(item: Item): Promise<void> {
    if (this.#waiting.has(item.key) || !this.isExpected(item)) return;
    this.#waiting.add(item.key);
    let pauseMs = FIRST_PAUSE_MS;
    while (this.isExpected(item)) {
      await new Promise((resume) => setTimeout(resume, pauseMs));
      pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS);
      const wasKnown = item.cursor !== null;
      await this.refresh(item);
      if (!wasKnown) this.#onChange();
    }
    this.#waiting.delete(item.key);
    this.#onChange();
  }

  /** Look again at an event, and at its video if it has one. */
  async refresh(item: Item): Promise<void> {
    try {
      for (const event of await this.#read(item)) this.#events.takeStored(event);
      if (item.mediaIds.length > 0) this.#keep(await listMedia(item.eventId));
    } catch (error) {
      console.warn("asked again later:", error);
    }
  }

  /** Read what is stored of an event; of one that has only been announced, all that is new. */
  async #read(item: Item): Promise<StoredEvent[]> {
    if (item.cursor === null) return listEvents(this.#events.cursor);
    const event = await readEvent(item.cursor);
    return event === undefined ? [] : [event];
  }

  /** Keep a video whatever comes, or no longer. */
  async pin(media: Media, isPinned: boolean): Promise<void> {
    await setPin(media.media_id, isPinned);
    this.#keep([{ ...media, pinned: isPinned }]);
    this.#onChange();
  }

  #keep(media: Media[]): void {
    for (const one of media) this.#media.set(one.media_id, one);
  }
}
