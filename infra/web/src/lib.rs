//! The base of the services: serving over TLS, limits, security headers, sessions, health and metrics.
