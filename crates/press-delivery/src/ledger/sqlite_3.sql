-- A campaign may go to one segment, start at a time, and have a message for each set
-- of editions that go with it.
ALTER TABLE campaign ADD COLUMN segment TEXT NOT NULL DEFAULT '';
-- Not before `start`; not after `latest` unless it has begun.
ALTER TABLE campaign ADD COLUMN start INTEGER;
ALTER TABLE campaign ADD COLUMN latest INTEGER;
ALTER TABLE campaign ADD COLUMN begun INTEGER;
UPDATE campaign SET begun = confirmed;

CREATE TABLE message (
    campaign INTEGER NOT NULL REFERENCES campaign,
    -- Nothing, epub, pdf, or epub,pdf
    editions TEXT NOT NULL,
    -- The prepared message, as it was at the confirmation.
    content BLOB NOT NULL,
    PRIMARY KEY (campaign, editions)
) STRICT;
INSERT INTO message SELECT id, '', message FROM campaign;
ALTER TABLE campaign DROP COLUMN message;

ALTER TABLE delivery ADD COLUMN editions TEXT NOT NULL DEFAULT '';
CREATE INDEX delivery_campaign ON delivery (campaign, state, editions);
DROP INDEX delivery_state;
