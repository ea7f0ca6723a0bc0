//! “Did you mean …?”: the nearest of the names that would have been right.

/// The candidate that `word` most likely stands for, if one is near enough that
/// naming it helps more than it puzzles.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let distance = strsim::damerau_levenshtein(&word, &other);
            let length = word.chars().count().max(other.chars().count());
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
}
