-- Times are milliseconds since 1970. States are words, so that a person with a
-- database shell can read what became of whom.
CREATE TABLE subscriber (
    id INTEGER PRIMARY KEY,
    -- What stands in links and return paths; says nothing by itself.
    ref TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(8)))),
    -- One key for one person: NFC, lower case, the domain in ASCII.
    key TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL,
    domain TEXT NOT NULL,
    name TEXT,
    language TEXT,
    editions TEXT,
    segments TEXT,
    consent_source TEXT,
    consent_time TEXT,
    -- active or left
    status TEXT NOT NULL DEFAULT 'active',
    added INTEGER NOT NULL,
    changed INTEGER NOT NULL
) STRICT;

CREATE TABLE suppression (
    key TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Those who asked to be forgotten, as keyed hashes.
CREATE TABLE forgotten (
    hash TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- An issue over one kind of relay: nobody stands twice in it.
CREATE TABLE mailing (
    id INTEGER PRIMARY KEY,
    issue TEXT NOT NULL,
    kind TEXT NOT NULL,
    UNIQUE (issue, kind)
) STRICT;

CREATE TABLE campaign (
    id INTEGER PRIMARY KEY,
    mailing INTEGER NOT NULL REFERENCES mailing,
    confirmed INTEGER NOT NULL,
    -- The prepared message, as it was at the confirmation.
    message BLOB NOT NULL,
    -- What makes a message of it for one recipient, as JSON.
    letter TEXT NOT NULL,
    -- What it was built from, to notice that another build has been made.
    build TEXT NOT NULL,
    embargo INTEGER,
    -- sending, paused, halted or cancelled
    state TEXT NOT NULL,
    reason TEXT
) STRICT;

-- Each run of a sender, and when it was last seen alive.
CREATE TABLE sender (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    seen INTEGER NOT NULL
) STRICT;

CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    mailing INTEGER NOT NULL REFERENCES mailing,
    campaign INTEGER NOT NULL REFERENCES campaign,
    ref TEXT NOT NULL,
    key TEXT NOT NULL,
    address TEXT NOT NULL,
    domain TEXT NOT NULL,
    name TEXT,
    -- queued, claimed, inflight, accepted, written, deferred, failed, uncertain,
    -- suppressed or cancelled
    state TEXT NOT NULL,
    -- Who has claimed it.
    sender INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL DEFAULT 0,
    message_id TEXT,
    code INTEGER,
    enhanced TEXT,
    words TEXT,
    -- When it was in flight first and last, and when its outcome was known.
    first_sent INTEGER,
    sent INTEGER,
    settled INTEGER,
    UNIQUE (mailing, key)
) STRICT;

CREATE INDEX delivery_due ON delivery (campaign, due, id)
    WHERE state IN ('queued', 'deferred');
CREATE INDEX delivery_claimed ON delivery (sender) WHERE state = 'claimed';
CREATE INDEX delivery_inflight ON delivery (sender) WHERE state = 'inflight';
CREATE INDEX delivery_state ON delivery (mailing, state);
