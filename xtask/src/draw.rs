//! Draws diagnostics for people, as rustc does, and lists them for programs.

use std::collections::BTreeMap;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use press_model::{Diagnostic, FileId, Label, Severity, Sources};
use serde_json::{Value, json};

/// Labels further apart than this many lines are drawn apart.
const NEAR: usize = 12;

/// Of one kind of fault in one file, at most so many are drawn.
const MOST_ALIKE: usize = 25;

/// A line of more bytes is named and not shown.
const LONG_LINE: usize = 4_000;

/// Every diagnostic as text, errors last, where the eye ends up.
pub fn draw(diagnostics: &[Diagnostic], sources: &Sources, colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(120);
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.severity());
    let mut alike: BTreeMap<_, usize> = BTreeMap::new();
    let mut text = String::new();
    for diagnostic in sorted {
        let file = diagnostic.labels.first().map(|label| label.span.file);
        let count = alike.entry((diagnostic.code, file)).or_default();
        *count += 1;
        if *count <= MOST_ALIKE {
            text.push_str(&draw_one(diagnostic, sources, &renderer));
            text.push_str("\n\n");
        }
    }
    for ((code, file), count) in alike {
        if count > MOST_ALIKE {
            let more = count - MOST_ALIKE;
            let file = file.and_then(|file| sources.get(file));
            let file = file.map_or("", |file| file.path.as_str());
            text.push_str(&format!("... and {more} more of {code} in {file}\n\n"));
        }
    }
    text
}

/// How many of each there are: `2 errors, 1 warning`.
pub fn count(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|d| d.is_error()).count();
    let warnings = diagnostics.len() - errors;
    match (plural(errors, "error"), plural(warnings, "warning")) {
        (None, None) => "no faults".to_owned(),
        (Some(one), None) | (None, Some(one)) => one,
        (Some(errors), Some(warnings)) => format!("{errors}, {warnings}"),
    }
}

/// A diagnostic for programs. Line and column count from 1; they are null where
/// the fault has no place in a file.
pub fn json(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let label = diagnostic.labels.first();
    let place = label.and_then(|label| sources.line_column(label.span));
    json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity(),
        "message": diagnostic.message,
        "file": label.and_then(|label| sources.get(label.span.file)).map(|file| &file.path),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "help": diagnostic.help,
    })
}

fn plural(count: usize, word: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{count} {word}s")),
    }
}

fn draw_one(diagnostic: &Diagnostic, sources: &Sources, renderer: &Renderer) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(printable(&diagnostic.message))
        .id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    for cut in cuts(&diagnostic.labels, sources) {
        match cut {
            Cut::Empty(path) => group = group.element(Origin::path(path)),
            Cut::Place { path, line, column } => {
                group = group.element(Origin::path(path).line(line).char_column(column));
            }
            Cut::Lines {
                path,
                line,
                text,
                labels,
            } => {
                let mut snippet = Snippet::source(text).path(path).line_start(line);
                for (kind, range, message) in labels {
                    snippet = snippet.annotation(kind.span(range).label(message));
                }
                group = group.element(snippet);
            }
        }
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    renderer.render(&[group])
}

/// A stretch of one file that is drawn.
enum Cut {
    /// A file without text.
    Empty(String),
    /// A line that is too long to be shown.
    Place {
        path: String,
        line: usize,
        column: usize,
    },
    Lines {
        path: String,
        line: usize,
        text: String,
        labels: Vec<(AnnotationKind, std::ops::Range<usize>, String)>,
    },
}

