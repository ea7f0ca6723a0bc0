//! What the report comes to, in one sentence.

use crate::report::{Fidelity, Report, Status};

/// What the fidelity of the editions comes to: whether every sentence of the
/// issue reached every edition.
pub fn summary(report: &Report) -> String {
    let fidelity = &report.fidelity;
    if fidelity.columns.is_empty() || fidelity.groups.is_empty() {
        return "No edition was read back, so nothing is proved.".to_owned();
    }
    // What stands around the articles, such as an email's subject, is left out of
    // some edition always.
    let articles = || fidelity.groups.iter().filter(|group| group.is_article);
    let lost = fidelity.rows().filter(|row| row.worst() == Status::Lost);
    let lost = lost.count();
    let left_out = articles().flat_map(|group| &group.rows);
    let left_out = left_out
        .filter(|row| row.worst() == Status::LeftOut)
        .count();
    if lost > 0 {
        let are = if lost == 1 { "is" } else { "are" };
        return format!(
            "{} {are} lost: {}.",
            counted(lost, "piece", "pieces"),
            list(&losses(fidelity))
        );
    }
    let whole = match articles().count() {
        0 => "the issue".to_owned(),
        count => counted(count, "article", "articles"),
    };
    let editions = list(&editions(fidelity));
    match left_out {
        0 => format!("Every sentence of {whole} reached {editions}."),
        _ => format!(
            "Nothing of {whole} is lost in {editions}; {} left out of one or another on purpose.",
            match left_out {
                1 => "1 piece is".to_owned(),
                _ => format!("{} are", counted(left_out, "piece", "pieces")),
            }
        ),
    }
}

/// How much is lost from what: `2 from the PDF`.
fn losses(fidelity: &Fidelity) -> Vec<String> {
    let columns = fidelity.columns.iter().enumerate();
    columns
        .filter_map(|(column, name)| {
            let cells = fidelity.rows().filter_map(|row| row.cells.get(column));
            let lost = cells.filter(|cell| cell.status == Status::Lost).count();
            (lost > 0).then(|| format!("{} from {}", number(lost as u64), in_words(name)))
        })
        .collect()
}

/// What was read back, each edition once: `the PDF`, `the email`.
fn editions(fidelity: &Fidelity) -> Vec<String> {
    let mut names = Vec::new();
    for column in &fidelity.columns {
        let edition = column.split_once(", ").map_or(&**column, |(name, _)| name);
        let name = in_words(edition);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The name of a column as it stands in a sentence: `the PDF`, `the text of the
/// email` for `Email, text`.
pub(crate) fn in_words(column: &str) -> String {
    match column.split_once(", ") {
        Some((edition, part)) => format!("the {part} of {}", in_words(edition)),
        None => format!("the {}", uncapitalised(column)),
    }
}

/// The first letter small, unless the word is an abbreviation.
fn uncapitalised(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) if chars.clone().next().is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => word.to_owned(),
    }
}

/// `one, two and three`.
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `1 piece`, `1,204 pieces`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{} {many}", number(count as u64)),
    }
}

/// A number with its thousands parted: `1,204`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A size as people read it, in units of a thousand: `412 kB`.
pub(crate) fn size(bytes: u64) -> String {
    let tenths = |unit: u64| (bytes * 10 + unit / 2) / unit;
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..999_500 => format!("{} kB", (bytes + 500) / 1_000),
        _ => {
            let tenths = tenths(1_000_000);
            format!("{}.{} MB", number(tenths / 10), tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_sentence() {
        assert_eq!(in_words("PDF"), "the PDF");
        assert_eq!(in_words("Email, text"), "the text of the email");
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }

    #[test]
    fn numbers_and_sizes() {
        let numbers = [0, 999, 1_000, 1_234_567].map(number);
        assert_eq!(numbers, ["0", "999", "1,000", "1,234,567"]);
        let sizes = [0, 999, 1_499, 999_499, 999_500, 12_340_000].map(size);
        assert_eq!(
            sizes,
            [
                "0 bytes",
                "999 bytes",
                "1 kB",
                "999 kB",
                "1.0 MB",
                "12.3 MB"
            ]
        );
    }
}
