//! The walk through a file and what is in it: what each thing is, how deep it stands, and what is told of it.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::rc::Rc;

use super::budget::{Counted, Guarded, Peeked, met, status};
use super::{Entry, Event, Format, Layers, Limits, Member, Outcome, Skip, Status, ar, compressed, format::sniff, notebook, tar, zip};

/// Who is shown what is found. To break ends the walk.
pub(super) type Visit<'v> = dyn FnMut(Event<'_>) -> ControlFlow<()> + 'v;

/// Opens files one after another, within limits.
#[derive(Debug)]
pub struct Opener {
    limits: Limits,
    layers: Layers,
}

impl Opener {
    /// One that has seen no layer of any image.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, layers: Layers::default() }
    }

    /// Shows what is in the file that `reader` gives, under this name.
    pub fn open(&mut self, name: &str, mut reader: impl Read, visit: &mut Visit<'_>) -> Outcome {
        let mut walk = Walk::new(&self.limits, &mut self.layers, visit);
        let stopped = walk.item(&At::outermost(name), &mut reader).is_err();
        Outcome { stopped, ..walk.outcome }
    }

    /// As [`Opener::open`]; a zip file is then read in its place, without a temporary file.
    pub fn open_seekable(&mut self, name: &str, mut reader: impl Read + Seek, visit: &mut Visit<'_>) -> Outcome {
        let mut walk = Walk::new(&self.limits, &mut self.layers, visit);
        let stopped = walk.seekable(&At::outermost(name), &mut reader).is_err();
        Outcome { stopped, ..walk.outcome }
    }
}

/// Shows what is in one file, as [`Opener::open`] does.
pub fn open(name: &str, reader: impl Read, limits: &Limits, visit: &mut Visit<'_>) -> Outcome {
    Opener::new(limits.clone()).open(name, reader, visit)
}

/// The visitor wants no more.
#[derive(Debug)]
pub(super) struct Stop;

/// What ends the reading of a container.
#[derive(Debug)]
pub(super) enum Break {
    Stop,
    Ended(Status),
}

impl From<Stop> for Break {
    fn from(_: Stop) -> Self {
        Self::Stop
    }
}

impl From<io::Error> for Break {
    fn from(error: io::Error) -> Self {
        Self::Ended(status(&error))
    }
}

/// Where something stands.
#[derive(Clone, Debug)]
pub(super) struct At {
    pub(super) path: String,
    /// What a tar file here is called in its members' paths: `a.tar.gz!member`, without `a.tar` between.
    pub(super) tar_path: Option<String>,
    pub(super) listed: Option<u64>,
    /// Containers around it.
    pub(super) depth: u32,
    /// Streams with a large window around it.
    pub(super) windows: u32,
}

impl At {
    fn outermost(name: &str) -> Self {
        Self { path: menagerie_report::shown(name).into_owned(), tar_path: None, listed: None, depth: 0, windows: 0 }
    }

    /// A member of this container.
    pub(super) fn member(&self, path: String, listed: Option<u64>) -> Self {
        Self { path, tar_path: None, listed, depth: self.depth + 1, windows: self.windows }
    }
}

/// What can be read in any order.
pub(super) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// The walk through one file.
pub(super) struct Walk<'v> {
    pub(super) limits: &'v Limits,
    pub(super) layers: &'v mut Layers,
    /// What all expansions may still produce.
    pub(super) total: Rc<Cell<u64>>,
    members: u64,
    spool: u64,
    visit: &'v mut Visit<'v>,
    outcome: Outcome,
}

