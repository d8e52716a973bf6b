//! Signing keys behind one object-safe trait: local encrypted files and AWS KMS.
