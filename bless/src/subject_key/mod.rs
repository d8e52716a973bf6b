//! subject_key