/// The stretches that the labels point at, each with whole lines: only these are
/// handed on, since a manuscript may be long.
fn cuts(labels: &[Label], sources: &Sources) -> Vec<Cut> {
    let mut cuts: Vec<(FileId, Cut)> = Vec::new();
    for (index, label) in labels.iter().enumerate() {
        let Some(file) = sources.get(label.span.file) else {
            continue;
        };
        let kind = if index == 0 {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        if file.text.is_empty() {
            cuts.push((label.span.file, Cut::Empty(file.path.clone())));
            continue;
        }
        let (start, end) = one_line(
            &file.text,
            label.span.start as usize,
            label.span.end as usize,
        );
        let line_start = file.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = file.text[..line_start].matches('\n').count() + 1;
        let line_end = file.text[end..]
            .find('\n')
            .map_or(file.text.len(), |at| end + at);
        if line_end - line_start > LONG_LINE {
            let place = Cut::Place {
                path: file.path.clone(),
                line,
                column: file.text[line_start..start].chars().count() + 1,
            };
            cuts.push((label.span.file, place));
            continue;
        }
        let message = printable(&label.message);
        // A later label joins the stretch before it where that is near.
        if let Some((
            id,
            Cut::Lines {
                line: first,
                text,
                labels,
                ..
            },
        )) = cuts.last_mut()
            && *id == label.span.file
            && line >= *first
            && line - *first <= NEAR
        {
            let offset = nth_line(&file.text, *first);
            if line_end - offset > text.len() {
                *text = file.text[offset..line_end].to_owned();
            }
            labels.push((kind, start - offset..end - offset, message));
            continue;
        }
        cuts.push((
            label.span.file,
            Cut::Lines {
                path: file.path.clone(),
                line,
                text: file.text[line_start..line_end].to_owned(),
                labels: vec![(kind, start - line_start..end - line_start, message)],
            },
        ));
    }
    for (_, cut) in &mut cuts {
        if let Cut::Lines { text, .. } = cut {
            *text = same_length(text);
        }
    }
    cuts.into_iter().map(|(_, cut)| cut).collect()
}

/// The part of a span that stands on its first line, on character boundaries.
fn one_line(text: &str, start: usize, end: usize) -> (usize, usize) {
    let mut start = start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    if start == 0 && text.starts_with('\u{feff}') {
        start = '\u{feff}'.len_utf8();
    }
    let line_end = text[start..]
        .find(['\n', '\r'])
        .map_or(text.len(), |at| start + at);
    let mut end = end.clamp(start, line_end);
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (start, end)
}

/// Where a line begins, counted from 1.
fn nth_line(text: &str, line: usize) -> usize {
    text.split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum()
}

/// The text without characters that a terminal would obey, each replaced by
/// others of the same length in bytes, so that ranges still hold.
fn same_length(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c.to_string(),
            c if c.is_control() || is_bidi_control(c) => " ".repeat(c.len_utf8()),
            '\u{feff}' => " ".repeat(3),
            c => c.to_string(),
        })
        .collect()
}

/// A message on one line, without characters that a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() || is_bidi_control(c) {
                ' '
            } else {
                c
            }
        })
        .collect()
}

/// Controls that reorder the text around them (Unicode UAX #9 §2).
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use press_model::{Code, Span};

    fn drawn(text: &str, labels: &[(u32, u32, &str)]) -> String {
        let mut sources = Sources::default();
        let file = sources.add("2024-11/a.md".into(), text.into());
        let mut diagnostic = Diagnostic::new(Code::MissingAltText, "no words").help("write some");
        for (start, end, message) in labels {
            diagnostic = diagnostic.label(
                Span {
                    file,
                    start: *start,
                    end: *end,
                },
                *message,
            );
        }
        draw(&[diagnostic], &sources, false)
    }

    #[test]
    fn the_place_is_shown() {
        assert_eq!(
            drawn("one\n![](x.png) two\n", &[(4, 14, "here")]),
            "\
error[missing-alt-text]: no words
 --> 2024-11/a.md:2:1
  |
2 | ![](x.png) two
  | ^^^^^^^^^^ here
  |
  = help: write some

"
        );
    }

    #[test]
    fn a_long_line_is_named_and_not_shown() {
        let text = format!("one\n{}![](x.png)\n", "word ".repeat(2_000));
        let drawn = drawn(&text, &[(10_004, 10_010, "")]);
        assert!(drawn.contains("--> 2024-11/a.md:2:10001\n"), "{drawn}");
        assert!(drawn.len() < 200, "{drawn}");
    }

    #[test]
    fn many_faults_of_a_kind_are_counted() {
        let mut sources = Sources::default();
        let file = sources.add("a.md".into(), "text".into());
        let span = Span {
            file,
            start: 0,
            end: 4,
        };
        let fault = Diagnostic::new(Code::LinkTitle, "a title").at(span);
        let drawn = draw(&vec![fault; 1_000], &sources, false);
        assert_eq!(drawn.matches("warning[").count(), MOST_ALIKE);
        assert!(
            drawn.contains("... and 975 more of link-title in a.md"),
            "{drawn}"
        );
    }

    #[test]
    fn no_place_breaks_it() {
        let text = "\u{feff}ü\r\n\u{1b}[31mred\u{202e}\r\n";
        for start in 0..30 {
            for end in start..30 {
                let shown = drawn(text, &[(start, end, "a"), (end, end, "b")]);
                assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r']), "{shown}");
            }
        }
        drawn("", &[(0, 0, "")]);
    }
}
