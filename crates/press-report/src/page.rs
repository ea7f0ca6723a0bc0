//! The page: what the templates get, in the words and the order of a reader.
//!
//! The templates print text and escape it. What they print without escaping is
//! made here alone: the colours and fonts of the style sheet, which are checked,
//! and the addresses of pictures, which are base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use minijinja::value::{Serde, Value as Given};
use minijinja::{Environment, context};
use press_model::{Colour, LanguageTag, Severity, long_date, month_and_year};
use press_template::{Templates, escape_html};
use serde::Serialize;

use crate::Error;
use crate::colour::readable;
use crate::report::{
    Cell, Content, Fidelity, Figure, Group, Link, Look, Outcome, Part, PictureFormat, Report, Row,
    Rule, Source, Status, Target,
};
use crate::summary::{counted, in_words, list, number, size, summary};

/// The language of the report itself.
const LANGUAGE: &str = "en";

pub(crate) fn html(report: &Report, templates: &Templates) -> Result<String, Error> {
    let fault = |error: &minijinja::Error| Error::Faults(vec![templates.diagnose("report", error)]);
    let environment = environment(templates);
    let page = environment
        .get_template("report.html")
        .map_err(|error| fault(&error))?;
    page.render(given(report)).map_err(|error| fault(&error))
}

/// All that the templates get.
fn given(report: &Report) -> Given {
    let english = LanguageTag::new(LANGUAGE);
    let english = english.as_ref().unwrap_or(&report.language);
    let problems = problems(report);
    let warnings: Vec<_> = report
        .diagnostics
        .iter()
        .filter(|finding| finding.severity == Severity::Warning)
        .collect();
    context! {
        language => LANGUAGE,
        excerpts => Serde(lang(Some(&report.language))),
        title => &report.title,
        issue => &report.issue,
        month => month_and_year(report.date, english),
        date => long_date(report.date, english),
        tool => &report.tool,
        summary => summary(report),
        is_sound => problems.is_empty(),
        // A report without a proof must not look like one that found nothing.
        is_proved => !report.fidelity.groups.is_empty(),
        problems => Serde(&problems),
        warnings => Serde(&warnings),
        is_built => report.is_built,
        editions => Serde(&report.editions),
        columns => Serde(columns(&report.fidelity)),
        pieces => report.fidelity.rows().count(),
        sections => Serde(sections(report)),
        thumbnails => Serde(thumbnails(report)),
        articles => Serde(articles(report)),
        minutes => report.articles.iter().map(|article| article.minutes).sum::<u32>(),
        links => Serde(report.links.iter().map(LinkView::of).collect::<Vec<_>>()),
        rules => Serde(rules(&report.accessibility)),
        rule_columns => Serde(rule_columns(&report.accessibility)),
        parts => Serde(report.parts.iter().map(PartView::of).collect::<Vec<_>>()),
        fonts => fonts(&report.look),
        light => Serde(Palette::of(&LIGHT, report.look.accent)),
        dark => Serde(Palette::of(&DARK, report.look.accent)),
    }
}

fn environment(templates: &Templates) -> Environment<'_> {
    let mut environment = templates.environment("report");
    environment.add_filter("number", number);
    environment.add_filter("said", |text: &str| Given::from_safe_string(said(text)));
    environment.add_filter("sentence", |text: &str| {
        Given::from_safe_string(said(&capitalised(text)))
    });
    environment.add_filter("size", size);
    environment.add_filter("counted", |count: usize, one: &str, many: &str| {
        counted(count, one, many)
    });
    environment
}

/// A message as HTML: what stands between backticks is code.
fn said(text: &str) -> String {
    let mut html = String::new();
    let mut pieces = text.split('`').peekable();
    let mut is_code = false;
    while let Some(piece) = pieces.next() {
        // A last backtick without a partner is itself.
        if is_code && pieces.peek().is_none() {
            html.push('`');
            is_code = false;
        }
        html.push_str(if is_code { "<code>" } else { "" });
        escape_html(piece, &mut html);
        html.push_str(if is_code { "</code>" } else { "" });
        is_code = !is_code;
    }
    html
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// The attribute value of `lang` for words in a language; none where the page
/// itself is in that language.
fn lang(language: Option<&LanguageTag>) -> Option<&str> {
    let other = language.filter(|language| language.primary() != LANGUAGE);
    other.map(LanguageTag::as_str)
}

// Problems

/// Something that must be mended.
#[derive(Serialize)]
struct Problem<'a> {
    /// What sort of problem, in one or two words.
    label: &'a str,
    /// What is wrong, in a sentence.
    message: String,
    /// The author's words that it is about.
    excerpt: Option<&'a str>,
    lang: Option<&'a str>,
    source: Option<&'a Source>,
    /// What was found where.
    details: Vec<Detail<'a>>,
    help: Option<&'a str>,
    /// The part of the page that says more.
    more: Option<&'a str>,
}

