-- The same as in SQLite's form, where what each column means is said.
CREATE TABLE subscriber (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ref TEXT COLLATE "C" NOT NULL UNIQUE
        DEFAULT substr(md5(gen_random_uuid()::text), 1, 16),
    key TEXT COLLATE "C" NOT NULL UNIQUE,
    address TEXT NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    name TEXT,
    language TEXT,
    editions TEXT,
    segments TEXT,
    consent_source TEXT,
    consent_time TEXT,
    status TEXT NOT NULL DEFAULT 'active',
    added BIGINT NOT NULL,
    changed BIGINT NOT NULL
);

CREATE TABLE suppression (
    key TEXT COLLATE "C" PRIMARY KEY,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE forgotten (
    hash TEXT COLLATE "C" PRIMARY KEY,
    at BIGINT NOT NULL
);

CREATE TABLE mailing (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    issue TEXT NOT NULL,
    kind TEXT NOT NULL,
    UNIQUE (issue, kind)
);

CREATE TABLE campaign (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mailing BIGINT NOT NULL REFERENCES mailing,
    confirmed BIGINT NOT NULL,
    message BYTEA NOT NULL,
    letter TEXT NOT NULL,
    build TEXT NOT NULL,
    embargo BIGINT,
    state TEXT NOT NULL,
    reason TEXT
);

CREATE TABLE sender (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    seen BIGINT NOT NULL
);

CREATE TABLE delivery (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mailing BIGINT NOT NULL REFERENCES mailing,
    campaign BIGINT NOT NULL REFERENCES campaign,
    ref TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    address TEXT NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    name TEXT,
    state TEXT COLLATE "C" NOT NULL,
    sender BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0,
    due BIGINT NOT NULL DEFAULT 0,
    message_id TEXT,
    code BIGINT,
    enhanced TEXT,
    words TEXT,
    first_sent BIGINT,
    sent BIGINT,
    settled BIGINT,
    UNIQUE (mailing, key)
) WITH (fillfactor = 70);

CREATE INDEX delivery_due ON delivery (campaign, due, id)
    WHERE state IN ('queued', 'deferred');
CREATE INDEX delivery_claimed ON delivery (sender) WHERE state = 'claimed';
CREATE INDEX delivery_inflight ON delivery (sender) WHERE state = 'inflight';
CREATE INDEX delivery_state ON delivery (mailing, state);
