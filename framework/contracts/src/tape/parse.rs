//! From bytes to a [`Tape`], by the grammar of RFC 8259 and with the numbers of `serde_json`.

use super::text::{self, Scanned};
use super::{Document, Entry, Extent, Refusal, Span, Tape, number};
use crate::UndecodableReason as Why;

/// Objects with more members than this find duplicate names by sorting instead of comparing each pair.
const PAIRWISE_MEMBERS: u32 = 32;

/// Reads one document into `tape`.
///
/// # Errors
///
/// The first thing that is wrong and its byte offset. What is refused here and not by `serde_json`: more than
/// the tape's limits of bytes and depth, and a member name that an object holds twice.
pub(crate) fn read<'t>(tape: &'t mut Tape, bytes: &'t [u8]) -> Result<Document<'t>, Refusal> {
    let depth = tape.max_depth;
    read_within(tape, bytes, depth)
}

/// The same with at most `depth` objects and arrays inside each other: for a part of a document.
pub(crate) fn read_within<'t>(
    tape: &'t mut Tape,
    bytes: &'t [u8],
    depth: usize,
) -> Result<Document<'t>, Refusal> {
    if bytes.len() > tape.max_bytes {
        return Err(Refusal { reason: Why::TooLarge, at: tape.max_bytes });
    }
    let source = std::str::from_utf8(bytes)
        .map_err(|error| Refusal { reason: Why::NotUtf8, at: error.valid_up_to() })?;
    tape.entries.clear();
    tape.resolved.clear();
    let mut parser = Parser { source, bytes, at: 0, depth_left: depth, tape };
    parser.document()?;
    Ok(Document { source, resolved: &tape.resolved, entries: &tape.entries })
}

struct Parser<'t, 'b> {
    source: &'b str,
    /// The bytes of `source`.
    bytes: &'b [u8],
    at: usize,
    depth_left: usize,
    tape: &'t mut Tape,
}

impl Parser<'_, '_> {
    fn document(&mut self) -> Result<(), Refusal> {
        self.skip_space();
        if self.at == self.bytes.len() {
            return Err(self.refuse(Why::Empty));
        }
        self.value()?;
        self.skip_space();
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.refuse(Why::TrailingData)) }
    }

    fn refuse(&self, reason: Why) -> Refusal {
        Refusal { reason, at: self.at }
    }

    /// The refusal of a byte that cannot stand here, or of the end.
    fn unexpected(&self) -> Refusal {
        self.refuse(if self.at < self.bytes.len() { Why::UnexpectedByte } else { Why::UnexpectedEnd })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<(), Refusal> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true", Entry::Bool(true)),
            Some(b'f') => self.word(b"false", Entry::Bool(false)),
            Some(b'n') => self.word(b"null", Entry::Null),
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self, word: &[u8], entry: Entry) -> Result<(), Refusal> {
        for expected in word {
            if self.peek() != Some(*expected) {
                return Err(self.unexpected());
            }
            self.at += 1;
        }
        self.tape.entries.push(entry);
        Ok(())
    }

    fn string(&mut self) -> Result<(), Refusal> {
        let start = self.at + 1;
        let entry = match text::scan(self.bytes, start)? {
            Scanned::Plain { end } => {
                self.at = end + 1;
                Entry::Plain(Span::new(start, end))
            }
            Scanned::Escaped => {
                let resolved = self.tape.resolved.len();
                self.at = text::resolve(self.source, start, &mut self.tape.resolved)? + 1;
                Entry::Resolved(Span::new(resolved, self.tape.resolved.len()))
            }
        };
        self.tape.entries.push(entry);
        Ok(())
    }

    fn number(&mut self) -> Result<(), Refusal> {
        let (entry, end) = number::read(self.source, self.at)?;
        self.at = end;
        self.tape.entries.push(entry);
        Ok(())
    }

    /// Opens a container: one level less is left, and its entry is filled in by [`Self::leave`].
    fn enter(&mut self) -> Result<usize, Refusal> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or_else(|| self.refuse(Why::TooDeep))?;
        self.at += 1;
        let index = self.tape.entries.len();
        self.tape.entries.push(Entry::Null);
        self.skip_space();
        Ok(index)
    }

    fn leave(&mut self, index: usize, count: u32, wrap: fn(Extent) -> Entry) {
        self.at += 1;
        self.depth_left += 1;
        let end = self.tape.entries.len() as u32;
        self.tape.entries[index] = wrap(Extent { count, end });
    }

    fn array(&mut self) -> Result<(), Refusal> {
        let index = self.enter()?;
        let mut count = 0;
        if self.peek() != Some(b']') {
            loop {
                self.value()?;
                count += 1;
                if !self.more(b']')? {
                    break;
                }
            }
        }
        self.leave(index, count, Entry::Array);
        Ok(())
    }

    fn object(&mut self) -> Result<(), Refusal> {
        let index = self.enter()?;
        let mut count = 0;
        // One bit for each name seen: a name whose bit is free cannot be a duplicate.
        let mut seen = 0u64;
        if self.peek() != Some(b'}') {
            loop {
                self.member(index, count, &mut seen)?;
                count += 1;
                if !self.more(b'}')? {
                    break;
                }
            }
        }
        self.leave(index, count, Entry::Object);
        if count > PAIRWISE_MEMBERS { self.refuse_duplicates(index, count) } else { Ok(()) }
    }

    /// Steps over a comma (true) or stands at `close` (false).
    fn more(&mut self, close: u8) -> Result<bool, Refusal> {
        self.skip_space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.skip_space();
                Ok(true)
            }
            Some(byte) if byte == close => Ok(false),
            _ => Err(self.unexpected()),
        }
    }

    fn member(&mut self, object: usize, before: u32, seen: &mut u64) -> Result<(), Refusal> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let name_at = self.at;
        let name = self.tape.entries.len() as u32;
        self.string()?;
        if before < PAIRWISE_MEMBERS {
            let bit = text::fingerprint(self.document_so_far().text(name).unwrap_or_default());
            if *seen & bit != 0 && self.holds_name(object, before, name) {
                return Err(Refusal { reason: Why::DuplicateMember, at: name_at });
            }
            *seen |= bit;
        }
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected());
        }
        self.at += 1;
        self.skip_space();
        self.value()
    }

    /// Whether one of the first `count` members of the object at `object` has the name at `name`.
    fn holds_name(&self, object: usize, count: u32, name: u32) -> bool {
        let document = self.document_so_far();
        let wanted = document.text(name);
        let mut at = object as u32 + 1;
        for _ in 0..count {
            if document.text(at) == wanted {
                return true;
            }
            at = document.after(at + 1);
        }
        false
    }

    /// The same for a wide object, once it is complete: sorts its names.
    #[cold]
    fn refuse_duplicates(&mut self, object: usize, count: u32) -> Result<(), Refusal> {
        let mut names = std::mem::take(&mut self.tape.names);
        names.clear();
        let document = self.document_so_far();
        let mut at = object as u32 + 1;
        for _ in 0..count {
            names.push(at);
            at = document.after(at + 1);
        }
        names.sort_unstable_by_key(|name| document.text(*name));
        let twice = names.windows(2).any(|pair| document.text(pair[0]) == document.text(pair[1]));
        self.tape.names = names;
        if twice { Err(self.refuse(Why::DuplicateMember)) } else { Ok(()) }
    }

    fn document_so_far(&self) -> Document<'_> {
        Document { source: self.source, resolved: &self.tape.resolved, entries: &self.tape.entries }
    }
}
