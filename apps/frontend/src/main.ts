// The page: alerts as they come, and the video of what happened.
//
// Socket.IO brings an alert at most once, so after every connection, and shortly after every
// alert, the page asks for what was stored behind its cursor.

import { io } from "socket.io-client";

import { type Alert, type AlertType, listEvents, PART } from "./api";
import { element } from "./dom";
import { EventList } from "./events";
import { Recordings } from "./recordings";
import "./style.css";
import { language, texts } from "./texts";
import { showConnection, showTrouble, View } from "./view";

const ALERT_TYPES: readonly AlertType[] = ["motion_detected", "button_pressed"];
const CATCH_UP_AFTER_MS = 700;
const TRY_AGAIN_AFTER_MS = 5_000;

const events = new EventList();
const recordings = new Recordings(events, () => view.render());
const view = new View(events, recordings);

let catchUpTimer: number | undefined;
let isCatchingUp = false;

function catchUpAfter(delayMs: number): void {
  window.clearTimeout(catchUpTimer);
  catchUpTimer = window.setTimeout(() => void catchUp(), delayMs);
}

async function catchUp(): Promise<void> {
  if (isCatchingUp) return catchUpAfter(CATCH_UP_AFTER_MS);
  isCatchingUp = true;
  try {
    await recordings.load();
    await readStored();
  } catch (error) {
    console.warn("asked again later:", error);
    if (events.items.length === 0) showTrouble(error);
    catchUpAfter(TRY_AGAIN_AFTER_MS);
  } finally {
    isCatchingUp = false;
  }
}

async function readStored(): Promise<void> {
  let part;
  do {
    part = await listEvents(events.cursor);
    for (const event of part) events.takeStored(event);
    // An empty archive: from now on all that is stored is behind cursor 0.
    events.cursor ??= 0;
  } while (part.length === PART);
  try {
    await recordings.learn();
  } finally {
    // What is not known of videos keeps no event from being seen.
    for (const item of events.items) void recordings.follow(item);
    view.render();
  }
}

function listen(): void {
  const socket = io({ transports: ["websocket", "polling"], reconnectionDelayMax: 5_000 });
  socket.on("connect", () => {
    showConnection("connected");
    catchUpAfter(0);
  });
  socket.on("disconnect", () => showConnection("lost"));
  socket.on("connect_error", () => showConnection("lost"));
  for (const type of ALERT_TYPES) {
    socket.on(type, (alert: Alert) => {
      const item = events.takeAlert(type, alert);
      if (item === null) return;
      view.present(item);
      void recordings.follow(item);
      catchUpAfter(CATCH_UP_AFTER_MS);
    });
  }
}

document.documentElement.lang = language;
for (const labelled of document.querySelectorAll<HTMLElement>("[data-text]")) {
  labelled.textContent = texts[labelled.dataset["text"] as keyof typeof texts];
}
element("strip").setAttribute("aria-label", texts.strip);
element("empty").hidden = true;
showConnection("connecting");
catchUpAfter(0);
listen();
