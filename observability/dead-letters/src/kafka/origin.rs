//! The record that a dead letter was made of, fetched again from where it first lay.

use sha2::{Digest, Sha256};

use super::{Connection, End, Log, Ranges, Topics};
use crate::error::Error;
use crate::letter::{DeadLetter, Place};
use crate::record::Record;
use crate::refusal::Refusal;

/// Fetches original records.
#[derive(Debug)]
pub(crate) struct Origins<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) topics: &'c Topics,
}

impl Origins<'_> {
    /// The record whose value `letter` left out, if it is still there and still the same.
    pub(crate) fn fetch(&self, letter: &DeadLetter) -> Result<Result<Record, Refusal>, Error> {
        let Some(place) = &letter.origin else {
            return Ok(Err(Refusal::ValueGone("the dead letter does not say where".to_owned())));
        };
        let Some(record) = self.at(place)? else {
            return Ok(Err(Refusal::ValueGone(format!("{place} is not there any more"))));
        };
        let sha256 = hex(&record);
        let same = letter.omitted.as_ref().and_then(|omitted| omitted.sha256.as_deref());
        if same.is_some_and(|said| said.eq_ignore_ascii_case(&sha256)) {
            Ok(Ok(record))
        } else {
            Ok(Err(Refusal::ValueDiffers(place.to_string())))
        }
    }

    fn at(&self, place: &Place) -> Result<Option<Record>, Error> {
        let ends = self.topics.ends(&place.topic, End::Stable)?;
        let Some(&(start, end)) = ends.get(&place.partition) else { return Ok(None) };
        if place.offset < start || place.offset >= end {
            return Ok(None);
        }
        let range = Ranges::from([(place.partition, (place.offset, place.offset + 1))]);
        let mut log = Log::ranges(self.connection, &place.topic, &range)?;
        Ok(log.next()?.filter(|record| record.offset == place.offset))
    }
}

fn hex(record: &Record) -> String {
    sha256(record.value.as_deref().unwrap_or_default())
}

/// The SHA-256 of `bytes` in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a `String` cannot fail.
        let _ignored = write!(hex, "{byte:02x}");
        hex
    })
}
