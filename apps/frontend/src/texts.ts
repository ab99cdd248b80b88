// Every word of the page, in French and in English; the browser's language chooses.

const FRENCH = {
  skip: "Aller aux événements",
  events: "Événements",
  empty: "Rien pour l’instant. Une alerte s’affichera ici dès qu’un capteur se déclenche.",
  connecting: "Connexion…",
  connected: "En direct",
  lost: "Hors ligne, nouvel essai…",
  motion_detected: "Mouvement détecté",
  button_pressed: "Appui détecté",
  recording: "Enregistrement en cours…",
  watch: "Voir la vidéo",
  awaited: "La vidéo est encore à venir",
  noVideo: "Sans vidéo",
  noVideoBecause: "Sans vidéo : ",
  still: "Image à l’instant de l’événement",
  strip: "La vidéo en un coup d’œil",
  goTo: "Aller à",
  before: "avant l’événement",
  begins: "commence",
  after: "après l’événement",
  missing: "Une partie n’a pas été filmée : ",
  keep: "Garder cette vidéo",
  kept: "gardée",
  notKept: "Cela n’a pas marché : ",
  salvaged: "Une coupure a interrompu cette vidéo : sa fin peut manquer.",
  salvagedShort: "sa fin peut manquer",
  damaged: "Cette vidéo ne peut pas être lue.",
  download: "Télécharger (MP4)",
  raw: "Flux brut (H.264)",
  idleTitle: "Tout est calme",
  idleDetail: "La vidéo d’un événement se lit ici.",
  fresh: "nouveau",
  refused: "Les événements ne peuvent pas être lus : ",
};

const ENGLISH: typeof FRENCH = {
  skip: "Skip to the events",
  events: "Events",
  empty: "Nothing yet. An alert appears here as soon as a sensor fires.",
  connecting: "Connecting…",
  connected: "Live",
  lost: "Offline, trying again…",
  motion_detected: "Motion detected",
  button_pressed: "Press detected",
  recording: "Recording…",
  watch: "Watch the video",
  awaited: "The video is still to come",
  noVideo: "No video",
  noVideoBecause: "No video: ",
  still: "The picture when it happened",
  strip: "The video at a glance",
  goTo: "Go to",
  before: "before the event",
  begins: "begins",
  after: "after the event",
  missing: "A part was not filmed: ",
  keep: "Keep this video",
  kept: "kept",
  notKept: "That did not work: ",
  salvaged: "This video was cut off by a failure: its end may be missing.",
  salvagedShort: "its end may be missing",
  damaged: "This video cannot be played.",
  download: "Download (MP4)",
  raw: "Raw stream (H.264)",
  idleTitle: "All is quiet",
  idleDetail: "The video of an event plays here.",
  fresh: "new",
  refused: "The events cannot be read: ",
};

/** The reasons that are always worded alike; others are shown as the device worded them. */
const FRENCH_REASONS: Record<string, string> = {
  "deleted by hand": "effacée à la main",
  "deleted to make room": "effacée pour faire de la place",
  "events of its type are filmed no more": "ce type d’événement n’est plus filmé",
  "the camera gave no picture": "la caméra n’a donné aucune image",
  "it came within recording.cooldown_s of the last video":
    "trop tôt après la dernière vidéo (recording.cooldown_s)",
  "too many events wait to be filmed already": "trop d’événements attendent déjà d’être filmés",
};

/** The first of the browser's languages that we speak; French, the project's, if none. */
export const language =
  navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === "fr" || tag === "en") ??
  "fr";

export const texts = language === "en" ? ENGLISH : FRENCH;

const locale = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;
const time = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
const day = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });

/** Times are shown in the viewer's own zone. */
export const formatTime = (at: Date): string => time.format(at);
export const formatDay = (at: Date): string => day.format(at);
export const formatFull = (at: Date): string => full.format(at);

const megabytes = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

const tenths = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

export function formatSize(bytes: number): string {
  const unit = language === "en" ? "MB" : "Mo";
  return `${megabytes.format(bytes / 1e6)}\u00a0${unit}`;
}

export function formatReason(reason: string): string {
  return language === "fr" ? (FRENCH_REASONS[reason] ?? reason) : reason;
}

/** Like `formatDuration`, where tenths of a second matter. */
export function formatDelay(seconds: number): string {
  return `${tenths.format(seconds)} s`;
}

export function formatDuration(seconds: number): string {
  return `${Math.round(seconds)} s`;
}
