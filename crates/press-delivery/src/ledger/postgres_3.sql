-- The same as in SQLite's form, where what each column means is said.
ALTER TABLE campaign ADD COLUMN segment TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE campaign ADD COLUMN start BIGINT;
ALTER TABLE campaign ADD COLUMN latest BIGINT;
ALTER TABLE campaign ADD COLUMN begun BIGINT;
UPDATE campaign SET begun = confirmed;

CREATE TABLE message (
    campaign BIGINT NOT NULL REFERENCES campaign,
    editions TEXT COLLATE "C" NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (campaign, editions)
);
INSERT INTO message SELECT id, '', message FROM campaign;
ALTER TABLE campaign DROP COLUMN message;

ALTER TABLE delivery ADD COLUMN editions TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX delivery_campaign ON delivery (campaign, state, editions);
DROP INDEX delivery_state;

-- The limits that all senders share: for each relay, and for each domain at it, when
-- the next message may go, and until when none may since the relay asked for that.
-- Microseconds since 1970. After a crash of the server it is empty, which is no harm.
CREATE UNLOGGED TABLE pace (
    name TEXT COLLATE "C" PRIMARY KEY,
    ready BIGINT NOT NULL,
    held BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE INDEX pace_held ON pace (held) WHERE held > 0;
