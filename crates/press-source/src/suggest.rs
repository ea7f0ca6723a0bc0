//! “Did you mean …?”: the nearest of the names that would have been right.

use std::borrow::Cow;

/// The longest name that is compared or quoted whole, in characters: no slip of
/// a finger is longer.
const LONGEST: usize = 200;

/// The start of a name that is to be quoted in a message.
pub fn short_name(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(LONGEST) {
        Some((at, _)) => Cow::Owned(format!("{}…", &name[..at])),
        None => Cow::Borrowed(name),
    }
}

/// The candidate that `word` most likely stands for, if one is near enough that
/// naming it helps more than it puzzles.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let word_length = word.chars().count();
    if word_length > LONGEST {
        return None;
    }
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let other_length = other.chars().count();
            let length = word_length.max(other_length);
            // The distance takes time and room as the product of the lengths.
            if word_length.abs_diff(other_length) > (length / 3).max(1) {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&word, &other);
            (distance <= (length / 3).max(1) && distance < length).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Names in a row as people write them: “`a`, `b` and `c`”.
pub fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_enough() {
        let keys = ["title", "tagline", "language"];
        assert_eq!(nearest("tittle", keys), Some("title"));
        assert_eq!(nearest("Language", keys), Some("language"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest("", keys), None);
    }

    #[test]
    fn long_names() {
        let long = "ä".repeat(LONGEST + 1);
        let near = format!("{}a", &long[..long.len() - 2]);
        assert_eq!(nearest(&long, [near.as_str()]), None);
        assert_eq!(nearest(&long[2..], [&long[4..]]), Some(&long[4..]));
        assert_eq!(short_name(&long[2..]), &long[2..]);
        assert_eq!(short_name(&long), format!("{}…", &long[2..]));
    }
}
