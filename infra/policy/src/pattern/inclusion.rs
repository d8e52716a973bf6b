//! Inclusion and intersection of globs, each in time proportional to the product of the lengths.
//!
//! **Inclusion.** Let `z` be a letter that neither glob names. A text of the inner glob with `z` in the places of its wildcards
//! is the hardest of its kind: only wildcards of the outer glob take a `z`, and they would take any letter in its place. So the
//! outer covers the inner exactly if it matches the inner's letters with `z` for each `?` and `zᵏ` for each `*`, for every `k`.
//! While the outer matches such a text, the best that it can have reached is its furthest `*`, with places inside the segment
//! that follows (up to the next `*`). Segments begin with a literal, since runs of wildcards are kept as `??*`. Two facts make
//! the choice of each `k` plain:
//! - as long as no place stands in the `?` that end a segment, a long run of `z` undoes all places and gains the outer nothing:
//!   the worst `k` is infinite, and leaves the furthest `*` alone;
//! - once a place stands there, with `r` of those `?` left, the next `*` is reached after any `r` letters, and all other places are
//!   worth less: the worst `k` is 0, since each letter only helps.
//!
//! A variable of the inner glob is a letter that only the same variable, or a `*`, of the outer takes, and may be empty.
//!
//! **Intersection.** Two globs that both have a `*` overlap exactly if what stands before their first and after their last `*` can
//! agree: all that lies between can be written one after the other. Where one has none, the other is matched to it.

use super::glob::{Glob, MOST_STEPS, Token};

pub(super) fn covers(outer: &Glob, inner: &Glob) -> bool {
    if too_long(outer, inner) {
        return outer == inner;
    }
    // What stands before the outer's first wildcard must stand there in the inner.
    let literal = outer.tokens.iter().take_while(|token| matches!(token, Token::Char(_))).count();
    if inner.tokens.get(..literal) != Some(&outer.tokens[..literal]) {
        return false;
    }
    match &outer.tokens[literal..] {
        [] => return inner.tokens.len() == literal,
        [Token::Many] => return true,
        _ => {}
    }
    let mut walk = Walk::new(outer);
    inner.tokens.iter().all(|token| {
        match *token {
            Token::Char(letter) => walk.letter(|wanted| wanted == Token::One || wanted == Token::Char(letter)),
            Token::One => walk.letter(|wanted| wanted == Token::One),
            Token::Many => walk.run(),
            Token::Variable(number) => {
                let variable = inner.variable(number);
                walk.variable(|wanted| matches!(wanted, Token::Variable(own) if outer.variable(own) == variable));
            }
        }
        !walk.lost()
    }) && walk.ends()
}

/// How far the outer glob has surely got.
struct Walk<'a> {
    /// The outer glob's segments: what stands before, between and after its `*`.
    segments: Vec<&'a [Token]>,
    /// Which of the segments is being matched: of number `n`, the `n`th `*` has been reached.
    segment: usize,
    /// The places in the segment, each as the number of its tokens that are matched, ascending. Where a `*` stands before the
    /// segment it may also begin at the next letter.
    places: Vec<usize>,
    /// How many letters are needed to reach the next `*`, where that is all that is needed.
    letters_left: Option<usize>,
}

impl<'a> Walk<'a> {
    fn new(outer: &'a Glob) -> Self {
        let segments: Vec<_> = outer.tokens.split(|token| *token == Token::Many).collect();
        let mut walk = Self { segments, segment: 0, places: vec![0], letters_left: None };
        walk.settle();
        walk
    }

    fn is_last(&self) -> bool {
        self.segment + 1 == self.segments.len()
    }

    fn lost(&self) -> bool {
        self.segment == 0 && self.places.is_empty() && self.letters_left.is_none()
    }

    fn letter(&mut self, takes: impl Fn(Token) -> bool) {
        if let Some(left) = &mut self.letters_left {
            *left -= 1;
        } else {
            self.step(takes);
        }
        self.settle();
    }

    /// A `*` of the inner glob: any number of letters that only wildcards take.
    fn run(&mut self) {
        if self.letters_left.is_none() {
            self.places.clear();
        }
    }

    fn variable(&mut self, takes: impl Fn(Token) -> bool) {
        if self.letters_left.is_none() {
            self.step(takes);
            self.settle();
        }
    }

    fn step(&mut self, takes: impl Fn(Token) -> bool) {
        let segment = self.segments[self.segment];
        if self.segment > 0 {
            self.places.push(0);
        }
        self.places.retain_mut(|place| {
            let goes_on = segment.get(*place).is_some_and(|token| takes(*token));
            *place += 1;
            goes_on
        });
    }

    /// Sees whether the next `*` is reached, or needs nothing but letters.
    fn settle(&mut self) {
        while !self.is_last() {
            let segment = self.segments[self.segment];
            let tail = segment.iter().rev().take_while(|token| **token == Token::One).count();
            if self.letters_left.is_none() && self.places.iter().chain(self.begins()).any(|place| *place + tail >= segment.len()) {
                self.letters_left = Some(tail);
                self.places.clear();
            }
            if self.letters_left != Some(0) {
                return;
            }
            self.letters_left = None;
            self.segment += 1;
        }
    }

    /// The place that is always there after a `*`.
    fn begins(&self) -> Option<&'static usize> {
        (self.segment > 0).then_some(&0)
    }

    /// Whether the outer glob matches what it has been given, as a whole.
    fn ends(&self) -> bool {
        let segment = self.segments[self.segment];
        self.is_last() && (self.places.contains(&segment.len()) || self.segment > 0 && segment.is_empty())
    }
}

pub(super) fn overlaps(one: &Glob, other: &Glob) -> bool {
    if too_long(one, other) {
        return true;
    }
    match (one.tokens.iter().any(is_run), other.tokens.iter().any(is_run)) {
        (true, true) => agree(one.tokens.iter(), other.tokens.iter()) && agree(one.tokens.iter().rev(), other.tokens.iter().rev()),
        (true, false) => fits(&one.tokens, &other.tokens),
        (false, _) => fits(&other.tokens, &one.tokens),
    }
}

fn too_long(one: &Glob, other: &Glob) -> bool {
    one.tokens.len().saturating_mul(other.tokens.len()) > MOST_STEPS
}

fn is_run(token: &Token) -> bool {
    matches!(token, Token::Many | Token::Variable(_))
}

fn agree<'a>(one: impl Iterator<Item = &'a Token>, other: impl Iterator<Item = &'a Token>) -> bool {
    one.zip(other).take_while(|(one, other)| !is_run(one) && !is_run(other)).all(|(one, other)| meet(*one, *other))
}

fn meet(one: Token, other: Token) -> bool {
    one == other || one == Token::One || other == Token::One
}

/// Whether the glob matches some text of the letters and `?`.
fn fits(glob: &[Token], letters: &[Token]) -> bool {
    let (mut token, mut at, mut last) = (0, 0, None);
    while at < letters.len() {
        match glob.get(token) {
            Some(wanted) if is_run(wanted) => {
                token += 1;
                last = Some((token, at));
            }
            Some(wanted) if meet(*wanted, letters[at]) => (token, at) = (token + 1, at + 1),
            _ => {
                let Some((resume, from)) = &mut last else { return false };
                *from += 1;
                (token, at) = (*resume, *from);
            }
        }
    }
    glob[token..].iter().all(is_run)
}
