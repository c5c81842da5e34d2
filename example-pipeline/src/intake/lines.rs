//! Lines of a file, each held up to a bound.

use std::io::{self, BufRead};

/// The longest line held in memory, in bytes. What is longer is read past and refused as `line_too_long`.
pub const MAX_LINE_BYTES: usize = 16 * 1024;

/// What [`Lines::next_into`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A whole line, without its end.
    Line,
    /// A line over the bound; the buffer holds nothing of it.
    TooLong,
}

/// Reads lines that end with `\n` or `\r\n`; the last may end with the file.
#[derive(Debug)]
pub(super) struct Lines<R> {
    /// Where the bytes come from.
    input: R,
    /// The number of the last line read, from 1.
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, number: 0 }
    }

    /// The number of the line read last, from 1; 0 before the first.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Reads the next line into `line`; `None` at the end of the file.
    pub(super) fn next_into(&mut self, line: &mut Vec<u8>) -> io::Result<Option<Found>> {
        line.clear();
        let mut length = 0;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                return Ok((length > 0).then(|| self.end(line, length)));
            }
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let taken = end.unwrap_or(chunk.len());
            length += taken;
            if length <= MAX_LINE_BYTES {
                line.extend_from_slice(&chunk[..taken]);
            }
            self.input.consume(end.map_or(taken, |end| end + 1));
            if end.is_some() {
                return Ok(Some(self.end(line, length)));
            }
        }
    }

    /// Counts the line and takes a `\r` off its end.
    fn end(&mut self, line: &mut Vec<u8>, length: usize) -> Found {
        self.number += 1;
        if length > MAX_LINE_BYTES {
            line.clear();
            return Found::TooLong;
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Found::Line
    }
}
