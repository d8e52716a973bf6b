//! `packed-refs`: a line a ref, `<object> <name>`; lines that begin with `^` say what the tag above them leads to, and with `#` how the
//! file is sorted. Neither is needed here.

use crate::oid::{HashKind, ObjectId};

/// The refs in the text of a `packed-refs`. Lines that are none are passed over.
pub fn parse_packed_refs(text: &[u8], hash: HashKind) -> impl Iterator<Item = (&[u8], ObjectId)> {
    text.split(|byte| *byte == b'\n').filter_map(move |line| {
        let (oid, rest) = line.split_at_checked(hash.hex_len())?;
        let name = rest.strip_prefix(b" ")?.trim_ascii_end();
        Some((name, ObjectId::from_hex(oid)?)).filter(|(name, _)| !name.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_refs_and_nothing_else() {
        let one = "1".repeat(40);
        let text = format!("# pack-refs with: peeled\n{one} refs/heads/a b\n^{one}\n{one} \nxyz\n{one}refs/x\n{one} refs/tags/v\r\n");
        let names: Vec<_> = parse_packed_refs(text.as_bytes(), HashKind::Sha1).map(|(name, _)| name).collect();
        assert_eq!(names, [&b"refs/heads/a b"[..], b"refs/tags/v"]);
    }
}
