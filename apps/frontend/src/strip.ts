// The strip of a video: pictures of its whole length, side by side in one JPEG.

import { pictureOf } from "./api";
import { make, makeImage } from "./dom";

export const STRIP_PICTURES = 6;

/**
 * Make a window on one picture of the strip; the variable --picture says on which (style.css).
 * It is `ready` once there is something to see; a video without preview has nothing.
 */
export function makeWindow(
  mediaId: number,
  version: string,
  onNothing: () => void = () => undefined,
): HTMLElement {
  const shown = make("span", "window");
  const strip = makeImage("", pictureOf(mediaId, "strip", version), "");
  strip.addEventListener("load", () => shown.classList.add("ready"));
  strip.addEventListener("error", onNothing);
  shown.append(strip);
  return shown;
}

export function turnTo(shown: HTMLElement, picture: number): void {
  shown.style.setProperty("--picture", String(picture));
}
