use std::fmt::Write as _;
use std::io::Write as _;

use ::base64::Engine as _;
use ::base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

const SECRET: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

/// Place, encoding, bytes and depth of a layer.
type Found = (Range<usize>, Encoding, Vec<u8>, usize);

fn decoded(text: &[u8], limits: &Limits) -> (Vec<Found>, Extent) {
    let mut marks = Marks::default();
    marks.mark(&Anchors::new(&[]), text);
    let mut found = Vec::new();
    let extent = layers(text, &marks.runs, limits, &mut Scratch::new(), &mut |layer| {
        found.push((layer.range.clone(), layer.encoding, layer.bytes.to_vec(), layer.depth));
    });
    (found, extent)
}

fn all(text: impl AsRef<[u8]>) -> Vec<Found> {
    let text = text.as_ref();
    let (found, extent) = decoded(text, &Limits::of(text.len()));
    assert_eq!(extent, Extent::Whole);
    found
}

/// The one layer of a text: its encoding, what stands in its range, and its text.
fn one(text: &str) -> (Encoding, &str, String) {
    let found = all(text);
    let [(range, encoding, bytes, 1)] = found.as_slice() else { panic!("not one layer: {found:?}") };
    (*encoding, &text[range.clone()], String::from_utf8(bytes.clone()).expect("the layer is UTF-8"))
}

fn nothing(text: impl AsRef<[u8]>) {
    let found = all(text);
    assert!(found.is_empty(), "{found:?}");
}

fn shows(text: impl AsRef<[u8]>, secret: &str) -> bool {
    all(text).iter().any(|(_, _, bytes, _)| memchr::memmem::find(bytes, secret.as_bytes()).is_some())
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn wrapped(text: &str, width: usize, end: &str) -> String {
    let lines: Vec<_> = text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).expect("ASCII is split")).collect();
    lines.join(end)
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

fn each_byte(text: &str, form: impl Fn(u8) -> String) -> String {
    text.bytes().map(form).collect()
}

#[test]
fn base64_in_every_form() {
    let padded = STANDARD.encode(SECRET);
    assert_eq!(one(&format!("token: {padded}\n")), (Encoding::Base64, padded.as_str(), SECRET.to_owned()));
    let bare = STANDARD_NO_PAD.encode(SECRET);
    assert_eq!(one(&format!("X={bare}")), (Encoding::Base64, bare.as_str(), SECRET.to_owned()));
    let odd = format!("{SECRET}?>?>~~~");
    let url = URL_SAFE_NO_PAD.encode(&odd);
    assert!(url.contains('-') || url.contains('_'), "{url}");
    assert_eq!(one(&format!("https://host.example/{url}")), (Encoding::Base64, url.as_str(), odd));
}

#[test]
fn base64_after_a_path_or_a_word() {
    let encoded = STANDARD.encode(SECRET);
    assert_eq!(one(&format!("see/a/{encoded}")).1, encoded);
    assert_eq!(one(&format!("my-key-{encoded}")).1, encoded);
}

#[test]
fn base64_in_lines() {
    let text = format!("user = someone\npassword = {SECRET}\n").repeat(4);
    let encoded = STANDARD.encode(&text);
    for end in ["\n", "\r\n", "\n    ", "\\n", "\\r\\n", "\\n\\\n", "\\\n"] {
        for width in [64, 76] {
            let lines = wrapped(&encoded, width, end);
            let whole = format!("data: \"{lines}\"\nand so on\n");
            assert_eq!(one(&whole), (Encoding::Base64, lines.as_str(), text.clone()), "{end:?} {width}");
        }
    }
}

#[test]
fn base64_whose_first_lines_have_no_digit() {
    let encoded = STANDARD.encode("0x25, 0x37, 0x30, 0x25, 0x36, 0x31, 0x25, 0x36, 0x31, 0x2502, 0x37, 0x30, 0x25, 0x3".repeat(3));
    let lines = wrapped(&encoded, 76, "\r\n  ");
    assert!(!has_run(&lines[..76]) && has_run(&lines));
    assert_eq!(one(&format!("data:\r\n  {lines}\r\n")).1, lines);
}

