//! PostgreSQL: a server by its URL, over TLS unless it is on this machine or the URL says otherwise.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{Connection as _, PgPool};

use super::error::DatabaseError;

/// How long a connection is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection may have been idle to be used without asking.
const FRESH: Duration = Duration::from_secs(1);

/// How many connections a process has at most.
const CONNECTIONS: u32 = 8;

pub(super) async fn connect(url: &str) -> Result<PgPool, DatabaseError> {
    let options = options(url).map_err(|source| DatabaseError::Connect { source })?;
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
    // A connection that was used a moment ago needs no question whether it is there: the question would cost as much as a statement.
    let pool = pool.test_before_acquire(false).before_acquire(|connection, since| {
        Box::pin(async move {
            if since.idle_for > FRESH {
                connection.ping().await?;
            }
            Ok(true)
        })
    });
    pool.connect_with(options).await.map_err(|source| DatabaseError::Connect { source })
}

/// What the URL says; where it leaves TLS to chance and leads to another machine, TLS with a verified name.
fn options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    let options = PgConnectOptions::from_str(url)?;
    let by_chance = matches!(options.get_ssl_mode(), PgSslMode::Allow | PgSslMode::Prefer);
    if by_chance && !is_here(&options) { Ok(options.ssl_mode(PgSslMode::VerifyFull)) } else { Ok(options) }
}

fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    options.get_socket().is_some() || host.starts_with('/') || host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> String {
        format!("{:?}", options(url).expect("a URL").get_ssl_mode())
    }

    #[test]
    fn another_machine_is_spoken_to_over_verified_tls_only() {
        assert_eq!(mode("postgres://u@db.example.com/state"), "VerifyFull");
        assert_eq!(mode("postgres://u@10.0.0.1/state?sslmode=prefer"), "VerifyFull");
        assert_eq!(mode("postgres://u@db.example.com/state?sslmode=disable"), "Disable");
        assert_eq!(mode("postgres://u@127.0.0.1/state"), "Prefer");
        assert_eq!(mode("postgres://u@[::1]/state"), "Prefer");
    }

    #[test]
    fn no_error_shows_the_password() {
        for url in ["postgres://u:hunter2@h:port/x", "postgres://u:hunter2@h/x?sslmode=odd"] {
            let error = options(url).expect_err("no URL");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
