use super::*;

fn snippet(command: &[&str], identity: &str) -> Result<String, SnippetError> {
    let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
    Snippet::new(&["*.example".to_owned()], &command, Path::new(identity), Path::new("/c"), Shell::Posix).map(|snippet| snippet.to_string())
}

#[test]
fn plain_words_stay_plain() {
    let text = snippet(&["/usr/bin/bless", "get", "--quiet", "--user=ada"], "/home/ada/id").expect("good");
    assert!(text.contains("Match host \"*.example\" exec \"/usr/bin/bless get --quiet --user=ada\"\n"), "{text}");
    assert!(text.contains("    IdentityFile \"/home/ada/id\"\n"), "{text}");
}

#[test]
fn what_either_reader_could_mistake_is_printed_by_its_number() {
    assert_eq!(Shell::Posix.word("a b").as_deref(), Ok("'a b'"));
    assert_eq!(Shell::Posix.word("100%h").as_deref(), Ok("'100%%h'"));
    assert_eq!(Shell::Posix.word("").as_deref(), Ok("''"));
    assert_eq!(
        Shell::Posix.word("a'b\"c\\d$e").as_deref(),
        Ok("'a'$(printf '\\047')'b'$(printf '\\042')'c'$(printf '\\134')'d'$(printf '\\044')'e'")
    );
    for hostile in ["a\"b", "\\\"", "\\'", "${HOME}", "x\\ y"] {
        let word = Shell::Posix.word(hostile).expect("good");
        assert!(!word.contains('"') && !word.contains("\\'") && !word.contains("\\ ") && !word.contains("${"), "{word}");
    }
    for control in ["a\nb", "a\0b", "\u{1b}"] {
        assert!(matches!(Shell::Posix.word(control), Err(SnippetError::Control(_))));
    }
    assert!(matches!(Shell::Windows.word("C:/Program Files/x"), Err(SnippetError::Windows(_))));
    assert_eq!(Shell::Windows.word("C:/bless/bless.exe").as_deref(), Ok("C:/bless/bless.exe"));
}

#[test]
fn values_of_files() {
    assert!(snippet(&["x"], "/a b/c%d\"e\\f").expect("good").contains("IdentityFile \"/a b/c%%d\\\"e\\\\f\"\n"));
    assert!(matches!(snippet(&["x"], "/a${HOME}"), Err(SnippetError::Variable(_))));
    assert!(matches!(snippet(&["x"], "/a\nb"), Err(SnippetError::Control(_))));
}
