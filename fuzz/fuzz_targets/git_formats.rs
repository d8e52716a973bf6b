//! The formats of a git repository, each by the first byte: deltas, headers of a pack's entries, indexes of packs, the index of a
//! worktree, trees, commits, packed refs and reflogs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use menagerie_git::{Commit, Delta, DeltaPiece, EntryHeader, HashKind, PackIndex, Tree, parse_index, parse_packed_refs, parse_reflog};

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else { return };
    let hash = if which & 0x80 == 0 { HashKind::Sha1 } else { HashKind::Sha256 };
    match which % 8 {
        0 => delta(data),
        1 => assert!(EntryHeader::parse(data, hash).is_none_or(|header| header.len <= data.len())),
        2 => pack_index(data, hash),
        3 => drop(parse_index(data, hash)),
        4 => assert!(Tree::new(data, hash).all(|entry| !entry.name.is_empty() && !entry.name.contains(&0))),
        5 => drop(Commit::parse(data)),
        6 => assert!(parse_packed_refs(data, hash).all(|(name, _)| !name.is_empty())),
        _ => assert!(parse_reflog(data).count() <= data.len()),
    }
});

/// The first half is the base, the rest the delta: what is applied must be what its pieces say.
fn delta(data: &[u8]) {
    let (base, rest) = data.split_at(data.len() / 2);
    let Some(delta) = Delta::parse(rest).filter(|delta| delta.result_len < 1 << 24) else { return };
    let mut result = Vec::new();
    if delta.apply(base, &mut result).is_none() {
        return;
    }
    let mut end = 0;
    for piece in delta.pieces() {
        let at = match piece {
            DeltaPiece::Copied { from, at } => {
                assert_eq!(base[from], result[at.clone()]);
                at
            }
            DeltaPiece::Inserted { at } => at,
        };
        assert_eq!(at.start, end);
        end = at.end;
    }
    assert_eq!(end, result.len());
}

fn pack_index(data: &[u8], hash: HashKind) {
    let Some(index) = PackIndex::parse(data.to_vec(), hash) else { return };
    for position in 0..index.len() {
        let oid = index.oid(position);
        let _ = (index.offset(position), index.find(&oid), index.between(&oid, &oid));
    }
}
