//! JSON as it is written in events, read without `serde_json`, and quicker: nothing is told of what is wrong.
//!
//! What is read here is read as `serde_json` reads it. Whatever is rare or wrong is [`Unsure`], without a word why: the slow
//! way reads it again, and its words are the ones told.

mod name;
mod names;
mod number;
mod value;

use std::fmt;

use serde::de;

use crate::MAX_DEPTH;
use crate::program::is_same;
use crate::tape::{Scanned, resolve, scan};

/// What is read is not what this reader takes, or not what its type takes.
#[derive(Debug)]
pub(super) struct Unsure;

impl fmt::Display for Unsure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("serde_json has to read it again")
    }
}

impl std::error::Error for Unsure {}

impl de::Error for Unsure {
    #[cold]
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A text, read value by value.
pub(super) struct Json<'de> {
    text: &'de str,
    /// The byte that is looked at next.
    at: usize,
    /// How many more objects and arrays may stand inside each other here.
    depth_left: usize,
    /// What the last text with escapes means.
    resolved: String,
}

/// What stands between quotes.
enum Quoted<'de, 'j> {
    AsItStands(&'de str),
    Resolved(&'j str),
}

impl<'de> Json<'de> {
    /// A reader of one value and no more than that.
    pub(super) fn new(text: &'de str) -> Self {
        Self { text, at: 0, depth_left: MAX_DEPTH, resolved: String::new() }
    }

    /// Whether all was read, and nothing of it was unsure.
    pub(super) fn end(&mut self) -> Result<(), Unsure> {
        let read = self.at > 0 && self.next().is_none() && self.at == self.text.len();
        if read { Ok(()) } else { Err(Unsure) }
    }

    /// Ends the reading for good: a type may make something of an error, and go on.
    #[cold]
    fn unsure<T>(&mut self) -> Result<T, Unsure> {
        self.at = usize::MAX;
        Err(Unsure)
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no space.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        match self.byte() {
            Some(byte) if byte > b' ' => Some(byte),
            _ => self.after_space(),
        }
    }

    #[inline(never)]
    fn after_space(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    /// Steps over `byte`, and the space before it.
    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), Unsure> {
        if self.next() != Some(byte) {
            return self.unsure();
        }
        self.at += 1;
        Ok(())
    }

    /// Steps over `true`, `false` or `null`.
    #[inline]
    fn word(&mut self, word: &str) -> Result<(), Unsure> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return self.unsure();
        }
        self.at += word.len();
        Ok(())
    }

    /// Reads what stands between quotes; the first is the next byte.
    #[expect(clippy::inline_always, reason = "measured: called, it makes the pass slower by a twentieth")]
    #[inline(always)]
    fn quoted(&mut self) -> Result<Quoted<'de, '_>, Unsure> {
        self.expect(b'"')?;
        match scan(self.text.as_bytes(), self.at) {
            Ok(Scanned::Plain { end }) => {
                // Both ends stand beside a quote, so the range is on character boundaries.
                let text = self.text.get(self.at..end).unwrap_or_default();
                self.at = end + 1;
                Ok(Quoted::AsItStands(text))
            }
            Ok(Scanned::Escaped) => self.escaped(),
            Err(_) => self.unsure(),
        }
    }

    /// Steps over the name of a member, behind a comma where there must be one, if just these come next, and a colon.
    #[inline]
    fn skip_name(&mut self, comma: bool, name: &str) -> bool {
        // Where reading has ended, the place is none that can be reached.
        let start = self.at.saturating_add(usize::from(comma));
        let end = start.saturating_add(name.len() + 3);
        let bytes = self.text.as_bytes();
        let Some([b'"', next @ .., b'"', b':']) = bytes.get(start..end) else { return false };
        let is_it = (!comma || bytes.get(self.at) == Some(&b',')) && is_same(next, name.as_bytes());
        if is_it {
            self.at = end - 1;
        }
        is_it
    }

    #[inline(never)]
    fn escaped(&mut self) -> Result<Quoted<'de, '_>, Unsure> {
        self.resolved.clear();
        let Ok(end) = resolve(self.text, self.at, &mut self.resolved) else { return self.unsure() };
        self.at = end + 1;
        Ok(Quoted::Resolved(&self.resolved))
    }
}
