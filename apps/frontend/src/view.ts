// What is seen: the list of events and the stage on which a video plays.

import { element, make, makeButton } from "./dom";
import type { EventList, Item } from "./events";
import type { Recordings } from "./recordings";
import { Stage, statusOf } from "./stage";
import { formatDay, formatFull, formatTime, texts } from "./texts";
import { Thumbnails } from "./thumbnails";
import { whereOf } from "./where";

export type Connection = "connecting" | "connected" | "lost";

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
  readonly #stage: Stage;
  readonly #thumbnails = new Thumbnails(element("events"));
  readonly #fresh = new Set<string>();
  #selected: string | null = null;

  constructor(events: EventList, recordings: Recordings) {
    this.#events = events;
    this.#recordings = recordings;
    this.#stage = new Stage(recordings);
    element("events").addEventListener("click", (click) => {
      const button = (click.target as Element).closest<HTMLButtonElement>("button[data-key]");
      if (button?.dataset["key"] !== undefined) this.select(button.dataset["key"], true);
    });
  }

  /** A new alert: mark it, and put it on the stage unless a video is being watched. */
  present(item: Item): void {
    this.#fresh.add(item.key);
    announce(item);
    if (!this.#stage.isWatched()) this.select(item.key, false);
  }

  select(key: string, byHand: boolean): void {
    this.#selected = key;
    this.#fresh.delete(key);
    this.render();
    void this.#refresh(key);
    if (byHand) {
      element("stage").scrollIntoView({ block: "nearest" });
      document.querySelector("video")?.play().catch(() => undefined);
    }
  }

  /** What is selected may have changed since: another page pinned it, its video has come. */
  async #refresh(key: string): Promise<void> {
    const item = this.#events.find(key);
    if (item === undefined) return;
    await this.#recordings.refresh(item);
    this.render();
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
    const button = makeButton("event");
    button.dataset["key"] = item.key;
    button.dataset["type"] = item.type;
    if (item.mediaIds.length > 0) button.setAttribute("aria-keyshortcuts", "ArrowLeft ArrowRight");
    button.setAttribute("aria-pressed", String(item.key === this.#selected));
    const time = make("time", "time", formatTime(item.at)) as HTMLTimeElement;
    time.dateTime = item.at.toISOString();
    time.title = formatFull(item.at);
    const what = make("span", "what", texts[item.type]);
    const where = make("span", "where", whereOf(item));
    if (this.#fresh.has(item.key)) where.append(make("span", "fresh", texts.fresh));
    button.append(this.#picture(item), make("span", "mark"), what, time);
    button.append(where, this.#state(item));
    row.append(button);
    return row;
  }

  #picture(item: Item): HTMLElement {
    const mediaId = item.mediaIds[0];
    if (mediaId !== undefined) return this.#thumbnails.of(item, mediaId);
    return make("span", this.#recordings.isExpected(item) ? "thumb filming" : "thumb missing");
  }

  #state(item: Item): HTMLElement {
    if (item.mediaIds.length === 0) {
      const isExpected = this.#recordings.isExpected(item);
      if (isExpected) return make("span", "state recording", texts.recording);
      return make("span", "state", statusOf(item));
    }
    const state = make("span", "state has-video", texts.watch);
    const media = this.#recordings.find(item);
    if (media?.pinned) state.append(make("span", "tag kept", texts.kept));
    if (media?.salvaged) state.append(make("span", "tag cut", texts.salvagedShort));
    return state;
  }

  #renderStage(): void {
    const item = this.#selected === null ? undefined : this.#events.find(this.#selected);
    if (item !== undefined) this.#stage.show(item);
  }
}
