//! What kind of text a file is, by its name: whether values stand without quotes in it, and how much its content is worth.

/// What kind of text a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A programming language: values stand in quotes.
    Source,
    /// Settings, shells, logs: values may stand bare.
    Settings,
    /// Text for people.
    Prose,
    /// Locks and sums that programs write: full of hashes.
    Lock,
    /// A file whose name tells nothing.
    Unknown,
}

/// Whether a text begins as a compiled program does: ELF, PE, Mach-O, a class of Java, WebAssembly.
pub(crate) fn is_program(text: &[u8]) -> bool {
    const BEGINS: &[&[u8]] =
        &[b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce", b"\xca\xfe\xba\xbe", b"\0asm"];
    BEGINS.iter().any(|begin| text.starts_with(begin)) || text.starts_with(b"MZ") && text[..text.len().min(64)].contains(&0)
}

impl Kind {
    /// By a path's last part.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let name = path.rsplit(['/', '!']).next().unwrap_or(path);
        let lower = name.to_ascii_lowercase();
        if matches!(
            lower.as_str(),
            "package-lock.json"
                | "npm-shrinkwrap.json"
                | "go.sum"
                | "composer.lock"
                | "pnpm-lock.yaml"
                | "poetry.lock"
                | "uv.lock"
                | "yarn.lock"
                | "pdm.lock"
                | ".cargo-checksum.json"
                | "bun.lock"
        ) || lower.ends_with(".lock")
            || lower.starts_with("checksums")
            || lower.starts_with("sha256sums")
        {
            return Self::Lock;
        }
        if lower.starts_with(".env")
            || lower.contains(".env.")
            || matches!(
                lower.as_str(),
                "dockerfile"
                    | "makefile"
                    | "jenkinsfile"
                    | "procfile"
                    | "credentials"
                    | "config"
                    | "vagrantfile"
                    | ".npmrc"
                    | ".pypirc"
                    | ".netrc"
                    | ".pgpass"
                    | ".gitconfig"
                    | ".htpasswd"
                    | ".dockercfg"
                    | ".s3cfg"
                    | ".my.cnf"
            )
        {
            return Self::Settings;
        }
        if is_translation(path) {
            return Self::Prose;
        }
        let Some((_, extension)) = lower.rsplit_once('.') else { return Self::Unknown };
        match extension {
            "c" | "h" | "cc" | "cpp" | "cxx" | "hpp" | "hh" | "m" | "mm" | "rs" | "go" | "java" | "kt" | "kts" | "scala" | "cs" | "vb"
            | "fs" | "py" | "pyi" | "rb" | "php" | "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "vue" | "svelte" | "swift" | "dart"
            | "lua" | "pl" | "pm" | "r" | "ex" | "exs" | "erl" | "hs" | "clj" | "groovy" | "gradle" | "sql" | "s" | "asm" | "json"
            | "json5" | "jsonc" | "ipynb" | "zig" | "nim" | "jl" | "html" | "htm" | "css" | "scss" | "dts" | "dtsi" => Self::Source,
            "md" | "markdown" | "rst" | "txt" | "adoc" | "asciidoc" | "tex" | "org" | "pod" | "1" | "3" | "5" | "7" | "8" => Self::Prose,
            "yml" | "yaml" | "toml" | "ini" | "cfg" | "conf" | "cnf" | "config" | "properties" | "props" | "env" | "tf" | "tfvars"
            | "hcl" | "sh" | "bash" | "zsh" | "fish" | "ksh" | "ps1" | "psm1" | "bat" | "cmd" | "log" | "xml" | "plist" | "service"
            | "dockerfile" | "csv" | "tsv" | "template" | "tpl" | "j2" | "example" | "sample" | "nix" => Self::Settings,
            _ => Self::Unknown,
        }
    }
}

/// Whether a file holds what a program says to people, in one language or several: its values are words, whatever names them.
fn is_translation(path: &str) -> bool {
    const PARTS: &[&str] = &["i18n", "l10n", "locale", "locales", "_locales", "translations", "lang", "langs", "languages"];
    const FORMS: &[&str] = &["json", "yml", "yaml", "properties", "xml", "toml", "php", "ini", "js", "ts", "arb"];
    let mut parts = path.rsplit(['/', '!']);
    let name = parts.next().unwrap_or_default();
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    let extension = extension.to_ascii_lowercase();
    matches!(extension.as_str(), "po" | "pot" | "strings" | "resx" | "xlf" | "xliff")
        || name == "strings.xml"
        || stem.starts_with("messages_") && extension == "properties"
        || FORMS.contains(&extension.as_str()) && parts.any(|part| PARTS.contains(&part.to_ascii_lowercase().as_str()))
}

/// All that a path says to the scanner: two texts of one profile and the same bytes have the same findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Profile {
    /// What kind of text it is.
    pub kind: Kind,
    /// Whether the path is of tests, examples or documentation.
    pub fixture: bool,
    /// Which of the rules that are for some paths only are for this one; a hash of their numbers.
    pub rules: u64,
}

/// Whether a path is of tests, examples or documentation, where credentials are often made up.
#[must_use]
pub fn is_fixture(path: &str) -> bool {
    const PARTS: &[&str] = &[
        "test",
        "tests",
        "testing",
        "spec",
        "specs",
        "__tests__",
        "__mocks__",
        "mock",
        "mocks",
        "fixture",
        "fixtures",
        "testdata",
        "test-data",
        "testcases",
        "example",
        "examples",
        "sample",
        "samples",
        "demo",
        "demos",
        "doc",
        "docs",
        "documentation",
        "selftests",
        "e2e",
        "cassettes",
        "snapshots",
    ];
    let lower = path.to_ascii_lowercase();
    let mut parts = lower.rsplit(['/', '!']);
    let name = parts.next().unwrap_or_default();
    let of_tests = ["_test.", "test_", ".test.", ".spec.", "_spec.", "mock", "fixture", "example", "sample", ".dist", "-test.", "-spec."]
        .iter()
        .any(|mark| name.contains(mark))
        || name.ends_with("test.java")
        || name.ends_with("tests.cs")
        || name.ends_with("tests.java");
    of_tests || parts.any(|part| PARTS.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name() {
        assert_eq!(Kind::of("a/b/settings.YML"), Kind::Settings);
        assert_eq!(Kind::of("main.rs"), Kind::Source);
        assert_eq!(Kind::of("x/Cargo.lock"), Kind::Lock);
        assert_eq!(Kind::of(".env.production"), Kind::Settings);
        assert_eq!(Kind::of("outer.zip!README.md"), Kind::Prose);
        assert_eq!(Kind::of("LICENSE"), Kind::Unknown);
        assert_eq!(Kind::of("app/i18n/de.json"), Kind::Prose);
        assert_eq!(Kind::of("res/values-es/strings.xml"), Kind::Prose);
        assert_eq!(Kind::of("lang.json"), Kind::Source);
    }

    #[test]
    fn fixtures() {
        assert!(is_fixture("src/tests/a.py") && is_fixture("pkg/auth_test.go") && is_fixture("docs/x.md"));
        assert!(!is_fixture("src/contest/latest.rs"));
    }
}
