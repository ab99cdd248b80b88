-- surveillance.db, version 3 (spec, section 3); version 1 had no `travail_clip`, version 2 no
-- `apercu` and no `somme_media`.
--
-- Table and column names and their meanings are the spec's; what it does not show is
-- marked "ours". Times are ISO 8601 in UTC without a zone, microseconds, unless said.
-- Run within a transaction; running it twice, or in two processes, does no harm.

-- What fires or films. Rows are made from the configuration and never deleted, because
-- events keep pointing at them.
CREATE TABLE IF NOT EXISTS capteur (
    id_capteur   INTEGER PRIMARY KEY,   -- 1 PIR Entrée, 2 button, 3 pressure, 4 Caméra 1 by default
    nom_capteur  TEXT NOT NULL,         -- as configured
    type_capteur TEXT NOT NULL          -- kind; `camera` is ours beside the three sensors
        CHECK (type_capteur IN ('motion', 'button', 'pressure', 'camera')),
    gpio_pin     INTEGER                -- BCM number; null: a camera, or an event named no pin
        CHECK (gpio_pin BETWEEN 0 AND 1023),
    emplacement  TEXT                   -- where it hangs; null: not configured
);

-- One accepted edge of one sensor. AUTOINCREMENT: the API's cursor must never go back,
-- even after the newest rows were deleted.
CREATE TABLE IF NOT EXISTS evenement (
    id_evenement   INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id       TEXT NOT NULL CHECK (length(event_id) BETWEEN 1 AND 128),
    date_evenement TEXT NOT NULL,       -- the instant of the edge
    timestamp      REAL NOT NULL,       -- the same instant, unix seconds
    etat_capteur   INTEGER NOT NULL     -- level of the line: 1 HIGH (or not told), 0 LOW
        CHECK (etat_capteur IN (0, 1)),
    id_capteur     INTEGER NOT NULL REFERENCES capteur (id_capteur),
    metadata       TEXT NOT NULL        -- JSON object: the message's `data`, its unknown
        CHECK (json_valid(metadata)),   -- fields, `mqtt_topic`
    device_id      TEXT NOT NULL        -- ours
        CHECK (length(device_id) BETWEEN 1 AND 128),
    type_evenement TEXT NOT NULL        -- ours; the message's `type`
        CHECK (type_evenement IN ('MOTION_DETECTED', 'BUTTON_PRESSED', 'PRESSURE_DETECTED')),
    source         TEXT NOT NULL,       -- ours; the message's `source`
    date_reception TEXT NOT NULL,       -- ours; when the surveillance service took it
    UNIQUE (device_id, event_id)
);

CREATE INDEX IF NOT EXISTS evenement_par_date ON evenement (timestamp);

-- One video. `video` stands last on purpose: SQLite can then fill it in chunks without
-- holding it in memory, and reads the other columns without walking through it.
CREATE TABLE IF NOT EXISTS media (
    id_media      INTEGER PRIMARY KEY AUTOINCREMENT,
    type_media    TEXT NOT NULL DEFAULT 'video' CHECK (type_media IN ('video')),
    taille        INTEGER NOT NULL CHECK (taille >= 0),      -- bytes of `video`
    duree         NUMERIC NOT NULL CHECK (duree >= 0),       -- seconds, pre-roll included
    id_evenement  INTEGER NOT NULL REFERENCES evenement (id_evenement),  -- what triggered it
    id_capteur    INTEGER NOT NULL REFERENCES capteur (id_capteur),      -- the camera
    numero_camera INTEGER NOT NULL CHECK (numero_camera >= 1),
    resolution    TEXT NOT NULL CHECK (resolution GLOB '[1-9]*x[1-9]*'), -- pixels, 1280x720
    codec         TEXT NOT NULL,                             -- h264
    date_debut    TEXT NOT NULL,                             -- ours; first picture
    duree_preroll NUMERIC NOT NULL DEFAULT 0                 -- ours; seconds before the trigger
        CHECK (duree_preroll >= 0),
    recupere      INTEGER NOT NULL DEFAULT 0                 -- ours; 1: salvaged after a crash,
        CHECK (recupere IN (0, 1)),                          -- its end may be missing
    epingle       INTEGER NOT NULL DEFAULT 0                 -- ours; 1: never deleted to make
        CHECK (epingle IN (0, 1)),                           -- room for others
    video         BLOB NOT NULL                              -- playable MP4
);

CREATE INDEX IF NOT EXISTS media_par_evenement ON media (id_evenement);

-- Ours: every event that a video shows, the one that triggered it included.
CREATE TABLE IF NOT EXISTS media_evenement (
    id_media     INTEGER NOT NULL REFERENCES media (id_media) ON DELETE CASCADE,
    id_evenement INTEGER NOT NULL REFERENCES evenement (id_evenement) ON DELETE CASCADE,
    PRIMARY KEY (id_media, id_evenement)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS media_evenement_par_evenement ON media_evenement (id_evenement);

-- Ours: pictures of a video, written with it. Videos of earlier releases have none.
CREATE TABLE IF NOT EXISTS apercu (
    id_media INTEGER PRIMARY KEY REFERENCES media (id_media) ON DELETE CASCADE,
    vignette BLOB NOT NULL,             -- JPEG: what was on screen when the event fired
    bande    BLOB NOT NULL              -- JPEG: pictures of the whole video, side by side
);

-- Ours: what a video was when it was stored, so that any change of its bytes is found. Videos
-- of earlier releases have none.
CREATE TABLE IF NOT EXISTS somme_media (
    id_media INTEGER PRIMARY KEY REFERENCES media (id_media) ON DELETE CASCADE,
    crc32    INTEGER NOT NULL           -- of `video` (ITU-T V.42)
);

-- Ours: clips that were promised. Written with the event, struck out with its video; a
-- row with a reason is a video that can never be had, or not any more.
CREATE TABLE IF NOT EXISTS travail_clip (
    id_evenement   INTEGER PRIMARY KEY REFERENCES evenement (id_evenement) ON DELETE CASCADE,
    raison_abandon TEXT                 -- null: the clip is still to come
);

CREATE INDEX IF NOT EXISTS travail_clip_ouvert ON travail_clip (id_evenement)
    WHERE raison_abandon IS NULL;
