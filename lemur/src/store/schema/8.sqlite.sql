CREATE TRIGGER certificate_compromised AFTER UPDATE OF reason ON certificate
    WHEN NEW.reason IN ('keyCompromise', 'cACompromise', 'aACompromise')
BEGIN
    INSERT INTO compromised_certificate (certificate) VALUES (NEW.id) ON CONFLICT DO NOTHING;
END;
