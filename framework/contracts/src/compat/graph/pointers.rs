//! The JSON Pointers that are kept of a document: names may be long and nest, so that they come to more than it.

use super::read::{ReadError, error};

/// How many bytes the JSON Pointers of a document's schemas may come to: each schema keeps its own.
const MAX_POINTER_BYTES: usize = 32 * 1024 * 1024;

/// What is said of one whose pointers come to more.
const TOO_LONG_NAMES: &str = "names are too long, and nest too deep: shorten them";

/// How much of a pointer is said, in characters, where names are too long.
const SAID_OF_LONG: usize = 200;

/// How many bytes the pointers come to that are kept so far.
#[derive(Debug, Default)]
pub(in crate::compat) struct KeptPointers {
    bytes: usize,
}

impl KeptPointers {
    /// Counts one more, before it is kept.
    pub(in crate::compat) fn count(&mut self, pointer: &str) -> Result<(), ReadError> {
        self.bytes += pointer.len();
        if self.bytes > MAX_POINTER_BYTES {
            return Err(error(pointer.chars().take(SAID_OF_LONG).collect(), TOO_LONG_NAMES));
        }
        Ok(())
    }
}

/// The pointer of what is called `name` there, with no room to spare: as many are held as schemas wait to be read.
pub(super) fn inside(pointer: &str, name: &str) -> String {
    [pointer, "/", name].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_kept_up_to_the_bound_and_no_further() {
        let mut kept = KeptPointers::default();
        let pointer = "n".repeat(MAX_POINTER_BYTES / 2);
        assert_eq!(kept.count(&pointer), Ok(()));
        assert_eq!(kept.count(&pointer), Ok(()));
        let refused = kept.count("/n").unwrap_err();
        assert_eq!((&*refused.pointer, &*refused.problem), ("/n", TOO_LONG_NAMES));
        let refused = kept.count(&pointer).unwrap_err();
        assert_eq!(refused.pointer.len(), SAID_OF_LONG);
    }
}