/// What was found in an edition.
#[derive(Serialize)]
struct Detail<'a> {
    label: &'a str,
    note: Option<&'a str>,
    found: Option<&'a str>,
    place: Option<&'a str>,
}

fn problems(report: &Report) -> Vec<Problem<'_>> {
    let mut problems = Vec::new();
    let fidelity = &report.fidelity;
    for group in &fidelity.groups {
        let lost = group.rows.iter().filter(|row| row.worst() == Status::Lost);
        problems.extend(lost.map(|row| loss(report, group, row)));
    }
    let errors = report.diagnostics.iter();
    problems.extend(
        errors
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| Problem {
                label: "Error",
                message: finding.message.clone(),
                excerpt: None,
                lang: None,
                source: finding.source.as_ref(),
                details: Vec::new(),
                help: finding.help.as_deref(),
                more: None,
            }),
    );
    for part in &report.parts {
        problems.extend((part.outcome == Outcome::Fail).then(|| Problem {
            label: &part.title,
            message: part.summary.clone(),
            excerpt: None,
            lang: None,
            source: None,
            details: Vec::new(),
            help: None,
            more: Some(&part.id),
        }));
    }
    problems
}

fn loss<'a>(report: &'a Report, group: &'a Group, row: &'a Row) -> Problem<'a> {
    let lost: Vec<(&str, &Cell)> = (report.fidelity.columns.iter().map(String::as_str))
        .zip(&row.cells)
        .filter(|(_, cell)| cell.status == Status::Lost)
        .collect();
    let among = |is_changed: bool, words: &str| {
        let columns = lost
            .iter()
            .filter(|(_, cell)| cell.found.is_some() == is_changed);
        let columns: Vec<_> = columns.map(|(column, _)| in_words(column)).collect();
        (!columns.is_empty()).then(|| format!("{words} {}", list(&columns)))
    };
    let fates: Vec<_> = [among(false, "missing from"), among(true, "changed in")]
        .into_iter()
        .flatten()
        .collect();
    Problem {
        label: "Lost",
        message: format!("{} {}", row.what, list(&fates)),
        excerpt: Some(&row.excerpt),
        lang: lang(group.language.as_ref().or(Some(&report.language))),
        source: row.source.as_ref(),
        details: lost.into_iter().map(|(c, cell)| detail(c, cell)).collect(),
        help: None,
        more: None,
    }
}

fn detail<'a>(label: &'a str, cell: &'a Cell) -> Detail<'a> {
    Detail {
        label,
        note: cell.note.as_deref(),
        found: cell.found.as_deref(),
        place: cell.place.as_deref(),
    }
}

// The matrix

/// How many pieces of each status an edition has.
#[derive(Serialize)]
struct ColumnView<'a> {
    name: &'a str,
    #[serde(flatten)]
    tally: Tally,
}

/// How many pieces there are of each status.
#[derive(Default, Serialize)]
struct Tally {
    present: usize,
    degraded: usize,
    left_out: usize,
    lost: usize,
}

impl Tally {
    fn of(statuses: impl Iterator<Item = Status>) -> Tally {
        let mut tally = Tally::default();
        for status in statuses {
            match status {
                Status::Present => tally.present += 1,
                Status::Degraded => tally.degraded += 1,
                Status::LeftOut => tally.left_out += 1,
                Status::Lost => tally.lost += 1,
            }
        }
        tally
    }
}

fn columns(fidelity: &Fidelity) -> Vec<ColumnView<'_>> {
    let columns = fidelity.columns.iter().enumerate();
    columns
        .map(|(column, name)| ColumnView {
            name,
            tally: Tally::of(
                (fidelity.rows())
                    .filter_map(|row| row.cells.get(column))
                    .map(|cell| cell.status),
            ),
        })
        .collect()
}

/// A section of the newsletter with its groups.
#[derive(Serialize)]
struct SectionView<'a> {
    title: Option<&'a str>,
    groups: Vec<GroupView<'a>>,
}

#[derive(Serialize)]
struct GroupView<'a> {
    title: &'a str,
    lang: Option<&'a str>,
    /// The file that all its pieces stand in, if it is one.
    file: Option<&'a str>,
    pieces: usize,
    tally: Tally,
    /// Whether an editor should look into it.
    is_open: bool,
    rows: Vec<RowView<'a>>,
}

