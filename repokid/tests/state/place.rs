//! Where a state is, for one test: a file of its own, or a database of its own on one server that the tests share.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use menagerie_tests::Postgres;
use repokid::state::State;

pub(crate) struct Place {
    url: String,
    _kept: Kept,
}

enum Kept {
    Folder { _folder: tempfile::TempDir },
    Server { _server: Arc<Postgres> },
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("state.db").display());
        Self { url, _kept: Kept::Folder { _folder: folder } }
    }

    pub(crate) fn postgres() -> Self {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        let server = server();
        let name = format!("state_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        server.sql(&format!("CREATE DATABASE {name}"));
        let url = server.url();
        let (base, _) = url.rsplit_once('/').expect("a URL with a database");
        Self { url: format!("{base}/{name}"), _kept: Kept::Server { _server: server } }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn open(&self) -> State {
        State::open(&self.url).await.expect("opens")
    }
}

/// One server for the tests that run at the same time; it ends with the last of them.
fn server() -> Arc<Postgres> {
    static SERVER: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
    let mut running = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    running.upgrade().unwrap_or_else(|| {
        let server = Arc::new(Postgres::start());
        *running = Arc::downgrade(&server);
        server
    })
}
