//! The name that was probably meant.

/// A name further away than this many letters is no suggestion.
const MAX_DISTANCE: usize = 3;

/// The one of `names` nearest to `typed`, if it is near enough to have been meant.
pub(super) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (distance(typed, name), name))
        .filter(|(distance, _)| *distance <= MAX_DISTANCE)
        .min()
        .map(|(_, name)| name)
}

/// How many letters must be put in, taken out or changed to make one of the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn suggests_only_what_is_near() {
        let names = || ["NAMESPACE", "LOG", "LOG_FORMAT"].into_iter();
        assert_eq!(nearest("NAMESPCE", names()), Some("NAMESPACE"));
        assert_eq!(nearest("LOGFORMAT", names()), Some("LOG_FORMAT"));
        assert_eq!(nearest("SOMETHING_ELSE", names()), None);
    }
}