#[derive(Serialize)]
struct RowView<'a> {
    what: &'a str,
    excerpt: &'a str,
    /// Where it stands, as far as the group does not say it.
    file: Option<&'a str>,
    line: Option<u32>,
    is_plain: bool,
    cells: Vec<CellView<'a>>,
}

#[derive(Serialize)]
struct CellView<'a> {
    column: &'a str,
    class: &'static str,
    mark: &'static str,
    /// What the mark means, in words.
    words: &'static str,
    note: Option<&'a str>,
    found: Option<&'a str>,
    place: Option<&'a str>,
}

fn sections(report: &Report) -> Vec<SectionView<'_>> {
    let mut sections: Vec<SectionView> = Vec::new();
    for group in &report.fidelity.groups {
        let title = group.section.as_deref();
        let view = group_view(report, group);
        match sections.last_mut().filter(|last| last.title == title) {
            Some(section) => section.groups.push(view),
            None => sections.push(SectionView {
                title,
                groups: vec![view],
            }),
        }
    }
    sections
}

fn group_view<'a>(report: &'a Report, group: &'a Group) -> GroupView<'a> {
    let mut files = (group.rows.iter()).map(|row| row.source.as_ref().map(|s| s.file.as_str()));
    let first = files.next().flatten();
    let file = first.filter(|first| files.all(|file| file == Some(*first)));
    let tally = Tally::of(group.rows.iter().map(Row::worst));
    GroupView {
        title: &group.title,
        lang: lang(group.language.as_ref().or(Some(&report.language))),
        file,
        pieces: group.rows.len(),
        is_open: tally.lost + tally.degraded > 0,
        tally,
        rows: (group.rows.iter())
            .map(|row| row_view(&report.fidelity.columns, row, file.is_some()))
            .collect(),
    }
}

fn row_view<'a>(columns: &'a [String], row: &'a Row, file_is_known: bool) -> RowView<'a> {
    let source = row.source.as_ref();
    RowView {
        what: &row.what,
        excerpt: &row.excerpt,
        file: (source.map(|source| &*source.file)).filter(|_| !file_is_known),
        line: source.and_then(|source| source.line),
        is_plain: row.worst() == Status::Present,
        cells: (columns.iter().zip(&row.cells))
            .map(|(column, cell)| cell_view(column, cell))
            .collect(),
    }
}

fn cell_view<'a>(column: &'a str, cell: &'a Cell) -> CellView<'a> {
    let (class, mark, words) = match cell.status {
        Status::Present => ("present", "✓", "there"),
        Status::Degraded => ("differs", "≈", "looks different"),
        Status::LeftOut => ("left-out", "–", "left out on purpose"),
        Status::Lost => ("lost", "✗", "lost"),
    };
    CellView {
        column,
        class,
        mark,
        words,
        note: cell.note.as_deref(),
        found: cell.found.as_deref(),
        place: cell.place.as_deref(),
    }
}

// Pages, articles and links

#[derive(Serialize)]
struct ThumbnailView<'a> {
    edition: &'a str,
    label: &'a str,
    width: u32,
    height: u32,
    src: String,
}

fn thumbnails(report: &Report) -> Vec<ThumbnailView<'_>> {
    let thumbnails = report.thumbnails.iter();
    thumbnails
        .map(|thumbnail| ThumbnailView {
            edition: &thumbnail.edition,
            label: &thumbnail.label,
            width: thumbnail.width,
            height: thumbnail.height,
            src: data_address(PictureFormat::Png, &thumbnail.png),
        })
        .collect()
}

fn data_address(format: PictureFormat, bytes: &[u8]) -> String {
    format!(
        "data:{};base64,{}",
        format.media_type(),
        BASE64.encode(bytes)
    )
}

#[derive(Serialize)]
struct ArticleView<'a> {
    headline: &'a str,
    section: &'a str,
    lang: Option<&'a str>,
    words: Option<u32>,
    minutes: u32,
    editions: String,
}

fn articles(report: &Report) -> Vec<ArticleView<'_>> {
    let articles = report.articles.iter();
    articles
        .map(|article| ArticleView {
            headline: &article.headline,
            section: &article.section,
            lang: lang(article.language.as_ref().or(Some(&report.language))),
            words: article.words,
            minutes: article.minutes,
            editions: article.editions.join(", "),
        })
        .collect()
}

#[derive(Serialize)]
struct LinkView<'a> {
    text: &'a str,
    /// The address to follow: only of a kind that runs nothing.
    href: Option<&'a str>,
    shown: &'a str,
    is_place: bool,
    source: Option<&'a Source>,
}

