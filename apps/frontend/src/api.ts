// The HTTP API and the alert of the same server, as types. Reference: /docs.

export type AlertType = "motion_detected" | "button_pressed";
export type ClipState = "none" | "awaited" | "stored" | "given_up";

/** What Socket.IO brings at once; the event's name is the type. */
export interface Alert {
  device_id: string;
  timestamp: string;
  location: string | null;
  details: { event_id: string; source: string | null };
}

/** An event as it is stored. */
export interface StoredEvent {
  cursor: number;
  event_id: string;
  device_id: string;
  type: AlertType;
  source: string | null;
  sensor_name: string | null;
  location: string | null;
  occurred_at: string | null;
  received_at: string | null;
  media_ids: number[];
  clip_state: ClipState;
  no_video_reason: string | null;
}

/** A video. */
export interface Media {
  media_id: number;
  started_at: string | null;
  duration_s: number;
  pre_roll_s: number;
  start_delay_s: number;
  missing_s: number;
  camera_name: string | null;
  clip_bytes: number;
  resolution: string;
  salvaged: boolean;
  pinned: boolean;
  video_url: string;
}

/** A device, and which of its alerts are filmed. */
export interface Device {
  device_id: string;
  recorded_types: AlertType[];
  video_within_s: number;
}

export const PART = 200;

export async function listEvents(after: number | null): Promise<StoredEvent[]> {
  const query = after === null ? "limit=100" : `after=${after}&limit=${PART}`;
  return (await read<{ events: StoredEvent[] }>(`/api/events?${query}`)).events;
}

/** Read one stored event again; undefined if it is gone. */
export async function readEvent(cursor: number): Promise<StoredEvent | undefined> {
  const query = `after=${cursor - 1}&limit=1`;
  const [event] = (await read<{ events: StoredEvent[] }>(`/api/events?${query}`)).events;
  return event?.cursor === cursor ? event : undefined;
}

/** List the newest videos, or those of an event. */
export async function listMedia(eventId: string | null): Promise<Media[]> {
  const query = eventId === null ? "limit=500" : `event_id=${encodeURIComponent(eventId)}`;
  return (await read<{ media: Media[] }>(`/api/media?${query}`)).media;
}

/** Name a picture of a video. `version` tells videos of one number apart: an event's id. */
export function pictureOf(mediaId: number, kind: "thumbnail" | "strip", version: string): string {
  return `/api/media/${mediaId}/${kind}.jpg?v=${encodeURIComponent(version)}`;
}

export async function setPin(mediaId: number, isPinned: boolean): Promise<void> {
  await ask(`/api/media/${mediaId}/pin`, isPinned ? "PUT" : "DELETE");
}

/** The devices, and whether videos can be pinned here. */
export interface Site {
  devices: Device[];
  can_pin: boolean;
}

export async function readSite(): Promise<Site> {
  return read<Site>("/api/devices");
}

async function read<T>(address: string): Promise<T> {
  return (await (await ask(address, "GET")).json()) as T;
}

async function ask(address: string, method: "GET" | "PUT" | "DELETE"): Promise<Response> {
  const answer = await fetch(address, { method, signal: AbortSignal.timeout(15_000) });
  if (!answer.ok) throw new Error(`${address}: HTTP ${answer.status}`);
  return answer;
}
