//! ar archives: static libraries, and Debian packages, which are a `control.tar` and a `data.tar` in one. Long names are System V's
//! (`//` and `/OFFSET`) or BSD's (`#1/LENGTH`).

use std::io::{self, Read};

use super::budget::{Exact, damaged, fill, pass};
use super::name;
use super::walk::{At, Break, Walk};

const HEADER: usize = 60;
/// The longest table of long names that is read.
const TABLE: u64 = 4 << 20;
/// The longest name before its member's bytes.
const NAME: u64 = 4096;

/// Opens an ar archive.
pub(super) fn open(walk: &mut Walk<'_>, at: &At, read: &mut dyn Read) -> Result<(), Break> {
    pass(read, 8)?;
    let mut table = Vec::new();
    loop {
        let mut header = [0; HEADER];
        match fill(read, &mut header)? {
            0 => return Ok(()),
            HEADER => {}
            // A newline may fill the last member to an even length.
            1 if header[0] == b'\n' => return Ok(()),
            _ => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        }
        let mut size = number(&header[48..58]).filter(|_| header.ends_with(b"`\n")).ok_or_else(damaged)?;
        let padding = size % 2;
        let field = header[..16].trim_ascii_end();
        if field == b"//" {
            if size > TABLE {
                return Err(damaged().into());
            }
            table.clear();
            Exact::new(read, size).read_to_end(&mut table)?;
            skip_padding(read, padding)?;
            continue;
        }
        let name = if let Some(length) = field.strip_prefix(b"#1/") {
            let length = number(length).filter(|length| *length <= size.min(NAME)).ok_or_else(damaged)?;
            let mut name = Vec::new();
            Exact::new(read, length).read_to_end(&mut name)?;
            size -= length;
            name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
            name
        } else if let Some(offset) = field.strip_prefix(b"/").and_then(number) {
            let rest = usize::try_from(offset).ok().and_then(|offset| table.get(offset..)).ok_or_else(damaged)?;
            let line = rest.split(|byte| *byte == b'\n').next().unwrap_or(rest);
            line.strip_suffix(b"/").unwrap_or(line).to_vec()
        } else {
            field.strip_suffix(b"/").filter(|name| !name.is_empty()).unwrap_or(field).to_vec()
        };
        walk.list()?;
        let mut content = Exact::new(read, size);
        walk.item(&at.member(name::within(&at.path, &name), Some(size)), &mut content)?;
        let left = content.left();
        pass(read, left)?;
        skip_padding(read, padding)?;
    }
}

/// The byte that makes a length even. The last member's may lack.
fn skip_padding(read: &mut dyn Read, padding: u64) -> io::Result<()> {
    if padding == 1 {
        fill(read, &mut [0])?;
    }
    Ok(())
}

fn number(field: &[u8]) -> Option<u64> {
    std::str::from_utf8(field.trim_ascii()).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}