#[test]
fn base64_of_utf_16() {
    let text = format!("$token = '{SECRET}'");
    let command = STANDARD.encode(utf16(&text, u16::to_le_bytes));
    let found = all(format!("powershell -EncodedCommand {command}"));
    assert_eq!(found.iter().map(|layer| layer.1).collect::<Vec<_>>(), [Encoding::Base64, Encoding::Utf16]);
    assert_eq!(found[1].2, text.as_bytes());
}

#[test]
fn compressed_in_base64() {
    let text = format!("the configuration of a service\npassword = {SECRET}\n");
    for stream in [gzip(text.as_bytes()), zlib(text.as_bytes())] {
        assert_eq!(one(&format!("data: {}", STANDARD.encode(stream))).2, text);
    }
    // A stream that ends too early gives what it has.
    let stream = gzip(text.repeat(50).as_bytes());
    assert!(shows(STANDARD.encode(&stream[..stream.len() - 9]), SECRET));
}

#[test]
fn a_bomb_is_bounded() {
    let bomb = STANDARD.encode(gzip(&vec![b'a'; 64 << 20]));
    let limits = Limits::of(bomb.len());
    let (found, _) = decoded(bomb.as_bytes(), &limits);
    assert!(found.iter().map(|layer| layer.2.len()).sum::<usize>() <= limits.output);
    let wide = Limits { output: usize::MAX, ..limits };
    let (found, _) = decoded(bomb.as_bytes(), &wide);
    assert_eq!(found.iter().map(|layer| layer.2.len()).collect::<Vec<_>>(), [1 << 20]);
}

#[test]
fn hexadecimal() {
    for encoded in [::hex::encode(SECRET), ::hex::encode_upper(SECRET), format!("0x{}", ::hex::encode(SECRET))] {
        assert_eq!(one(&format!("key={encoded};")), (Encoding::Hex, encoded.as_str(), SECRET.to_owned()));
    }
}

#[test]
fn arrays_of_bytes() {
    let list = |form: fn(u8) -> String, gap: &str| SECRET.bytes().map(form).collect::<Vec<_>>().join(gap);
    let decimal: fn(u8) -> String = |byte| byte.to_string();
    let hexadecimal: fn(u8) -> String = |byte| format!("{byte:#04x}");
    for (array, shown) in [
        (list(decimal, ", "), "char a[] = {X, 0};"),
        (list(decimal, ","), "[X]"),
        (list(hexadecimal, ", "), "let a = [\n    X,\n];"),
        (list(hexadecimal, ",\n        "), "const uint8_t a[] = {\n        X\n};"),
        (list(hexadecimal, ","), "some words that move the array within its block: X"),
    ] {
        for shift in 0..70 {
            let text = format!("{}{}", " ".repeat(shift), shown.replace('X', &array));
            assert_eq!(one(&text), (Encoding::Array, array.as_str(), SECRET.to_owned()), "{text}");
        }
    }
}

#[test]
fn percent_encoding() {
    let url = "postgres://service:p%40ssw0rd%21x@db.example/main";
    assert_eq!(one(&format!("url = \"{url}\"")), (Encoding::Percent, url, "postgres://service:p@ssw0rd!x@db.example/main".to_owned()));
    assert!(shows(each_byte(SECRET, |byte| format!("%{byte:02X}")), SECRET));
    nothing("printf(\"%2d %3d %40s\", a, b, c); 100%25");
}

#[test]
fn character_references() {
    assert_eq!(one("<a href=\"https://h.example/?a=1234567&amp;b=2\">").2, "https://h.example/?a=1234567&b=2");
    for form in [|byte| format!("&#{byte};"), |byte| format!("&#x{byte:x};")] {
        let encoded = each_byte(SECRET, form);
        assert_eq!(one(&format!("<td>{encoded}</td>")), (Encoding::Entities, encoded.as_str(), SECRET.to_owned()));
    }
}

