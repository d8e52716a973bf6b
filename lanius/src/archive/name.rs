//! Names of members as they are shown. A name is never a path to open: it is cut to a bounded length, and what could drive a terminal or
//! break a line of a report is escaped.

use menagerie_report::shown;

/// The longest name of one member that is shown, in bytes.
const LONGEST: usize = 4096;

/// A member's name for display.
pub(super) fn display(name: &[u8]) -> String {
    let cut = &name[..name.len().min(LONGEST)];
    let text = String::from_utf8_lossy(cut);
    let text = shown(&text);
    let text = text.strip_prefix("./").filter(|rest| !rest.is_empty()).unwrap_or(&text);
    if text.is_empty() { "(no name)".to_owned() } else { text.to_owned() }
}

/// The path of a member within a container.
pub(super) fn within(container: &str, name: &[u8]) -> String {
    format!("{container}!{}", display(name))
}

/// The name of what a compressed file holds: its last name without the suffix of the compression.
pub(super) fn stem(path: &str) -> String {
    let last = path.rsplit(['/', '!']).next().unwrap_or(path);
    match last.rsplit_once('.') {
        Some((stem, suffix)) if !stem.is_empty() => match suffix.to_ascii_lowercase().as_str() {
            "tgz" | "txz" | "tbz" | "tbz2" | "tzst" => format!("{stem}.tar"),
            "gz" | "z" | "bz2" | "xz" | "zst" | "zstd" | "lz4" => stem.to_owned(),
            _ => last.to_owned(),
        },
        _ => last.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_is_shown_harmless_and_short() {
        assert_eq!(display(b"a\x1b[2Jb\n"), "a\\u{1b}[2Jb\\u{a}");
        assert_eq!(display(b"\xff.txt"), "\u{fffd}.txt");
        assert_eq!(display(b""), "(no name)");
        assert_eq!(display(b"./a"), "a");
        assert_eq!(display(&[b'x'; 100_000]).len(), LONGEST);
    }

    #[test]
    fn a_compressed_file_is_named_without_its_suffix() {
        for (path, name) in
            [("dir/a.log.gz", "a.log"), ("x.tgz", "x.tar"), ("z!b.env.ZST", "b.env"), ("plain", "plain"), ("d.d/.gz", ".gz")]
        {
            assert_eq!(stem(path), name, "{path}");
        }
    }
}
