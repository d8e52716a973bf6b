//! A log in one file, a line each, that several processes may append to.
//!
//! A batch is one write at the file's end and one `fdatasync` under an advisory lock (`flock`), so that only the file's last line can be
//! torn by a crash or a full disk. Whoever writes next closes a torn line with a newline; its own lines stay whole. The file is made with
//! mode 0600 where the system has modes, and its directory is synced once it is made.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::spawn_blocking;

use super::chain::{Line, MAX_LINE};
use super::position::WriterId;
use super::sink::{Sink, SinkError, SinkFuture};
use super::source::{Each, RawLine, Source, SourceError, SourceFuture};

/// Appends to a file.
#[derive(Debug)]
pub struct FileSink {
    path: Arc<Path>,
    file: Option<Arc<File>>,
    buffer: Vec<u8>,
}

impl FileSink {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`SinkError::File`] if it is not to be opened, or is no ordinary file.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, SinkError> {
        let path: Arc<Path> = path.into().into();
        let file = open(&path)?;
        Ok(Self { path, file: Some(Arc::new(file)), buffer: Vec::new() })
    }

    async fn write(&mut self, batch: &[Line]) -> Result<(), SinkError> {
        let file = Arc::clone(self.file.as_ref().ok_or(SinkError::NotReady)?);
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        // Room for what closes a torn line.
        buffer.push(b'\n');
        for line in batch {
            buffer.extend_from_slice(line.text.as_bytes());
            buffer.push(b'\n');
        }
        let path = Arc::clone(&self.path);
        let written = spawn_blocking(move || {
            let result = write_locked(&file, &path, &buffer);
            (buffer, result)
        });
        let (buffer, result) = written.await.map_err(|stopped| failed("cannot write", &self.path)(io::Error::other(stopped)))?;
        self.buffer = buffer;
        result
    }
}

impl Sink for FileSink {
    fn begin<'a>(&'a mut self, _: &'a WriterId) -> SinkFuture<'a> {
        Box::pin(async move {
            if self.file.is_none() {
                let path = Arc::clone(&self.path);
                let opened = spawn_blocking(move || open(&path)).await;
                let file = opened.map_err(|stopped| failed("cannot open", &self.path)(io::Error::other(stopped)))??;
                self.file = Some(Arc::new(file));
            }
            Ok(())
        })
    }

    fn append<'a>(&'a mut self, batch: &'a [Line]) -> SinkFuture<'a> {
        Box::pin(async move {
            let result = self.write(batch).await;
            if result.is_err() {
                self.file = None;
            }
            result
        })
    }
}

fn failed(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SinkError {
    move |source| SinkError::File { act, path: path.to_owned(), source }
}

fn open(path: &Path) -> Result<File, SinkError> {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    private(&mut options);
    let file = match options.clone().create_new(true).open(path) {
        Ok(file) => {
            sync_directory(path).map_err(failed("cannot sync the directory of", path))?;
            file
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options.open(path).map_err(failed("cannot open", path))?,
        Err(error) => return Err(failed("cannot make", path)(error)),
    };
    let ordinary = file.metadata().map_err(failed("cannot examine", path))?.is_file();
    if ordinary { Ok(file) } else { Err(failed("cannot append to", path)(io::Error::other("it is no ordinary file"))) }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes `buffer`, whose first byte is a newline that is left out where the file ends with a whole line.
fn write_locked(file: &File, path: &Path, buffer: &[u8]) -> Result<(), SinkError> {
    file.lock().map_err(failed("cannot lock", path))?;
    let written = write_at_end(file, path, buffer);
    let unlocked = file.unlock().map_err(failed("cannot unlock", path));
    written.and(unlocked)
}

fn write_at_end(mut file: &File, path: &Path, buffer: &[u8]) -> Result<(), SinkError> {
    if removed(file).map_err(failed("cannot examine", path))? {
        return Err(SinkError::Removed { path: path.to_owned() });
    }
    let torn = ends_torn(file).map_err(failed("cannot read the end of", path))?;
    // After a short write the rest is tried, and the system says what is wrong.
    file.write_all(if torn { buffer } else { &buffer[1..] }).map_err(failed("cannot write", path))?;
    file.sync_data().map_err(failed("cannot sync", path))
}

#[cfg(unix)]
fn removed(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.nlink() == 0)
}

#[cfg(not(unix))]
fn removed(_: &File) -> io::Result<bool> {
    Ok(false)
}

fn ends_torn(mut file: &File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Reads a file from its first line to its last. It sees what is there when it gets there, also while others append.
#[derive(Debug, Clone)]
pub struct FileSource {
    path: PathBuf,
}

impl FileSource {
    /// Of a path. Nothing is opened yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    async fn read(&self, each: &mut Each<'_>) -> io::Result<()> {
        let mut reader = BufReader::with_capacity(1 << 18, tokio::fs::File::open(&self.path).await?);
        let mut line = Vec::new();
        loop {
            let part = reader.fill_buf().await?;
            if part.is_empty() {
                break;
            }
            let end = part.iter().position(|byte| *byte == b'\n');
            let bytes = &part[..end.unwrap_or(part.len())];
            line.extend_from_slice(&bytes[..bytes.len().min(MAX_LINE + 1 - line.len())]);
            let used = bytes.len() + usize::from(end.is_some());
            reader.consume(used);
            if end.is_some() {
                if each(RawLine { bytes: &line, ended: true }).is_break() {
                    return Ok(());
                }
                line.clear();
            }
        }
        if !line.is_empty() {
            let _: ControlFlow<()> = each(RawLine { bytes: &line, ended: false });
        }
        Ok(())
    }
}

impl Source for FileSource {
    fn read_lines<'a>(&'a mut self, each: &'a mut Each<'a>) -> SourceFuture<'a> {
        Box::pin(async move { self.read(each).await.map_err(|source| SourceError::File { path: self.path.clone(), source }) })
    }
}
