CREATE INDEX certificate_authority_end ON certificate (authority, not_after, id);
CREATE INDEX certificate_quiet ON certificate (id) WHERE notify = 0;
CREATE INDEX certificate_rotating ON certificate (id) WHERE rotation = 1;
CREATE INDEX certificate_replaced ON certificate (id) WHERE replaced = 1;
CREATE TABLE certificate_word (
    kind TEXT NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (kind, word)
) STRICT;
CREATE VIRTUAL TABLE certificate_search USING fts5 (search, content = '', contentless_delete = 1, tokenize = 'trigram');
CREATE TRIGGER certificate_search_insert AFTER INSERT ON certificate BEGIN
    INSERT INTO certificate_search (rowid, search) VALUES (new.id, new.search);
END;
CREATE TRIGGER certificate_search_delete AFTER DELETE ON certificate BEGIN
    DELETE FROM certificate_search WHERE rowid = old.id;
END;
