// The HTTP API and the alert of the same server, as types. Reference: /docs.

export type AlertType = "motion_detected" | "button_pressed";

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
  occurred_at: string;
  media_ids: number[];
}

/** A video. */
export interface Media {
  media_id: number;
  started_at: string;
  duration_s: number;
  clip_bytes: number;
  resolution: string;
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

export async function listMedia(eventId: string): Promise<Media[]> {
  return (await read<{ media: Media[] }>(`/api/media?event_id=${encodeURIComponent(eventId)}`))
    .media;
}

export async function listDevices(): Promise<Device[]> {
  return (await read<{ devices: Device[] }>("/api/devices")).devices;
}

async function read<T>(address: string): Promise<T> {
  const answer = await fetch(address, { signal: AbortSignal.timeout(15_000) });
  if (!answer.ok) throw new Error(`${address}: HTTP ${answer.status}`);
  return (await answer.json()) as T;
}
