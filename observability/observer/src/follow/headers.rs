//! Headers of a record, as far as they are text and within bounds.

use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};

use super::foreign::foreign;

/// The headers of one record that are read; further ones are passed over.
pub const MAX_HEADERS: usize = 256;

/// A longer value is passed over, in bytes: the longest of ours are the violations of a dead letter, 4 KiB.
pub const MAX_HEADER_BYTES: usize = 8 * 1024;

/// The headers of `message` in their order. One whose name or value is no UTF-8, or whose value is too long, is left
/// out.
pub(super) fn read<'m>(message: &'m BorrowedMessage<'_>) -> Vec<(&'m str, &'m str)> {
    let Some(headers) = message.headers() else { return Vec::new() };
    let count = headers.count().min(MAX_HEADERS);
    let mut read = Vec::with_capacity(count);
    let mut index = 0;
    while index < count {
        // The rest in one go, up to a name that cannot be read.
        let rest = foreign(|| {
            while index < count {
                if let Some(header) = headers.try_get(index) {
                    read.extend(entry(header.key, header.value));
                }
                index += 1;
            }
        });
        if rest.is_none() {
            index += 1;
        }
    }
    read
}

fn entry<'m>(name: &'m str, value: Option<&'m [u8]>) -> Option<(&'m str, &'m str)> {
    let value = value?;
    if value.len() > MAX_HEADER_BYTES {
        return None;
    }
    Some((name, std::str::from_utf8(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_or_too_long_is_left_out() {
        assert_eq!(entry("a", Some(b"b")), Some(("a", "b")));
        assert_eq!(entry("a", None), None);
        assert_eq!(entry("a", Some(&[0xff])), None);
        assert_eq!(
            entry("a", Some(&[b'x'; MAX_HEADER_BYTES])).map(|(_, value)| value.len()),
            Some(MAX_HEADER_BYTES)
        );
        assert_eq!(entry("a", Some(&[b'x'; MAX_HEADER_BYTES + 1])), None);
    }
}
