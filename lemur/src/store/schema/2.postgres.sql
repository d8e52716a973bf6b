CREATE INDEX certificate_authority_end ON certificate (authority, not_after, id);
CREATE INDEX certificate_quiet ON certificate (id) WHERE notify = 0;
CREATE INDEX certificate_rotating ON certificate (id) WHERE rotation = 1;
CREATE INDEX certificate_replaced ON certificate (id) WHERE replaced = 1;
CREATE TABLE certificate_word (
    kind TEXT NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (kind, word)
);
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX certificate_search ON certificate USING gin (search gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR undefined_object OR feature_not_supported THEN
    RAISE WARNING 'without the extension pg_trgm a search by part of a name reads every certificate';
END $$;
