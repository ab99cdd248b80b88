// What is seen: the list of events and the stage on which a video plays.

import { listMedia } from "./api";
import type { EventList, Item } from "./events";
import type { Recordings } from "./recordings";
import { formatDay, formatDuration, formatFull, formatSize, formatTime, texts } from "./texts";

export type Connection = "connecting" | "connected" | "lost";

export function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as T;
}

function make(tag: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

export function showConnection(state: Connection): void {
  const shown = element("connection");
  shown.dataset["state"] = state;
  shown.textContent = texts[state];
}

/** Said to a screen reader; seen by nobody. */
export function announce(item: Item): void {
  element("announcement").textContent = `${texts[item.type]}, ${whereOf(item)}`;
}

export function showTrouble(error: unknown): void {
  const shown = element("empty");
  shown.hidden = false;
  shown.textContent = texts.refused + String(error);
}

export class View {
  readonly #events: EventList;
  readonly #recordings: Recordings;
  readonly #fresh = new Set<string>();
  #selected: string | null = null;
  #played: number | null = null;

  constructor(events: EventList, recordings: Recordings) {
    this.#events = events;
    this.#recordings = recordings;
    element("events").addEventListener("click", (click) => {
      const button = (click.target as Element).closest<HTMLButtonElement>("button[data-key]");
      if (button?.dataset["key"] !== undefined) this.select(button.dataset["key"], true);
    });
    this.#showIdle();
  }

  /** A new alert: mark it, and put it on the stage unless a video is being watched. */
  present(item: Item): void {
    this.#fresh.add(item.key);
    announce(item);
    if (!this.#isWatching()) this.select(item.key, false);
  }

  select(key: string, byHand: boolean): void {
    this.#selected = key;
    this.#fresh.delete(key);
    this.render();
    if (byHand) {
      element("stage").scrollIntoView({ block: "nearest" });
      document.querySelector("video")?.play().catch(() => undefined);
    }
  }

  render(): void {
    const list = element("events");
    const focused = (document.activeElement as HTMLElement | null)?.dataset["key"];
    element("empty").textContent = texts.empty;
    element("empty").hidden = this.#events.items.length > 0;
    list.replaceChildren(...this.#rows());
    if (focused !== undefined) {
      list.querySelector<HTMLElement>(`button[data-key="${CSS.escape(focused)}"]`)?.focus();
    }
    this.#renderStage();
  }

  #rows(): HTMLElement[] {
    const rows: HTMLElement[] = [];
    let lastDay = "";
    for (const item of this.#events.items) {
      const day = formatDay(item.at);
      if (day !== lastDay) rows.push(make("li", "day", day));
      lastDay = day;
      rows.push(this.#row(item));
    }
    return rows;
  }

  #row(item: Item): HTMLElement {
    const row = make("li", "row");
    const button = make("button", "event") as HTMLButtonElement;
    button.type = "button";
    button.dataset["key"] = item.key;
    button.dataset["type"] = item.type;
    button.setAttribute("aria-pressed", String(item.key === this.#selected));
    const time = make("time", "time", formatTime(item.at)) as HTMLTimeElement;
    time.dateTime = item.at.toISOString();
    time.title = formatFull(item.at);
    const what = make("span", "what", texts[item.type]);
    if (this.#fresh.has(item.key)) what.append(make("span", "fresh", texts.fresh));
    button.append(make("span", "mark"), what, time);
    button.append(make("span", "where", whereOf(item)), this.#state(item));
    row.append(button);
    return row;
  }

  #state(item: Item): HTMLElement {
    if (item.mediaIds.length > 0) return make("span", "state has-video", texts.watch);
    if (this.#recordings.isExpected(item)) return make("span", "state recording", texts.recording);
    return make("span", "state", texts.noVideo);
  }

  #renderStage(): void {
    const item = this.#selected === null ? undefined : this.#events.find(this.#selected);
    if (item === undefined) return;
    element("stage-title").textContent = texts[item.type];
    element("stage-detail").textContent = `${whereOf(item)} · ${formatFull(item.at)}`;
    const mediaId = item.mediaIds[0];
    if (mediaId === undefined) this.#showWaiting(item);
    else if (mediaId !== this.#played) this.#play(item, mediaId);
  }

  #showIdle(): void {
    element("stage-title").textContent = texts.idleTitle;
    element("stage-detail").textContent = texts.idleDetail;
    element("screen").replaceChildren(make("span", "eye"));
  }

  #showWaiting(item: Item): void {
    this.#played = null;
    const expected = this.#recordings.isExpected(item);
    const text = expected ? texts.recording : texts.noVideo;
    element("screen").replaceChildren(make("p", expected ? "wait recording" : "wait", text));
    element("stage-links").replaceChildren();
  }

  #play(item: Item, mediaId: number): void {
    this.#played = mediaId;
    const address = `/api/media/${mediaId}/video`;
    const video = document.createElement("video");
    video.controls = true;
    video.playsInline = true;
    video.muted = true;
    video.preload = "metadata";
    video.src = address;
    video.setAttribute("aria-label", `${texts[item.type]}, ${formatFull(item.at)}`);
    video.addEventListener("error", () => {
      element("screen").replaceChildren(make("p", "wait", texts.damaged));
    });
    element("screen").replaceChildren(video);
    element("stage-links").replaceChildren(
      link(address, texts.download, `${item.eventId}.mp4`),
      link(`${address}?format=h264`, texts.raw, `${item.eventId}.h264`),
    );
    void this.#describe(item, mediaId);
  }

  /** Add what the list of videos knows: length, size, resolution. */
  async #describe(item: Item, mediaId: number): Promise<void> {
    const media = (await listMedia(item.eventId)).find((one) => one.media_id === mediaId);
    if (media === undefined || this.#played !== mediaId) return;
    const facts = [formatDuration(media.duration_s), media.resolution, formatSize(media.clip_bytes)];
    element("stage-links").prepend(make("span", "facts", facts.join(" · ")));
  }

  #isWatching(): boolean {
    const video = document.querySelector("video");
    return video !== null && !video.ended && (!video.paused || video.currentTime > 0);
  }
}

function link(address: string, text: string, fileName: string): HTMLElement {
  const made = make("a", "", text) as HTMLAnchorElement;
  made.href = address;
  made.download = fileName;
  return made;
}

/** Name the sensor, the place unless the sensor's name says it already, and the device. */
function whereOf(item: Item): string {
  const { sensorName, location } = item;
  const place = location !== null && sensorName?.includes(location) ? null : location;
  return [sensorName, place, item.deviceId].filter((part) => part !== null).join(" · ");
}
