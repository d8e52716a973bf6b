//! Jupyter notebooks (nbformat 4): each cell's source and each output is a member of its own, as the text it is rather than as JSON, so
//! that a line is a line of the cell. Whatever else has content (metadata, attachments, widgets' state) is a member as JSON; pictures are
//! told and left out.

use std::io::{self, Read};

use serde_json::value::RawValue;

use super::walk::{At, Break, Stop, Walk};
use super::{Skip, Status, name};
use crate::table::json::{End, each as take_apart};

/// Whether a file that begins so may be a notebook.
pub(super) fn may_be(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    head.starts_with(b"{") && [&b"\"cells\""[..], b"\"nbformat\""].iter().any(|key| head.windows(key.len()).any(|window| window == *key))
}

/// Opens a notebook; false when it was none, and was shown as it is.
pub(super) fn open(walk: &mut Walk<'_>, at: &At, read: &mut dyn Read) -> Result<bool, Break> {
    let mut start = Vec::new();
    let limit = walk.limits.notebook;
    let whole = read.take(limit).read_to_end(&mut start);
    let fits = whole.is_ok() && (start.len() as u64) < limit;
    let text = std::str::from_utf8(&start).ok().filter(|text| fits && is_notebook(text));
    let Some(text) = text else {
        let mut error = Broken(whole.err());
        walk.leaf(at, &mut start.as_slice().chain(&mut error).chain(read))?;
        return Ok(false);
    };
    each(text, &mut |key, _, value| match key {
        "cells" => each(value.get(), &mut |_, number, cell| self::cell(walk, at, number, cell)),
        _ => json(walk, at, key, value),
    })?;
    Ok(true)
}

fn cell(walk: &mut Walk<'_>, at: &At, number: usize, cell: &RawValue) -> Result<(), Break> {
    if !cell.get().starts_with('{') {
        return json(walk, at, &format!("cells/{number}"), cell);
    }
    each(cell.get(), &mut |key, _, value| match key {
        "source" | "input" => text(walk, at, &format!("cells/{number}/source"), value),
        "outputs" if value.get().starts_with('[') => {
            each(value.get(), &mut |_, nth, output| self::output(walk, at, &format!("cells/{number}/outputs/{nth}"), output))
        }
        "cell_type" | "id" => Ok(()),
        _ => json(walk, at, &format!("cells/{number}/{key}"), value),
    })
}

fn output(walk: &mut Walk<'_>, at: &At, place: &str, output: &RawValue) -> Result<(), Break> {
    if !output.get().starts_with('{') {
        return json(walk, at, place, output);
    }
    each(output.get(), &mut |key, _, value| match key {
        "text" | "evalue" | "traceback" => text(walk, at, &format!("{place}/{key}"), value),
        "data" if value.get().starts_with('{') => each(value.get(), &mut |kind, _, data| {
            let name = format!("{place}/{kind}");
            if ["image/", "audio/", "video/", "application/pdf"].iter().any(|binary| kind.starts_with(binary)) && kind != "image/svg+xml" {
                walk.list()?;
                let member = at.member(name::within(&at.path, name.as_bytes()), Some(data.get().len() as u64));
                return Ok(walk.entry(&member, Status::Skipped(Skip::Binary), 0)?);
            }
            text(walk, at, &name, data)
        }),
        "output_type" | "name" | "ename" => Ok(()),
        _ => json(walk, at, &format!("{place}/{key}"), value),
    })
}

fn each(json: &str, visit: &mut dyn FnMut(&str, usize, &RawValue) -> Result<(), Break>) -> Result<(), Break> {
    take_apart(json, visit).map_err(|end| match end {
        End::Malformed => super::budget::damaged().into(),
        End::Visitor(end) => end,
    })
}

/// A string, or a list of strings that are one text, as a member. Anything else stays JSON.
fn text(walk: &mut Walk<'_>, at: &At, place: &str, value: &RawValue) -> Result<(), Break> {
    let mut joined = String::new();
    let all = match serde_json::from_str::<String>(value.get()) {
        Ok(text) => {
            joined = text;
            true
        }
        Err(_) => {
            value.get().starts_with('[')
                && each(value.get(), &mut |_, _, line| {
                    joined.push_str(&serde_json::from_str::<String>(line.get()).map_err(|_| Stop)?);
                    Ok(())
                })
                .is_ok()
        }
    };
    if all { show(walk, at, place, joined.as_bytes()) } else { json(walk, at, place, value) }
}

/// A value with content, as a member.
fn json(walk: &mut Walk<'_>, at: &At, place: &str, value: &RawValue) -> Result<(), Break> {
    let text = value.get();
    let content = text.starts_with(['{', '[', '"']) && !matches!(text, "{}" | "[]" | "\"\"");
    if content { show(walk, at, place, text.as_bytes()) } else { Ok(()) }
}

fn show(walk: &mut Walk<'_>, at: &At, place: &str, mut bytes: &[u8]) -> Result<(), Break> {
    walk.list()?;
    let member = at.member(name::within(&at.path, place.as_bytes()), Some(bytes.len() as u64));
    Ok(walk.leaf(&member, &mut bytes)?)
}

fn is_notebook(text: &str) -> bool {
    let (mut version, mut cells) = (false, false);
    let whole = each(text, &mut |key, _, value| {
        version |= key == "nbformat" && value.get().parse::<u32>().is_ok();
        cells |= key == "cells" && value.get().starts_with('[');
        Ok(())
    });
    whole.is_ok() && version && cells
}

/// Gives an error once, then ends.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
