//! AWS names that parse, and sessions.
