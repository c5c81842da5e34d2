//! JSON Pointers, and how they are written into a `$ref`.

/// The pointer to a member of what `pointer` leads to.
pub(super) fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A pointer as it is written in a URI: `%20` for a blank.
pub(super) fn encoded(pointer: &str) -> String {
    let as_it_is = |byte: u8| byte.is_ascii_alphanumeric() || b"/~-._!$&'()*+,;=:@".contains(&byte);
    let written =
        |byte: u8| if as_it_is(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    pointer.bytes().map(written).collect()
}

/// The pointer that is written in a URI so. What is no code stays as it is.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{child, decoded, encoded};

    #[test]
    fn names_come_through_a_uri_as_they_are() {
        let pointer = child(&child("", "a/b ~c"), "d%e\u{e4}");
        assert_eq!(pointer, "/a~1b ~0c/d%e\u{e4}");
        assert_eq!(encoded(&pointer), "/a~1b%20~0c/d%25e%C3%A4");
        assert_eq!(decoded(&encoded(&pointer)), pointer);
        assert_eq!(decoded("/100%"), "/100%");
    }
}
