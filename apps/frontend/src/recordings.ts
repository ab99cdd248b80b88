// Waiting for the video of an event: asked for with growing pauses while the device may
// still be recording, since nothing announces its arrival.

import { type Device, listDevices, listMedia } from "./api";
import type { Item } from "./events";

const FIRST_PAUSE_MS = 1_500;
const LONGEST_PAUSE_MS = 8_000;

export class Recordings {
  #devices = new Map<string, Device>();
  readonly #waiting = new Set<string>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  async load(): Promise<void> {
    this.#devices = new Map((await listDevices()).map((device) => [device.device_id, device]));
  }

  /** Is a video of this event still to be hoped for? */
  isExpected(item: Item): boolean {
    const device = this.#devices.get(item.deviceId);
    if (device === undefined || item.mediaIds.length > 0) return false;
    if (!device.recorded_types.includes(item.type)) return false;
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
      await this.#ask(item);
    }
    this.#waiting.delete(item.key);
    this.#onChange();
  }

  async #ask(item: Item): Promise<void> {
    try {
      const media = await listMedia(item.eventId);
      if (item.mediaIds.length === 0) item.mediaIds = media.map((one) => one.media_id);
    } catch (error) {
      console.warn("asked again later:", error);
    }
  }
}
