//! Compressed streams: gzip, bzip2, xz, zstd and LZ4, each with as many members or frames as it has.

use std::cell::Cell;
use std::io::{self, BufRead as _, BufReader, Read};
use std::rc::Rc;

use liblzma::stream::{CONCATENATED, Stream};

use super::budget::{Counted, Expanded, met};
use super::walk::{At, Break, Walk};
use super::{Format, Limits, Skip, name};

/// Opens a compressed file.
pub(super) fn open(walk: &mut Walk<'_>, at: &At, format: Format, read: &mut dyn Read) -> Result<(), Break> {
    walk.list()?;
    let mut inner = at.member(format!("{}!{}", at.path, name::stem(&at.path)), None);
    inner.tar_path = Some(at.path.clone());
    inner.windows += u32::from(has_window(format));
    let (counted, consumed) = Counted::new(read);
    let mut expanded = expand(format, counted, consumed, Rc::clone(&walk.total), walk.limits, at.windows)?;
    walk.item(&inner, &mut expanded)?;
    expanded.failure().map_or(Ok(()), |status| Err(Break::Ended(status)))
}

/// Whether the stream chooses how much memory it needs.
pub(super) fn has_window(format: Format) -> bool {
    matches!(format, Format::Xz | Format::Zstd)
}

/// The decoder of a format over `input`, held to the limits. `windows` streams with a large window stand around it.
pub(super) fn expand<'a>(
    format: Format,
    input: impl Read + 'a,
    consumed: Rc<Cell<u64>>,
    total: Rc<Cell<u64>>,
    limits: &Limits,
    windows: u32,
) -> io::Result<Expanded<Box<dyn Read + 'a>>> {
    // Each stream in another may have a quarter of what that one may have, so that all together stay bounded.
    let window = limits.window.checked_shr(windows.saturating_mul(2)).unwrap_or(0).max(1 << 16);
    let decoder: Box<dyn Read + 'a> = match format {
        Format::Gzip => Box::new(flate2::read::MultiGzDecoder::new(input)),
        Format::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(input)),
        Format::Xz => {
            let stream = Stream::new_stream_decoder(window, CONCATENATED)?;
            Box::new(Xz(liblzma::read::XzDecoder::new_stream(input, stream)))
        }
        Format::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(input)?;
            decoder.window_log_max(window.ilog2())?;
            Box::new(Zstd(decoder))
        }
        Format::Lz4 => Box::new(Lz4::new(input)),
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    Ok(Expanded::new(decoder, consumed, total, limits))
}

struct Xz<R: Read>(liblzma::read::XzDecoder<R>);

impl<R: Read> Read for Xz<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            let reason = error.get_ref().and_then(|inner| inner.downcast_ref::<liblzma::stream::Error>());
            if matches!(reason, Some(liblzma::stream::Error::MemLimit)) { met(Skip::Window) } else { error }
        })
    }
}

struct Zstd<'a, R: Read>(zstd::stream::read::Decoder<'a, BufReader<R>>);

impl<R: Read> Read for Zstd<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The crate gives the library's text for an error, and not its code.
        let window = |error: &io::Error| error.to_string().contains("too much memory");
        self.0.read(buffer).map_err(|error| if window(&error) { met(Skip::Window) } else { error })
    }
}

/// Frames one after another. The crate's decoder ends after each, and one that is used again panics at a frame of other block sizes. It
/// also takes the end of the input between two blocks for the end of the frame, so the mark that ends a frame is looked for here.
struct Lz4<R: Read>(Option<lz4_flex::frame::FrameDecoder<Tail<BufReader<R>>>>);

impl<R: Read> Lz4<R> {
    fn new(input: R) -> Self {
        Self(Some(lz4_flex::frame::FrameDecoder::new(Tail::new(BufReader::new(input)))))
    }
}

impl<R: Read> Read for Lz4<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(frame) = &mut self.0 {
            let length = frame.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            let tail = frame.get_mut();
            if !tail.ends_frame() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if tail.inner.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.0 = self.0.take().map(|frame| lz4_flex::frame::FrameDecoder::new(Tail::new(frame.into_inner().inner)));
        }
        Ok(0)
    }
}

/// Keeps the flags of a frame and its last bytes.
struct Tail<R> {
    inner: R,
    count: u64,
    flags: u8,
    last: [u8; 8],
}

impl<R> Tail<R> {
    fn new(inner: R) -> Self {
        Self { inner, count: 0, flags: 0, last: [0xff; 8] }
    }

    /// Whether the last bytes are the end mark, four zeros, and the checksum of the content where the flags promise one.
    fn ends_frame(&self) -> bool {
        let mark = if self.flags & 4 == 0 { &self.last[4..] } else { &self.last[..4] };
        self.count == 0 || mark == [0; 4]
    }
}

impl<R: Read> Read for Tail<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let read = &buffer[..length];
        // The flags are the byte after the magic number.
        if let Some(flags) = usize::try_from(4_u64.wrapping_sub(self.count)).ok().and_then(|at| read.get(at)) {
            self.flags = *flags;
        }
        self.count += length as u64;
        let kept = length.min(self.last.len());
        self.last.rotate_left(kept);
        let from = self.last.len() - kept;
        self.last[from..].copy_from_slice(&read[length - kept..]);
        Ok(length)
    }
}