#[test]
fn escapes_of_literals() {
    let forms: [fn(u8) -> String; 6] = [
        |byte| format!("\\x{byte:02x}"),
        |byte| format!("\\u{byte:04X}"),
        |byte| format!("\\u{{{byte:x}}}"),
        |byte| format!("\\x{{{byte:x}}}"),
        |byte| format!("\\U{byte:08x}"),
        |byte| format!("\\{byte:03o}"),
    ];
    for form in forms {
        let encoded = each_byte(SECRET, form);
        assert_eq!(one(&format!("key = \"{encoded}\"\n")), (Encoding::Escapes, encoded.as_str(), SECRET.to_owned()));
        // Only the prefix.
        let begin = each_byte(&SECRET[..4], form);
        assert!(shows(format!("key = \"{begin}{}\"\n", &SECRET[4..]), SECRET), "{begin}");
    }
    nothing("C:\\users\\u0000 '\\0' \"\\x00\\x01\\x02\" \\1");
}

#[test]
fn soft_line_breaks() {
    for end in ["=\n", "=\r\n"] {
        assert!(shows(
            format!("This is the key that you asked for on Monday: ghp_16C7e42F292c6912E77{end}10c838347Ae178B4a and so on"),
            SECRET
        ));
        assert!(shows(
            format!("See the page https://host.example/page?of=3D12345678&key=3Dghp_16C7e42F292c{end}6912E7710c838347Ae178B4a"),
            SECRET
        ));
    }
    nothing("let a1234567890123=\nb1234567890123;");
}

#[test]
fn utf_16() {
    let text = format!("password = {SECRET}\r\nname = Jürgen\r\n");
    for bytes in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
        for mark in ["", "\u{feff}"] {
            let encoded = utf16(&format!("{mark}{text}"), bytes);
            let length = encoded.len();
            assert_eq!(all(encoded), [(0..length, Encoding::Utf16, text.clone().into_bytes(), 1)]);
        }
    }
    nothing([0; 1000]);
}

#[test]
fn literals_that_are_joined() {
    for text in [
        "x = \"ghp_\" + \"16C7e42F292c6912E7710c838347Ae178B4a\";",
        "x = 'ghp_16C7e4'+'2F292c6912'+ 'E7710c838347Ae178B4a';",
        "$x = \"ghp_\" . '16C7e42F292c6912E7710c838347Ae178B4a';",
        "x = \"ghp_\" .. \"16C7e42F292c6912E7710c838347Ae178B4a\"",
        "x = \"ghp_16C7e42F292c69\" & \"12E7710c838347Ae178B4a\"",
        "x = \"ghp_16C7e42F292c69\" \\\n    \"12E7710c838347Ae178B4a\"",
        "x = (\"ghp_16C7e42F292c69\"\n     f\"12E7710c838347Ae178B4a\")",
        "char *x = \"ghp_16C7e42F292c69\"\r\n\t\"12E7710c838347Ae178B4a\";",
        "x='ghp_16C7e42F292c69''12E7710c838347Ae178B4a'",
        "x='ghp_16C7e42F292c69'\"12E7710c838347Ae178B4a\"",
        "x = [\"ghp_\", \"16C7e42F292c6912E7710\", \"c838347Ae178B4a\"].join(\"\")",
        "x = \"\".join([\"ghp_\", \"16C7e42F292c6912E7710\",\n  \"c838347Ae178B4a\"])",
        "say(\"it \\\"is\\\" ghp_16C7\" + \"e42F292c6912E7710c838347Ae178B4a\")",
        "g(\".\" , \"+a\") + \"ghp_16C7\" + \"e42F292c6912E7710c838347Ae178B4a\"",
    ] {
        let found = all(text);
        assert_eq!(found.len(), 1, "{text} {found:?}");
        let (range, encoding, bytes, _) = &found[0];
        assert_eq!(*encoding, Encoding::Joined);
        assert!(memchr::memmem::find(bytes, SECRET.as_bytes()).is_some(), "{text} {found:?}");
        assert!(text[range.clone()].contains("8B4a") && text[range.clone()].contains("ghp_"), "{text} {range:?}");
    }
}

#[test]
fn literals_that_say_nothing_joined() {
    nothing("print(\"of words and words \" + \"and 16 more words\" + name)");
    nothing("x = \"abc\" + y + \"def\"; \"\"\"documentation\"\"\"; a = ''; b = '' + ''");
    nothing("{\"ghp_16C7e42F292c6912\": \"E7710c838347Ae178B4a\", \"a\": [\"b\", \"c\"]}");
    nothing("[\"ghp_16C7\", \"e42F292c6912E7710c838347Ae178B4a\"].join(\", \")");
}