impl<'a> LinkView<'a> {
    fn of(link: &'a Link) -> LinkView<'a> {
        let (shown, is_place) = match &link.target {
            Target::Address(address) => (address, false),
            Target::Place(place) => (place, true),
        };
        LinkView {
            text: &link.text,
            href: Some(shown.as_str()).filter(|address| !is_place && is_harmless(address)),
            shown,
            is_place,
            source: link.source.as_ref(),
        }
    }
}

fn is_harmless(address: &str) -> bool {
    let Some((scheme, _)) = address.split_once(':') else {
        return false;
    };
    let scheme = scheme.to_ascii_lowercase();
    ["https", "http", "mailto"].contains(&scheme.as_str())
}

// Accessibility and parts

/// An outcome in words: its class, its mark and what it means.
fn outcome(outcome: Outcome) -> (&'static str, &'static str, &'static str) {
    match outcome {
        Outcome::Pass => ("present", "✓", "kept"),
        Outcome::Warn => ("differs", "≈", "look at this"),
        Outcome::Fail => ("lost", "✗", "not kept"),
        Outcome::NotApplicable => ("left-out", "–", "does not apply"),
    }
}

#[derive(Serialize)]
struct RuleView<'a> {
    says: &'a str,
    clause: &'a str,
    is_plain: bool,
    /// One for each column; none where the edition was not examined.
    results: Vec<Option<ResultView<'a>>>,
}

#[derive(Serialize)]
struct ResultView<'a> {
    column: &'a str,
    class: &'static str,
    mark: &'static str,
    words: &'static str,
    details: &'a [String],
}

/// The editions that rules were held against, in order.
fn rule_columns(rules: &[Rule]) -> Vec<&str> {
    let mut columns: Vec<&str> = Vec::new();
    for result in rules.iter().flat_map(|rule| &rule.results) {
        if !columns.contains(&result.edition.as_str()) {
            columns.push(&result.edition);
        }
    }
    columns
}

fn rules(rules: &[Rule]) -> Vec<RuleView<'_>> {
    let columns = rule_columns(rules);
    (rules.iter())
        .map(|rule| RuleView {
            says: &rule.says,
            clause: &rule.clause,
            is_plain: rule.worst() <= Outcome::Pass,
            results: (columns.iter())
                .map(|column| {
                    let result = rule.results.iter().find(|r| r.edition == *column)?;
                    let (class, mark, words) = outcome(result.outcome);
                    Some(ResultView {
                        column: &result.edition,
                        class,
                        mark,
                        words,
                        details: &result.details,
                    })
                })
                .collect(),
        })
        .collect()
}

#[derive(Serialize)]
struct PartView<'a> {
    id: &'a str,
    title: &'a str,
    summary: &'a str,
    class: &'static str,
    mark: &'static str,
    words: &'static str,
    content: Vec<ContentView<'a>>,
}

