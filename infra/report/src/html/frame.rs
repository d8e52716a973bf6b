//! The frame of every page: style and script stand in it, and a content security policy lets nothing but these two run or load, by
//! their hashes. What stands between [`Frame::open`] and [`Frame::close`] is the page's own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, PreEscaped, html as markup};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("report.css");

/// A page's title, style and script.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The title of the window.
    pub title: &'a str,
    /// What the page adds to the style that all have.
    pub style: &'a str,
    /// Its script, without which the page can be read as well.
    pub script: &'a str,
}

impl Frame<'_> {
    /// All up to the begin of the body.
    #[must_use]
    pub fn open(&self) -> String {
        let style = format!("{STYLE}{}", self.style);
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
            hash(&style),
            hash(self.script)
        );
        let head = markup! {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                title { (self.title) }
                style { (PreEscaped(style)) }
            }
        };
        format!("{}<html lang=\"en\">{}<body>", markup! { (DOCTYPE) }.into_string(), head.into_string())
    }

    /// All from the end of the body.
    #[must_use]
    pub fn close(&self) -> String {
        format!("{}</body></html>\n", markup! { script { (PreEscaped(self.script)) } }.into_string())
    }
}
