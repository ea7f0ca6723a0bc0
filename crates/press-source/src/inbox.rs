//! What an inbox shows of an issue before it is opened: the subject and, behind it,
//! the preheader.

use press_model::{Code, Diagnostic, Span};

use crate::reader::Reader;

/// The longest subject that most inboxes show whole, in columns: a character of
/// Chinese takes two.
const LONGEST_SUBJECT: usize = 70;

/// How long a preheader is, in columns: a shorter one lets the first lines of the
/// email in, and the end of a longer one is not shown.
const PREHEADER: std::ops::RangeInclusive<usize> = 40..=130;

pub fn check_subject(subject: &str, span: Span, reader: &mut Reader) {
    let columns = columns(subject);
    if columns > LONGEST_SUBJECT {
        let message = format!("the subject is {columns} columns long; inboxes cut it");
        reader.report(
            Diagnostic::new(Code::Subject, message)
                .at(span)
                .help("say it in 70 columns; the preheader can say the rest"),
        );
    }
}

pub fn check_preheader(preheader: &str, subject: &str, span: Span, reader: &mut Reader) {
    let columns = columns(preheader);
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let (said, again) = (letters(subject), letters(preheader));
    let (message, help) = if !said.is_empty() && again.starts_with(&said) {
        (
            "the preheader repeats the subject".to_owned(),
            "an inbox shows it right behind the subject: say what else the issue brings",
        )
    } else if columns > 0 && !PREHEADER.contains(&columns) {
        (
            format!("the preheader is {columns} columns long"),
            "between 40 and 130 fill the line of an inbox; without the key the headlines do",
        )
    } else {
        return;
    };
    reader.report(
        Diagnostic::new(Code::Preheader, message)
            .at(span)
            .help(help),
    );
}

/// The columns of a terminal: East Asian characters take two.
fn columns(text: &str) -> usize {
    let is_wide = |c: char| {
        matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
            | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
    };
    text.chars().map(|c| 1 + usize::from(is_wide(c))).sum()
}
