-- One file holds one ledger. change with: SqliteEventStore.cs, docs/event-format.md (store), SqliteFileTests
PRAGMA page_size = 16384;             -- an event of a small model fits into a few pages
PRAGMA application_id = 0x4C656467;   -- "Ledg"
PRAGMA journal_mode = WAL;

BEGIN IMMEDIATE;
CREATE TABLE events (
    position      INTEGER PRIMARY KEY,       -- commit order: there is one writer at a time
    stream        TEXT    NOT NULL,
    number        INTEGER NOT NULL,
    id            BLOB    NOT NULL UNIQUE,
    type          TEXT    NOT NULL,
    metadata      BLOB    NOT NULL,
    data          BLOB    NOT NULL,
    previous_hash BLOB    NOT NULL,
    hash          BLOB    NOT NULL,
    stored_at     TEXT    NOT NULL,          -- when this file took it in; not covered by the hash
    UNIQUE (stream, number)
) STRICT;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
PRAGMA user_version = 1;
COMMIT;

PRAGMA wal_checkpoint(TRUNCATE);      -- the header is read without SQLite, so it must stand in the file itself
