// The picture of a video in the list. At rest it shows the instant of the event; under a
// pointer, a finger or the arrow keys, the whole video picture by picture.

import { pictureOf } from "./api";
import { make, makeImage } from "./dom";
import type { Item } from "./events";
import { makeWindow, STRIP_PICTURES, turnTo } from "./strip";
import { texts } from "./texts";

const KEPT = 600;
const TRIES = 3;
const TRY_AGAIN_AFTER_MS = 5_000;
const STEP_BY_KEY: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 };

export class Thumbnails {
  readonly #byKey = new Map<string, HTMLElement>();
  #scrubbed: HTMLElement | null = null;

  constructor(list: HTMLElement) {
    list.addEventListener("pointermove", (move) => this.#follow(move));
    list.addEventListener("pointerleave", () => this.#rest());
    list.addEventListener("pointerup", (up) => {
      if (up.pointerType !== "mouse") this.#rest();
    });
    list.addEventListener("pointercancel", () => this.#rest());
    list.addEventListener("keydown", (press) => this.#step(press));
    list.addEventListener("focusin", (focus) => prepare(thumbnailIn(focus.target)));
    list.addEventListener("focusout", () => this.#rest());
  }

  /** Get the picture of an item's video: the same element each time, which loads once. */
  of(item: Item, mediaId: number): HTMLElement {
    const key = `${mediaId} ${item.key}`;
    const made = this.#byKey.get(key) ?? makeThumbnail(mediaId, item.eventId);
    this.#byKey.set(key, made);
    for (const oldest of [...this.#byKey.keys()].slice(0, -KEPT)) this.#byKey.delete(oldest);
    return made;
  }

  #follow(move: PointerEvent): void {
    const thumbnail = (move.target as Element).closest<HTMLElement>(".thumb[data-media]");
    if (thumbnail === null) return this.#rest();
    const { left, width } = thumbnail.getBoundingClientRect();
    this.#show(thumbnail, Math.floor(((move.clientX - left) / width) * STRIP_PICTURES));
  }

  #step(press: KeyboardEvent): void {
    const step = STEP_BY_KEY[press.key];
    const thumbnail = thumbnailIn(press.target);
    if (step === undefined || thumbnail === null) return;
    press.preventDefault();
    const shown = thumbnail.dataset["picture"];
    const first = step > 0 ? 0 : STRIP_PICTURES - 1;
    this.#show(thumbnail, shown === undefined ? first : Number(shown) + step);
  }

  #show(thumbnail: HTMLElement, picture: number): void {
    if (this.#scrubbed !== thumbnail) this.#rest();
    this.#scrubbed = thumbnail;
    prepare(thumbnail);
    const bounded = Math.max(0, Math.min(picture, STRIP_PICTURES - 1));
    thumbnail.dataset["picture"] = String(bounded);
    turnTo(thumbnail, bounded);
  }

  #rest(): void {
    if (this.#scrubbed !== null) delete this.#scrubbed.dataset["picture"];
    this.#scrubbed = null;
  }
}

function makeThumbnail(mediaId: number, version: string): HTMLElement {
  const thumbnail = make("span", "thumb");
  thumbnail.dataset["media"] = String(mediaId);
  thumbnail.dataset["version"] = version;
  const still = makeImage("still", pictureOf(mediaId, "thumbnail", version), texts.still);
  [still.width, still.height] = [320, 180];
  insist(still, thumbnail);
  thumbnail.append(still);
  return thumbnail;
}

/** Show an empty frame where there is no picture, and try again: the database may be locked. */
function insist(still: HTMLImageElement, thumbnail: HTMLElement): void {
  let triesLeft = TRIES;
  still.addEventListener("load", () => thumbnail.classList.remove("missing"));
  still.addEventListener("error", () => {
    thumbnail.classList.add("missing");
    triesLeft -= 1;
    if (triesLeft > 0) setTimeout(() => (still.src = still.src), TRY_AGAIN_AFTER_MS);
  });
}

/** Load the strip of a picture that somebody is about to look at. */
function prepare(thumbnail: HTMLElement | null): void {
  if (thumbnail === null || thumbnail.querySelector(".window") !== null) return;
  const { media, version } = thumbnail.dataset;
  thumbnail.append(makeWindow(Number(media), version ?? ""));
}

function thumbnailIn(target: EventTarget | null): HTMLElement | null {
  return (target as Element).querySelector<HTMLElement>(".thumb[data-media]");
}
