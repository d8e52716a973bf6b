CREATE FUNCTION certificate_compromised() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO compromised_certificate (certificate) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER certificate_compromised AFTER UPDATE OF reason ON certificate FOR EACH ROW
    WHEN (NEW.reason IN ('keyCompromise', 'cACompromise', 'aACompromise'))
    EXECUTE FUNCTION certificate_compromised();
