//! The listeners: a Unix socket that only its owner can open, and a loopback address.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

use super::{Gate, Token};

/// Why the service cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The socket is another running service's.
    #[error("{path} is the socket of a service that is running")]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Something that is no socket stands in the way.
    #[error("{path} is there and is no socket; it is left alone")]
    NoSocket {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot listen on {place}: {source}")]
    Io {
        /// The address or path.
        place: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What the service listens on. A socket's file is removed when this is dropped.
#[expect(missing_debug_implementations, reason = "holds the token")]
pub struct Listeners {
    parts: Vec<Listener>,
    places: Vec<String>,
}

impl Listeners {
    /// Opens the socket and the address.
    ///
    /// # Errors
    /// [`ListenError`].
    pub async fn bind(socket: Option<PathBuf>, tcp: Option<(SocketAddr, Token)>) -> Result<Self, ListenError> {
        let (mut parts, mut places) = (Vec::new(), Vec::new());
        if let Some(path) = socket {
            places.push(format!("unix:{}", path.display()));
            parts.push(bind_unix(path)?);
        }
        if let Some((address, token)) = tcp {
            let at = |source| ListenError::Io { place: address.to_string(), source };
            let listener = TcpListener::bind(address).await.map_err(at)?;
            let address = listener.local_addr().map_err(at)?;
            places.push(format!("http://{address}"));
            parts.push(Listener::Tcp { listener, token: Arc::new(token), address });
        }
        Ok(Self { parts, places })
    }

    /// Where, for people and scripts.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(String::as_str)
    }

    pub(super) fn into_parts(self) -> Vec<Listener> {
        self.parts
    }
}

pub(super) enum Listener {
    #[cfg(unix)]
    Unix {
        listener: UnixListener,
        _file: SocketFile,
    },
    Tcp {
        listener: TcpListener,
        token: Arc<Token>,
        address: SocketAddr,
    },
}

impl Listener {
    /// The next connection, with how its caller is known.
    pub(super) async fn accept(&self) -> std::io::Result<(Stream, Gate)> {
        match self {
            #[cfg(unix)]
            Self::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                let uid = stream.peer_cred()?.uid();
                Ok((Stream::Unix(stream), Gate::Peer { uid }))
            }
            Self::Tcp { listener, token, address } => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((Stream::Tcp(stream), Gate::Token { token: Arc::clone(token), address: *address }))
            }
        }
    }
}

#[cfg(unix)]
pub(super) struct SocketFile(PathBuf);

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        // Nobody is left to tell; the next start finds the file dead and replaces it.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(unix)]
fn bind_unix(path: PathBuf) -> Result<Listener, ListenError> {
    use rustix::fs::Mode;
    use std::os::unix::fs::FileTypeExt as _;

    let at = |source| ListenError::Io { place: path.display().to_string(), source };
    match std::fs::symlink_metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(at(error)),
        Ok(found) if !found.file_type().is_socket() => return Err(ListenError::NoSocket { path }),
        Ok(_) if std::os::unix::net::UnixStream::connect(&path).is_ok() => return Err(ListenError::InUse { path }),
        // A socket that nobody answers was left behind by a service that was killed.
        Ok(_) => std::fs::remove_file(&path).map_err(at)?,
    }
    // The mode holds from the first moment on: a chmod after the bind would leave a gap.
    let before = rustix::process::umask(Mode::from_raw_mode(0o177));
    let bound = UnixListener::bind(&path);
    rustix::process::umask(before);
    let listener = bound.map_err(at)?;
    Ok(Listener::Unix { listener, _file: SocketFile(path) })
}

#[cfg(not(unix))]
fn bind_unix(path: PathBuf) -> Result<Listener, ListenError> {
    let source = std::io::Error::new(std::io::ErrorKind::Unsupported, "there are no Unix sockets here");
    Err(ListenError::Io { place: path.display().to_string(), source })
}

/// A connection of either kind.
pub(super) enum Stream {
    #[cfg(unix)]
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// Waits until the process is told to end.
pub(super) async fn told_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