#[test]
fn what_is_not_encoded_text() {
    nothing("d41d8cd98f00b204e9800998ecf8427e e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    nothing("kmem_cache_alloc_node64 __builtin_ia32_pmovzxbw256 Utf8ErrorOrReplacement32 NSDateFormatter1970Style");
    nothing("550e8400-e29b-41d4-a716-446655440000 AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    nothing(SECRET);
    let mut state = 1_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    let noise: Vec<u8> = noise.take(100_000).collect();
    nothing(STANDARD.encode(&noise));
    nothing(wrapped(&STANDARD.encode(&noise), 76, "\n"));
    nothing(::hex::encode(&noise));
}

#[test]
fn web_tokens_are_left_alone() {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let token = format!(
        "{}.{}.{}",
        part("{\"alg\":\"HS256\"}"),
        part("{\"sub\":\"1234567890\",\"name\":\"x\"}"),
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    nothing(&token);
    // One that is encoded is shown.
    assert_eq!(one(&STANDARD.encode(&token)).2, token);
    // JSON in base64 is no token.
    assert_eq!(one(&STANDARD.encode("{\"password\":\"hunter2hunter2\"}")).2, "{\"password\":\"hunter2hunter2\"}");
}

#[test]
fn places_are_of_the_outermost_text() {
    let inner = format!("key: {}", ::hex::encode(SECRET));
    let text = format!("first line\ndata: {}\n\nlast line", STANDARD.encode(&inner));
    let found = all(&text);
    assert_eq!(found.iter().map(|layer| (layer.1, layer.3)).collect::<Vec<_>>(), [(Encoding::Base64, 1), (Encoding::Hex, 2)]);
    assert!(found.iter().all(|layer| text[layer.0.clone()] == STANDARD.encode(&inner)));
}

#[test]
fn depth_is_bounded() {
    let mut text = format!("password = {SECRET}");
    for _ in 0..5 {
        text = STANDARD.encode(text);
    }
    assert_eq!(all(&text).iter().map(|layer| layer.3).collect::<Vec<_>>(), [1, 2, 3]);
    for depth in 0..=2 {
        let (found, _) = decoded(text.as_bytes(), &Limits { depth, ..Limits::of(text.len()) });
        assert_eq!(found.len(), depth);
    }
    let (found, _) = decoded(text.as_bytes(), &Limits { depth: usize::MAX, ..Limits::of(text.len()) });
    assert_eq!(found.len(), DEEPEST);
}

#[test]
fn what_is_cut_is_told() {
    let text = STANDARD.encode(format!("password = {SECRET}").repeat(100));
    for (text, output) in [
        (text.clone().into_bytes(), 1000),
        (utf16(&text, u16::to_le_bytes), 1000),
        (each_byte(&text, |byte| format!("%{byte:02x}")).into_bytes(), 1000),
    ] {
        let (found, extent) = decoded(&text, &Limits { output, ..Limits::of(text.len()) });
        assert_eq!(extent, Extent::Cut);
        assert!(found.iter().map(|layer| layer.2.len()).sum::<usize>() <= output);
    }
}

/// Each place of what escapes say, looked up in the text.
#[test]
fn places_are_found_again_through_escapes() {
    let text = b"x a%41%e4%b8%96bcdef-0123456%2522%255c%6789.end y";
    let runs = [(0, 0); 0];
    let mut seen = Vec::new();
    let _ = layers(text, &runs, &Limits::of(text.len()), &mut Scratch::new(), &mut |layer| {
        let place = |said: &str| {
            let at = memchr::memmem::find(layer.bytes, said.as_bytes()).expect("it is there");
            String::from_utf8_lossy(&text[layer.locate(&(at..at + said.len()))]).into_owned()
        };
        let asked: &[&str] = match layer.depth {
            1 => &["aA", "A", "\u{4e16}", "bcd", "6%22%5c", "9.end"],
            _ => &["56\"\\", "\\g8", "end", "aA\u{4e16}b"],
        };
        seen.extend(asked.iter().map(|said| place(said)));
    });
    assert_eq!(seen, ["a%41", "%41", "%e4%b8%96", "bcd", "6%2522%255c", "9.end", "56%2522%255c", "%255c%678", "end", "a%41%e4%b8%96b"]);
}

#[test]
fn a_secret_does_not_show_in_debug() {
    let origin = Origin::new(SECRET.as_bytes(), 0..8, Encoding::Hex, None);
    let layer = Layer { range: 0..8, encoding: Encoding::Hex, bytes: SECRET.as_bytes(), depth: 1, origin: &origin };
    assert_eq!(format!("{layer:?} {:?}", Scratch::new()), "Layer(hex at 0..8, 40 bytes, depth 1) Scratch");
}

/// Repeated short patterns are where looking back or ahead would cost the square of the length.
#[test]
fn dense_input_stays_linear() {
    let patterns = [
        "\"+'",
        "'a'+\"",
        "\"a\"+\"b\"+",
        "\"\" ",
        "\"    +",
        "'\\'+\"",
        "\\\"\"+'",
        "%41",
        "%41/",
        "&#65;",
        "&amp;",
        "\\x41",
        "\\",
        "=\n",
        "a=\n",
        "=41",
        "65,",
        "65, ",
        "0x41,",
        "12,   ",
        "].join(''",
        "[\".join(''",
        "''.join(['a',",
        "QUJDREVGR0hJ1234/",
        "H4sIAAAAAAAA1234+",
        "eJyrVkrOzy0oSi0u1234/",
        "eyJhbGciOiJIUzI1.",
        "414243444a",
        "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpBQkNERUZHSElKS0xNTk9Q\n",
        "\\n",
        "x\\n",
    ];
    for pattern in patterns {
        let text = pattern.repeat((1 << 20) / pattern.len());
        let limits = Limits::of(text.len());
        let begun = std::time::Instant::now();
        let (found, _) = decoded(text.as_bytes(), &limits);
        // The square of a mebibyte would be hours.
        assert!(begun.elapsed().as_secs() < 20, "{pattern:?} took {:?}", begun.elapsed());
        assert!(found.iter().map(|layer| layer.2.len()).sum::<usize>() <= limits.output, "{pattern:?}");
    }
}

/// One way to hide a text.
#[derive(Debug, Clone, Copy)]
enum Hide {
    Base64,
    UrlSafe,
    Wrapped,
    Gzip,
    Hex,
    Percent,
    Entities,
    Escape,
    Unicode,
    Octal,
    Decimal,
    Array,
    Joined,
    QuotedPrintable,
}

impl Hide {
    fn hide(self, text: &str) -> String {
        match self {
            Self::Base64 => STANDARD.encode(text),
            Self::UrlSafe => URL_SAFE_NO_PAD.encode(text),
            Self::Wrapped => wrapped(&STANDARD.encode(text), 76, "\n"),
            Self::Gzip => STANDARD.encode(gzip(text.as_bytes())),
            Self::Hex => ::hex::encode(text),
            Self::Percent => each_byte(text, |byte| format!("%{byte:02X}")),
            Self::Entities => each_byte(text, |byte| format!("&#{byte};")),
            Self::Escape => each_byte(text, |byte| format!("\\x{byte:02x}")),
            Self::Unicode => each_byte(text, |byte| format!("\\u{byte:04x}")),
            Self::Octal => each_byte(text, |byte| format!("\\{byte:03o}")),
            Self::Decimal => text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(","),
            Self::Array => text.bytes().map(|byte| format!("{byte:#x}")).collect::<Vec<_>>().join(", "),
            Self::Joined => format!("\"{}\"", wrapped(text, 12, "\" + \"")),
            Self::QuotedPrintable => wrapped(text, 60, "=\n"),
        }
    }

    /// Whether it can hold what is hidden in this way: arrays and lines are not of one token, and a literal must not be split
    /// within an escape.
    fn holds(self, inner: Self) -> bool {
        let one_token = !matches!(inner, Self::Wrapped | Self::Array | Self::Decimal | Self::Joined | Self::QuotedPrintable);
        match self {
            Self::Joined => one_token && !matches!(inner, Self::Escape | Self::Unicode | Self::Octal),
            Self::QuotedPrintable => one_token,
            _ => true,
        }
    }
}

fn hide() -> impl Strategy<Value = Hide> {
    use Hide::*;
    prop::sample::select(vec![
        Base64,
        UrlSafe,
        Wrapped,
        Gzip,
        Hex,
        Percent,
        Entities,
        Escape,
        Unicode,
        Octal,
        Decimal,
        Array,
        Joined,
        QuotedPrintable,
    ])
}

/// One to three ways, each of which can hold the one before it.
fn ways() -> impl Strategy<Value = Vec<Hide>> {
    let fit = |ways: &Vec<Hide>| ways.windows(2).all(|pair| pair[1].holds(pair[0]));
    prop::collection::vec(hide(), 1..=3).prop_filter("one cannot hold the other", fit)
}

fn has_run(text: &str) -> bool {
    let mut marks = Marks::default();
    marks.mark(&Anchors::new(&[]), text.as_bytes());
    !marks.runs.is_empty()
}

proptest! {
    #[test]
    fn a_hidden_secret_is_seen(secret in "[a-z]{3}_[A-Za-z0-9]{30,50}1a", ways in ways(), before in "[ -~\n]{0,80}") {
        let mut text = secret.clone();
        for way in &ways {
            text = way.hide(&text);
            if matches!(way, Hide::Base64 | Hide::UrlSafe | Hide::Wrapped | Hide::Gzip | Hide::Hex) {
                // Base64 and hexadecimal are seen only where there is a run.
                prop_assume!(has_run(&text));
            }
        }
        let found = all(format!("{}\n\"{text}\"\n", before.replace(['\\', '"', '\'', '='], " ")));
        prop_assert!(
            // Too short to be broken into lines, it is plain.
            text.contains(&secret) || found.iter().any(|layer| memchr::memmem::find(&layer.2, secret.as_bytes()).is_some()),
            "{ways:?} {text} {found:?}"
        );
    }

    #[test]
    fn nothing_breaks_it(text in prop::collection::vec(prop::sample::select(b"AaZz09+/=-_\\xu{}%&#;am\"'.,[]() \n\r\0\xff\xfe0x41".to_vec()), 0..2000), runs in prop::collection::vec((0..2100_usize, 0..2100_usize), 0..4), output in 0..5000_usize) {
        let limits = Limits { output, ..Limits::of(text.len()) };
        for runs in [runs, { let mut marks = Marks::default(); marks.mark(&Anchors::new(&[]), &text); marks.runs }] {
            let mut sum = 0;
            let _ = layers(&text, &runs, &limits, &mut Scratch::new(), &mut |layer| {
                sum += layer.bytes.len();
                assert!(layer.range.start < layer.range.end && layer.range.end <= text.len());
                assert!((1..=DEEPEST).contains(&layer.depth) && !layer.bytes.is_empty());
            });
            prop_assert!(sum <= output);
        }
    }

    #[test]
    fn memory_that_was_used_makes_no_difference(texts in prop::collection::vec("([A-Za-z0-9]{0,20}|%4[0-9]|\\\\x4[0-9]|\" \\+ \"|NDE0MjQzNDQ0NTQ2NDc0ODQ5){0,20}", 1..5)) {
        let mut scratch = Scratch::new();
        for text in texts {
            let mut marks = Marks::default();
            marks.mark(&Anchors::new(&[]), text.as_bytes());
            let mut found = Vec::new();
            let extent = layers(text.as_bytes(), &marks.runs, &Limits::of(text.len()), &mut scratch, &mut |layer| {
                found.push((layer.range.clone(), layer.encoding, layer.bytes.to_vec(), layer.depth));
            });
            prop_assert_eq!((found, extent), decoded(text.as_bytes(), &Limits::of(text.len())));
        }
    }
}

#[test]
fn names_differ() {
    use Encoding::*;
    let mut names = String::new();
    for encoding in [Base64, Compressed, Hex, Array, Percent, Entities, Escapes, QuotedPrintable, Utf16, Joined] {
        assert!(!names.contains(encoding.name()));
        write!(names, "{} ", encoding.name()).expect("memory takes it");
    }
}