impl<'v> Walk<'v> {
    fn new<'a: 'v>(limits: &'v Limits, layers: &'v mut Layers, visit: &'v mut Visit<'a>) -> Walk<'v> {
        let visit: &'v mut Visit<'v> = shorten(visit);
        let (total, members, spool) = (Rc::new(Cell::new(limits.total)), limits.members, limits.spool);
        Walk { limits, layers, total, members, spool, visit, outcome: Outcome::default() }
    }

    /// One thing: a container, which is opened, or a member.
    pub(super) fn item(&mut self, at: &At, read: &mut dyn Read) -> Result<(), Stop> {
        let mut peeked = Peeked::new(read);
        let format = sniff(peeked.head());
        let Some(format) = format else { return self.leaf(at, &mut peeked) };
        if let Format::Unsupported(name) = format {
            return self.entry(at, Status::Skipped(Skip::Unsupported(name)), 0);
        }
        if at.depth >= self.limits.depth {
            return self.entry(at, Status::Skipped(Skip::TooDeep), 0);
        }
        let (mut counted, count) = Counted::new(&mut peeked);
        let opened = match format {
            Format::Tar => tar::open(self, at, &mut counted),
            Format::Ar => ar::open(self, at, &mut counted),
            Format::Zip => self.spooled(at, &mut counted),
            Format::Notebook => match notebook::open(self, at, &mut counted) {
                Ok(true) => Ok(()),
                Ok(false) => return Ok(()),
                Err(end) => Err(end),
            },
            _ => compressed::open(self, at, format, &mut counted),
        };
        self.container(at, format, opened, count.get())
    }

    fn seekable(&mut self, at: &At, file: &mut dyn ReadSeek) -> Result<(), Stop> {
        let start = file.stream_position();
        let format = sniff(Peeked::new(file).head());
        if let Err(error) = start.and_then(|start| file.seek(SeekFrom::Start(start))) {
            return self.entry(at, status(&error), 0);
        }
        if format != Some(Format::Zip) || self.limits.depth == 0 {
            return self.item(at, file);
        }
        let length = file.seek(SeekFrom::End(0)).unwrap_or(0);
        let opened = zip::open(self, at, file);
        self.container(at, Format::Zip, opened, length)
    }

    fn container(&mut self, at: &At, format: Format, opened: Result<(), Break>, bytes: u64) -> Result<(), Stop> {
        match opened {
            Ok(()) => self.entry(at, Status::Opened(format), bytes),
            Err(Break::Ended(status)) => self.entry(at, status, bytes),
            Err(Break::Stop) => Err(Stop),
        }
    }

    /// A zip file in a stream.
    fn spooled(&mut self, at: &At, read: &mut dyn Read) -> Result<(), Break> {
        let (mut file, length) = self.spool(read)?;
        let opened = zip::open(self, at, &mut file);
        self.unspool(length);
        opened
    }

    /// Keeps a stream in a temporary file. Who is done with it gives its length back to [`Walk::unspool`].
    pub(super) fn spool(&mut self, read: &mut dyn Read) -> Result<(tempfile::SpooledTempFile, u64), Break> {
        let mut file = tempfile::spooled_tempfile_in(1 << 20, &self.limits.spool_folder);
        let length = io::copy(&mut read.take(self.spool.saturating_add(1)), &mut file)?;
        if length > self.spool {
            return Err(met(Skip::TooLarge).into());
        }
        file.rewind()?;
        self.spool -= length;
        Ok((file, length))
    }

    /// The temporary file of this length is gone.
    pub(super) fn unspool(&mut self, length: u64) {
        self.spool += length;
    }

    /// A container lists a member.
    pub(super) fn list(&mut self) -> Result<(), Break> {
        self.members = self.members.checked_sub(1).ok_or_else(|| met(Skip::TooMany))?;
        Ok(())
    }

    /// A member that is no container.
    pub(super) fn leaf(&mut self, at: &At, read: &mut dyn Read) -> Result<(), Stop> {
        let mut guarded = Guarded::new(read, self.limits);
        let flow = (self.visit)(Event::Member(Member { path: &at.path, listed: at.listed, read: &mut guarded }));
        let (bytes, status) = guarded.finish();
        self.outcome.bytes += bytes;
        self.entry(at, status, bytes)?;
        if flow.is_break() { Err(Stop) } else { Ok(()) }
    }

    /// What became of something.
    pub(super) fn entry(&mut self, at: &At, status: Status, bytes: u64) -> Result<(), Stop> {
        let entry = Entry { path: &at.path, status, bytes, listed: at.listed };
        self.outcome.count(&entry);
        if (self.visit)(Event::Entry(entry)).is_break() { Err(Stop) } else { Ok(()) }
    }
}

/// A visitor for a shorter time: what the compiler won't do inside a mutable reference to a trait object, but will for the object itself.
fn shorten<'short, 'long: 'short>(visit: &'short mut Visit<'long>) -> &'short mut Visit<'short> {
    visit
}
