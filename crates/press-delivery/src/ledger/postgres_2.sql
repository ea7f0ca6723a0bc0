-- The same as in SQLite's form, where what each column means is said.
CREATE TABLE bounce (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash TEXT COLLATE "C" NOT NULL UNIQUE,
    ref TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    status TEXT,
    words TEXT,
    at BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    mailing BIGINT REFERENCES mailing,
    delivery BIGINT REFERENCES delivery
);

CREATE INDEX bounce_ref ON bounce (ref, kind);
CREATE INDEX bounce_mailing ON bounce (mailing, kind);
