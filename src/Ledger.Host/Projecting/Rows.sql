-- The rows of docs/how-to/query-the-rows-with-sql.md; all of it follows from the events. change with: RowFile.cs (its Version), that page
CREATE TABLE upto (                       -- how far the rows go: one line, none before the first event; it moves with them, in one transaction
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    ledger   TEXT    NOT NULL,
    position INTEGER NOT NULL,
    stream   TEXT    NOT NULL,            -- the event there: another store holds it elsewhere, or not at all
    number   INTEGER NOT NULL,
    hash     TEXT    NOT NULL
) STRICT;

CREATE TABLE timelines (
    id      TEXT    PRIMARY KEY,
    name    TEXT    NOT NULL,
    parent  TEXT,
    fork    INTEGER NOT NULL,
    head    INTEGER NOT NULL,
    purpose TEXT    NOT NULL,
    closed  TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE edits (
    id TEXT PRIMARY KEY, prompt TEXT NOT NULL, subject TEXT NOT NULL, target TEXT NOT NULL, true_target TEXT, relation TEXT,
    author TEXT NOT NULL, reason TEXT, source TEXT, origin TEXT,
    about TEXT NOT NULL                   -- the subject, trimmed: what an audit of one is looked up by
) STRICT, WITHOUT ROWID;
CREATE INDEX edits_about ON edits (about);

CREATE TABLE changes (                    -- in the order of the store
    place    INTEGER PRIMARY KEY,
    timeline TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    ordinal  INTEGER NOT NULL,
    time     TEXT    NOT NULL,
    actor    TEXT    NOT NULL,
    reason   TEXT,
    what     TEXT    NOT NULL,
    edit     TEXT    NOT NULL,
    variant  TEXT    NOT NULL,
    abs_delta ANY, ku_u ANY, kv_u ANY, cos_keys ANY, delta_over_m0 ANY, target_before ANY, target_after ANY,      -- a number, or 'NaN', for which SQLite has none
    outcome  TEXT,
    caught   TEXT,
    status   TEXT    NOT NULL,
    state    TEXT    NOT NULL,
    fingerprint TEXT,
    hash     TEXT    NOT NULL,
    position INTEGER NOT NULL,
    UNIQUE (timeline, revision, ordinal)
) STRICT;
CREATE INDEX changes_of_edits ON changes (edit, timeline, revision);

CREATE VIEW audit AS
SELECT t.name AS timeline, c.revision, c.time, c.actor, c.reason, c.what, c.edit, e.author, e.source, e.prompt, e.subject, e.target, e.true_target, e.relation,
       c.variant, c.abs_delta, c.ku_u, c.kv_u, c.cos_keys, c.delta_over_m0, c.target_before, c.target_after, c.outcome, c.caught,
       (SELECT l.status FROM changes l WHERE l.edit = c.edit AND l.timeline = c.timeline ORDER BY l.revision DESC LIMIT 1) AS status,
       c.state, c.fingerprint, c.hash
FROM changes c JOIN edits e ON e.id = c.edit JOIN timelines t ON t.id = c.timeline
ORDER BY c.place;