impl<'a> PartView<'a> {
    fn of(part: &'a Part) -> PartView<'a> {
        let (class, mark, words) = match part.outcome {
            Outcome::Pass => ("present", "✓", "all well"),
            Outcome::Fail => ("lost", "✗", "needs mending"),
            other => outcome(other),
        };
        PartView {
            id: &part.id,
            title: &part.title,
            summary: &part.summary,
            class,
            mark,
            words,
            content: part.content.iter().map(ContentView::of).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum ContentView<'a> {
    Text {
        text: &'a str,
    },
    Table {
        caption: &'a str,
        columns: &'a [crate::Column],
        rows: Vec<Vec<ValueView<'a>>>,
    },
    Findings {
        findings: &'a [crate::Finding],
    },
    Figures {
        figures: Vec<FigureView<'a>>,
    },
}

#[derive(Serialize)]
struct ValueView<'a> {
    text: &'a str,
    class: Option<&'static str>,
    mark: Option<&'static str>,
}

#[derive(Serialize)]
struct FigureView<'a> {
    alt: &'a str,
    caption: &'a str,
    width: u32,
    height: u32,
    src: String,
}

impl<'a> ContentView<'a> {
    fn of(content: &'a Content) -> ContentView<'a> {
        match content {
            Content::Text { text } => ContentView::Text { text },
            Content::Table {
                caption,
                columns,
                rows,
            } => ContentView::Table {
                caption,
                columns,
                rows: (rows.iter())
                    .map(|row| row.iter().map(ValueView::of).collect())
                    .collect(),
            },
            Content::Findings { findings } => ContentView::Findings { findings },
            Content::Figures { figures } => ContentView::Figures {
                figures: figures.iter().map(FigureView::of).collect(),
            },
        }
    }
}

impl<'a> ValueView<'a> {
    fn of(value: &'a crate::Value) -> ValueView<'a> {
        let drawn = value.outcome.map(outcome);
        ValueView {
            text: &value.text,
            class: drawn.map(|(class, _, _)| class),
            mark: drawn.map(|(_, mark, _)| mark),
        }
    }
}

impl<'a> FigureView<'a> {
    fn of(figure: &'a Figure) -> FigureView<'a> {
        FigureView {
            alt: &figure.alt,
            caption: &figure.caption,
            width: figure.width,
            height: figure.height,
            src: data_address(figure.format, &figure.bytes),
        }
    }
}

// The look

/// The page's own colours.
pub(crate) struct Tones {
    page: Colour,
    paper: Colour,
    tint: Colour,
    pub(crate) ink: Colour,
    pub(crate) quiet: Colour,
    rule: Colour,
    pub(crate) lost: Colour,
    pub(crate) differs: Colour,
    pub(crate) good: Colour,
}

impl Tones {
    /// What words stand on.
    pub(crate) fn grounds(&self) -> [Colour; 3] {
        [self.page, self.paper, self.tint]
    }
}

/// By day: ink on white paper, as the editions have it.
pub(crate) const LIGHT: Tones = Tones {
    page: rgb(0xed_eb_e6),
    paper: rgb(0xff_ff_ff),
    tint: rgb(0xf6_f4_ef),
    ink: rgb(0x1a_19_18),
    quiet: rgb(0x5b_57_52),
    rule: rgb(0xd3_cd_c4),
    lost: rgb(0xa1_1b_1b),
    differs: rgb(0x7a_4a_00),
    good: rgb(0x2f_61_37),
};

/// By night.
pub(crate) const DARK: Tones = Tones {
    page: rgb(0x12_12_13),
    paper: rgb(0x1c_1c_1e),
    tint: rgb(0x28_28_2b),
    ink: rgb(0xe9_e5_de),
    quiet: rgb(0xb1_ac_a3),
    rule: rgb(0x45_44_46),
    lost: rgb(0xff_9c_90),
    differs: rgb(0xea_ba_6a),
    good: rgb(0x9c_cf_a4),
};

const fn rgb(value: u32) -> Colour {
    let [_, red, green, blue] = value.to_be_bytes();
    Colour { red, green, blue }
}

/// The least contrast of what is no text (WCAG 2.2 SC 1.4.11).
const VISIBLE: f64 = 3.0;

/// What the style sheet gets; each is written `#rrggbb`.
#[derive(Serialize)]
struct Palette {
    page: Colour,
    paper: Colour,
    tint: Colour,
    ink: Colour,
    quiet: Colour,
    rule: Colour,
    lost: Colour,
    differs: Colour,
    good: Colour,
    /// The accent as words, readable on every ground.
    accent: Colour,
    /// The accent as the publication has it, where it can be seen.
    band: Colour,
}

impl Palette {
    fn of(tones: &Tones, accent: Colour) -> Palette {
        let words = readable(accent, &tones.grounds(), tones.ink);
        Palette {
            page: tones.page,
            paper: tones.paper,
            tint: tones.tint,
            ink: tones.ink,
            quiet: tones.quiet,
            rule: tones.rule,
            lost: tones.lost,
            differs: tones.differs,
            good: tones.good,
            accent: words,
            band: match accent.contrast(tones.paper) >= VISIBLE {
                true => accent,
                false => words,
            },
        }
    }
}

/// The families of the publication, each followed by families that systems have.
/// A name that could end its quotation marks is no font's name.
fn fonts(look: &Look) -> Given {
    let stack = |family: &str, safe: &str| {
        let is_name = !family.is_empty()
            && family
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        Given::from_safe_string(match is_name {
            true => format!("\"{family}\", {safe}"),
            false => safe.to_owned(),
        })
    };
    context! {
        text => stack(&look.text_font, "Charter, Georgia, serif"),
        label => stack(&look.label_font, "\"Segoe UI\", \"Helvetica Neue\", Arial, sans-serif"),
        mono => stack(&look.mono_font, "Consolas, Menlo, monospace"),
    }
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn backticks_mean_code() {
        let check = |text, html| assert_eq!(said(text), html, "{text}");
        check("a `b` c", "a <code>b</code> c");
        check("`<b>`", "<code>&lt;b&gt;</code>");
        check("it`s", "it`s");
        check("`a` `", "<code>a</code> `");
        check("", "");
    }
}
