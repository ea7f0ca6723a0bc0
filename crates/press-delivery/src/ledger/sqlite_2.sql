-- What came back: each message once, by the hash of its Message-ID and its body.
-- Addresses are taken out of the words.
CREATE TABLE bounce (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    -- Whose: the mark of the return path.
    ref TEXT NOT NULL,
    -- permanent, temporary, about us, complaint or left
    kind TEXT NOT NULL,
    status TEXT,
    words TEXT,
    -- When the message says that it was written, and when it was taken in.
    at INTEGER NOT NULL,
    taken INTEGER NOT NULL,
    -- Of which message, if that is known.
    mailing INTEGER REFERENCES mailing,
    delivery INTEGER REFERENCES delivery
) STRICT;

CREATE INDEX bounce_ref ON bounce (ref, kind);
CREATE INDEX bounce_mailing ON bounce (mailing, kind);
