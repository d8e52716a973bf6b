//! JSON with the place of everything in the text, which is what editing to the letter needs and serde_json does not tell. The
//! grammar is RFC 8259's, as strict as serde_json's; depth is bounded, and a name that stands twice in an object is an error.

use super::error::{ParseError, Reason, quoted};
use super::limits;
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    pub(super) span: Range<usize>,
    pub(super) value: Value<'a>,
}

#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    /// As written.
    Number(&'a str),
    String(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Vec<Member<'a>>),
}

/// A name and its value.
#[derive(Debug, Clone)]
pub(super) struct Member<'a> {
    pub(super) name: Cow<'a, str>,
    /// Where the name stands, with its quotes.
    pub(super) name_span: Range<usize>,
    pub(super) node: Node<'a>,
}

/// From how many names on a set tells whether one stands twice.
const MANY: usize = 16;

pub(super) fn parse(text: &str) -> Result<Node<'_>, ParseError> {
    if text.len() > limits::DOCUMENT_BYTES {
        return Err(ParseError::at("", 0, Reason::TooLong { bytes: text.len() }));
    }
    let mut reader = Reader { text, at: 0 };
    let parsed = reader.document();
    parsed.map_err(|reason| ParseError::at(text, reader.at, reason))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Node<'a>, Reason> {
        self.space();
        let node = self.value(0)?;
        self.space();
        if self.at < self.text.len() { Err(expected("the end")) } else { Ok(node) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, Reason> {
        let from = self.at;
        let value = match self.peek() {
            Some(b'{' | b'[') if depth == limits::DEPTH => return Err(Reason::TooDeep),
            Some(b'{') => Value::Object(self.object(depth + 1)?),
            Some(b'[') => Value::List(self.list(depth + 1)?),
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return Err(expected("a value")),
        };
        Ok(Node { span: from..self.at, value })
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Result<Value<'a>, Reason> {
        if !self.text[self.at..].starts_with(word) {
            return Err(expected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node<'a>>, Reason> {
        self.at += 1;
        self.space();
        let mut nodes = Vec::new();
        if self.eat(b']') {
            return Ok(nodes);
        }
        loop {
            self.space();
            nodes.push(self.value(depth)?);
            self.space();
            if self.eat(b']') {
                return Ok(nodes);
            }
            if !self.eat(b',') {
                return Err(expected("`,` or `]`"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Vec<Member<'a>>, Reason> {
        self.at += 1;
        self.space();
        let mut members: Vec<Member<'a>> = Vec::new();
        let mut names = HashSet::new();
        if self.eat(b'}') {
            return Ok(members);
        }
        loop {
            self.space();
            let from = self.at;
            if self.peek() != Some(b'"') {
                return Err(expected("a name in quotes"));
            }
            let name = self.string()?;
            let twice = if members.len() < MANY {
                members.iter().any(|member| member.name == name)
            } else {
                if names.is_empty() {
                    names.extend(members.iter().map(|member| member.name.clone()));
                }
                !names.insert(name.clone())
            };
            if twice {
                self.at = from;
                return Err(Reason::Duplicate { name: quoted(&name) });
            }
            let name_span = from..self.at;
            self.space();
            if !self.eat(b':') {
                return Err(expected("`:`"));
            }
            self.space();
            let node = self.value(depth)?;
            members.push(Member { name, name_span, node });
            self.space();
            if self.eat(b'}') {
                return Ok(members);
            }
            if !self.eat(b',') {
                return Err(expected("`,` or `}`"));
            }
        }
    }

    fn number(&mut self) -> Result<&'a str, Reason> {
        let from = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _sign = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(&self.text[from..self.at])
    }

    fn digits(&mut self) -> Result<(), Reason> {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == from { Err(expected("a digit")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Reason> {
        self.at += 1;
        let from = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Borrowed(&self.text[from..self.at - 1]));
                }
                Some(b'\\') => return self.escaped(self.text[from..self.at].to_owned()).map(Cow::Owned),
                Some(byte) if byte >= b' ' => self.at += 1,
                Some(_) => return Err(expected("an escape in the place of a control character")),
                None => return Err(expected("the string's closing quote")),
            }
        }
    }

    fn escaped(&mut self, mut string: String) -> Result<String, Reason> {
        loop {
            let from = self.at;
            while self.peek().is_some_and(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            string.push_str(&self.text[from..self.at]);
            if self.eat(b'"') {
                return Ok(string);
            }
            if !self.eat(b'\\') {
                return Err(expected("the string's closing quote, or an escape in the place of a control character"));
            }
            let escape = self.peek().ok_or(expected("an escape"))?;
            self.at += usize::from(escape.is_ascii());
            string.push(match escape {
                b'"' | b'\\' | b'/' => char::from(escape),
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => self.unicode()?,
                _ => return Err(expected("one of the escapes of JSON")),
            });
        }
    }

    fn unicode(&mut self) -> Result<char, Reason> {
        let first = self.unit()?;
        let scalar = if (0xd800..0xdc00).contains(&first) {
            if !(self.eat(b'\\') && self.eat(b'u')) {
                return Err(expected("the second half of a surrogate pair"));
            }
            let second = self.unit()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(expected("the second half of a surrogate pair"));
            }
            0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        char::from_u32(scalar).ok_or(expected("a character that is no lone surrogate"))
    }

    fn unit(&mut self) -> Result<u32, Reason> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let digits = digits.ok_or(expected("four hexadecimal digits"))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| expected("four hexadecimal digits"))
    }
}

const fn expected(expected: &'static str) -> Reason {
    Reason::Syntax { expected }
}
