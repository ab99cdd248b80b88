// The stage: the video of the selected event, and all that is to be known of it.

import { type Media, pictureOf } from "./api";
import { element, make, makeButton, makeDownload } from "./dom";
import type { Item } from "./events";
import type { Recordings } from "./recordings";
import { makeWindow, STRIP_PICTURES, turnTo } from "./strip";
import { formatDelay, formatDuration, formatFull, formatReason, formatSize, texts } from "./texts";
import { whereOf } from "./where";

export class Stage {
  readonly #recordings: Recordings;
  readonly #facts = make("span", "facts");
  readonly #pin = makeButton("pin", texts.keep);
  #played: number | null = null;
  #media: Media | null = null;

  constructor(recordings: Recordings) {
    this.#recordings = recordings;
    this.#pin.addEventListener("click", () => void this.#togglePin());
    element("stage-title").textContent = texts.idleTitle;
    element("stage-detail").textContent = texts.idleDetail;
    element("screen").replaceChildren(make("span", "eye"));
  }

  /** Show an event; a video that is on already goes on. */
  show(item: Item): void {
    element("stage-title").textContent = texts[item.type];
    element("stage-detail").textContent = `${whereOf(item)} · ${formatFull(item.at)}`;
    const mediaId = item.mediaIds[0];
    if (mediaId === undefined) this.#showWaiting(item);
    else if (mediaId !== this.#played) this.#play(item, mediaId);
    this.#describe(mediaId === undefined ? null : this.#recordings.find(item));
  }

  isWatched(): boolean {
    const video = document.querySelector("video");
    return video !== null && !video.ended && (!video.paused || video.currentTime > 0);
  }

  #showWaiting(item: Item): void {
    this.#played = null;
    const isExpected = this.#recordings.isExpected(item);
    const text = isExpected ? texts.recording : statusOf(item);
    element("screen").replaceChildren(make("p", isExpected ? "wait recording" : "wait", text));
    element("strip").replaceChildren();
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
    video.poster = pictureOf(mediaId, "thumbnail", item.eventId);
    video.src = address;
    video.setAttribute("aria-label", `${texts[item.type]}, ${formatFull(item.at)}`);
    video.addEventListener("error", () => {
      element("screen").replaceChildren(make("p", "wait", texts.damaged));
    });
    element("screen").replaceChildren(video);
    element("strip").replaceChildren(...this.#parts(video, mediaId, item.eventId));
    element("stage-links").replaceChildren(
      this.#facts,
      makeDownload(address, texts.download, `${item.eventId}.mp4`),
      makeDownload(`${address}?format=h264`, texts.raw, `${item.eventId}.h264`),
      this.#pin,
    );
  }

  /** The strip as buttons, each of which goes to its part of the video. */
  #parts(video: HTMLVideoElement, mediaId: number, version: string): HTMLElement[] {
    const removeAll = () => {
      if (this.#played === mediaId) element("strip").replaceChildren();
    };
    return Array.from({ length: STRIP_PICTURES }, (_, number) => {
      const button = makeButton("part");
      button.setAttribute("aria-label", `${texts.goTo} ${number}/${STRIP_PICTURES}`);
      const shown = makeWindow(mediaId, version, removeAll);
      turnTo(shown, number);
      button.append(shown);
      button.addEventListener("click", () => {
        video.currentTime = (this.#lengthOf(video) * number) / STRIP_PICTURES;
        video.play().catch(() => undefined);
      });
      return button;
    });
  }

  #lengthOf(video: HTMLVideoElement): number {
    return Number.isFinite(video.duration) ? video.duration : (this.#media?.duration_s ?? 0);
  }

  #describe(media: Media | null): void {
    this.#media = media;
    this.#pin.hidden = media === null || !this.#recordings.canPin;
    element("stage-note").textContent = media === null ? "" : noteOf(media);
    if (media === null) return this.#facts.replaceChildren();
    this.#facts.textContent = [
      `${formatDuration(media.duration_s)} (${beginningOf(media)})`,
      ...(media.camera_name === null ? [] : [media.camera_name]),
      media.resolution,
      formatSize(media.clip_bytes),
    ].join(" · ");
    this.#pin.setAttribute("aria-pressed", String(media.pinned));
    for (const [number, part] of [...element("strip").children].entries()) {
      const startS = (media.duration_s * number) / STRIP_PICTURES;
      part.setAttribute("aria-label", `${texts.goTo} ${formatDuration(startS)}`);
    }
  }

  async #togglePin(): Promise<void> {
    const media = this.#media;
    if (media === null) return;
    try {
      await this.#recordings.pin(media, !media.pinned);
    } catch (error) {
      element("stage-note").textContent = texts.notKept + String(error);
    }
  }
}

function beginningOf(media: Media): string {
  return media.start_delay_s > 0
    ? `${texts.begins} ${formatDelay(media.start_delay_s)} ${texts.after}`
    : `${formatDuration(media.pre_roll_s)} ${texts.before}`;
}

/** Say what a video lacks. */
function noteOf(media: Media): string {
  const missing = media.missing_s > 0 ? [texts.missing + formatDelay(media.missing_s)] : [];
  return [...(media.salvaged ? [texts.salvaged] : []), ...missing].join(" ");
}

/** Say what became of a video that is not there, and is not expected soon. */
export function statusOf(item: Item): string {
  if (item.clipState === "awaited") return texts.awaited;
  const reason = item.noVideoReason;
  return reason === null ? texts.noVideo : texts.noVideoBecause + formatReason(reason);
}
