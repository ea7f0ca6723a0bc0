//! What the package document says about the book, derived from the publication
//! and the issue. What these do not know is left out, never invented.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use press_model::{
    Issue, Labels, LanguageTag, Met, Picture, Publication, month_and_year, plain_text, walk,
};
use uuid::Uuid;

/// The namespace of the identifiers of all issues (RFC 9562 §5.5). Never to be
/// changed: readers know a new edition of the same issue by its identifier.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f0f_2b1e_93d4_4c8a_a1c5_7d3e_58b0_92f4);

/// What the package document says about the book.
#[derive(Debug)]
pub(crate) struct Metadata {
    /// The same for every build of the issue.
    pub identifier: Uuid,
    pub title: String,
    /// The cover line.
    pub subtitle: Option<String>,
    /// The publication's short title with the month, where that is shorter.
    pub short_title: Option<String>,
    /// What shelves sort the title by: issues by date.
    pub title_file_as: String,
    /// The publication's language, then those of articles that differ.
    pub languages: Vec<LanguageTag>,
    pub creators: Vec<Creator>,
    pub publisher: Option<String>,
    pub date: NaiveDate,
    pub modified: DateTime<Utc>,
    pub description: String,
    pub subjects: Vec<String>,
    pub rights: Option<String>,
    pub series: Series,
    /// The web address of the issue.
    pub source: Option<String>,
    /// The print edition whose pages the text names, in words.
    pub page_source: Option<String>,
    /// Who certifies that the book is accessible.
    pub certifier: Option<String>,
    /// The program that made the book, with its version.
    pub generator: String,
    pub accessibility: Accessibility,
}

/// Who wrote something in the book.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Creator {
    pub name: String,
    pub file_as: String,
    /// The language of the article that names them, where that is not the book's.
    pub language: Option<LanguageTag>,
}

/// The row of issues that the book belongs to.
#[derive(Debug)]
pub(crate) struct Series {
    pub title: String,
    pub position: Option<u32>,
    pub issn: Option<String>,
}

/// What the book holds that matters to readers with a disability.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Accessibility {
    /// Whether there are pictures beside the cover.
    pub pictures: bool,
    /// Whether every picture has alternative text.
    pub alternative_text: bool,
    /// Whether pictures have long descriptions.
    pub long_descriptions: bool,
    /// Whether the pages of the print edition are marked.
    pub pages: bool,
    /// Whether colours and sizes are the reader's to choose.
    pub adapts: bool,
}

/// What is known of the book's documents once they are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    /// Whether pages are marked in the text.
    pub pages: bool,
    /// The style sheet.
    pub style_sheet: &'a str,
}

impl Metadata {
    /// The metadata of an issue of a publication.
    pub fn of(
        publication: &Publication,
        issue: &Issue,
        modified: DateTime<Utc>,
        generator: &str,
        found: Found<'_>,
    ) -> Metadata {
        let month = month_and_year(issue.date, &publication.language);
        let comma = match publication.language.primary() {
            "zh" | "ja" => " ",
            _ => ", ",
        };
        let of_the_month = |title: &str| one_line(&format!("{title}{comma}{month}"));
        let title = of_the_month(&publication.title);
        let labels = Labels::of(&publication.language);
        Metadata {
            identifier: Uuid::new_v5(
                &NAMESPACE,
                format!("{}/{}", publication.slug, issue.name).as_bytes(),
            ),
            page_source: found
                .pages
                .then(|| format!("{title} ({})", labels.print_edition)),
            subtitle: issue.cover.as_ref().and_then(|cover| stated(&cover.line)),
            short_title: Some(of_the_month(&publication.short_title))
                .filter(|short| *short != title),
            title,
            title_file_as: one_line(&format!(
                "{} {}",
                without_article(&publication.title, &publication.language),
                issue.date.format("%Y-%m-%d")
            )),
            languages: languages(publication, issue),
            creators: creators(publication, issue),
            publisher: publication.publisher.as_deref().and_then(stated),
            date: issue.date,
            modified,
            description: description(publication, issue),
            subjects: publication
                .epub
                .subjects
                .iter()
                .filter_map(|s| stated(s))
                .collect(),
            rights: publication.rights.as_deref().and_then(stated),
            series: Series {
                title: one_line(&publication.title),
                position: issue.number,
                issn: publication.issn.clone(),
            },
            source: issue.web_address(publication),
            certifier: publication.epub.certifier.as_deref().and_then(stated),
            generator: one_line(generator),
            accessibility: Accessibility::of(publication, issue, found),
        }
    }

    /// The identifier as the package document and the NCX carry it.
    pub fn urn(&self) -> String {
        self.identifier.urn().to_string()
    }
}

fn languages(publication: &Publication, issue: &Issue) -> Vec<LanguageTag> {
    let mut languages = vec![publication.language.clone()];
    for article in issue.articles() {
        let language = article.language(publication);
        if !languages.contains(language) {
            languages.push(language.clone());
        }
    }
    languages
}

/// Every byline once, in reading order; the publication itself where nobody is
/// named, for some readers show no author at all without one.
fn creators(publication: &Publication, issue: &Issue) -> Vec<Creator> {
    let mut creators: Vec<Creator> = Vec::new();
    for article in issue.articles() {
        for name in article.bylines.iter().map(|byline| one_line(byline)) {
            if name.is_empty() || creators.iter().any(|known| known.name == name) {
                continue;
            }
            let language = article.language(publication);
            creators.push(Creator {
                file_as: file_as(&name, language),
                language: Some(language.clone()).filter(|one| *one != publication.language),
                name,
            });
        }
    }
    if creators.is_empty() {
        let name = one_line(&publication.title);
        creators.push(Creator {
            file_as: without_article(&name, &publication.language).to_owned(),
            name,
            language: None,
        });
    }
    creators
}

/// What a shelf sorts a person by: `Lovelace, Ada`. Only names that are surely
/// of that form are turned round; the others stand as they are.
fn file_as(name: &str, language: &LanguageTag) -> String {
    let words: Vec<&str> = name.split(' ').collect();
    let family_first = matches!(language.primary(), "zh" | "ja" | "ko" | "vi" | "hu");
    let is_name = |word: &&str| {
        let mut letters = word.chars().filter(|c| c.is_alphabetic());
        letters.all(|c| c < '\u{250}' || matches!(c, '\u{1e00}'..='\u{1eff}'))
            && word
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'' | '\u{2019}'))
    };
    let turned = !family_first && (2..=4).contains(&words.len()) && words.iter().all(is_name);
    if !turned || !begins_like_a_name(words[0]) {
        return name.to_owned();
    }
    let starts_small = |word: &&str| word.chars().next().is_some_and(char::is_lowercase);
    // Particles belong to the family name: `van Beethoven, Ludwig`.
    let family = words[1..]
        .iter()
        .position(starts_small)
        .map_or(words.len() - 1, |at| at + 1);
    if starts_small(&words[words.len() - 1]) {
        return name.to_owned();
    }
    format!(
        "{}, {}",
        words[family..].join(" "),
        words[..family].join(" ")
    )
}

fn begins_like_a_name(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
        && !matches!(
            word,
            "The" | "Our" | "A" | "An" | "Die" | "Der" | "Das" | "La" | "Le" | "Les" | "El" | "Los"
        )
}

/// A title without the article that shelves leave out.
fn without_article<'a>(title: &'a str, language: &LanguageTag) -> &'a str {
    let articles: &[&str] = match language.primary() {
        "en" => &["The ", "A ", "An "],
        "de" => &["Der ", "Die ", "Das "],
        "fr" => &["Le ", "La ", "Les ", "L\u{2019}"],
        "es" => &["El ", "La ", "Los ", "Las "],
        _ => &[],
    };
    articles
        .iter()
        .find_map(|article| title.strip_prefix(article))
        .filter(|rest| !rest.trim().is_empty())
        .unwrap_or(title)
}

/// What the reader finds in the issue.
fn description(publication: &Publication, issue: &Issue) -> String {
    let headlines: Vec<String> = issue
        .articles()
        .filter_map(|article| article.headline.as_deref())
        .map(|headline| one_line(&plain_text(headline)))
        .filter(|headline| !headline.is_empty())
        .collect();
    if headlines.is_empty() {
        return one_line(&issue.preheader);
    }
    let labels = Labels::of(&publication.language);
    format!("{}: {}", labels.in_this_issue, headlines.join(" · "))
}

impl Accessibility {
    fn of(publication: &Publication, issue: &Issue, book: Found<'_>) -> Accessibility {
        let mut found = Accessibility {
            pages: book.pages,
            adapts: adapts(book.style_sheet),
            alternative_text: issue
                .cover
                .as_ref()
                .is_none_or(|cover| !cover.picture.alt.trim().is_empty()),
            ..Accessibility::default()
        };
        let mut picture = |picture: &Picture, description: Option<&str>| {
            found.pictures = true;
            found.alternative_text &= !picture.alt.trim().is_empty();
            found.long_descriptions |= description.is_some();
        };
        walk(publication, issue, &mut |met, _| match met {
            Met::Figure {
                picture: figure,
                description,
            } => picture(figure, description),
            Met::InLine(in_line) => picture(in_line, None),
            Met::Link(_) | Met::Place(_) | Met::Words(_) => {}
        });
        found
    }

    /// The senses that the book speaks to (schema.org `accessMode`).
    pub fn modes(&self) -> Vec<&'static str> {
        match self.pictures {
            true => vec!["textual", "visual"],
            false => vec!["textual"],
        }
    }

    /// The sets of senses that are enough to read it all.
    pub fn sufficient_modes(&self) -> Vec<&'static str> {
        match (self.pictures, self.alternative_text) {
            (true, true) => vec!["textual", "textual,visual"],
            (true, false) => vec!["textual,visual"],
            (false, _) => vec!["textual"],
        }
    }

    /// What helps (schema.org `accessibilityFeature`), sorted.
    pub fn features(&self) -> BTreeSet<&'static str> {
        // Each file has a heading, which the lint asks for, and the spine is in the
        // order of the source.
        let mut features =
            BTreeSet::from(["readingOrder", "structuralNavigation", "tableOfContents"]);
        if self.adapts {
            features.insert("displayTransformability");
        }
        if self.pages {
            features.extend(["pageBreakMarkers", "pageNavigation"]);
        }
        // The cover alone is a picture too.
        if self.alternative_text {
            features.insert("alternativeText");
        }
        if self.long_descriptions {
            features.insert("longDescription");
        }
        features
    }

    /// The same in a sentence or two, in English.
    pub fn summary(&self) -> String {
        let mut summary = String::from(
            "The text is real text in reading order, with a table of contents, headings, and links that lead back from notes.",
        );
        match (self.pictures, self.alternative_text) {
            (true, true) => summary.push_str(" Every picture has alternative text."),
            (true, false) => summary.push_str(" Some pictures have no alternative text."),
            (false, _) => {}
        }
        if self.long_descriptions {
            summary.push_str(" Pictures that need it have a long description.");
        }
        if self.pages {
            summary.push_str(" The pages of the print edition are marked.");
        }
        summary
    }
}

/// Whether a style sheet leaves colours and sizes to the reader: it names no colour
/// of text and no size of it in units that do not grow with the reader's.
fn adapts(style_sheet: &str) -> bool {
    let declarations = style_sheet.split(['{', '}', ';']);
    let mut declarations = declarations.filter_map(|one| one.split_once(':'));
    declarations.all(|(property, value)| {
        let value = value.trim().to_ascii_lowercase();
        let property = property.rsplit("*/").next().unwrap_or_default().trim();
        match property.to_ascii_lowercase().as_str() {
            "color" => matches!(value.as_str(), "inherit" | "currentcolor"),
            "font-size" => !["px", "pt", "cm", "mm", "in"]
                .iter()
                .any(|unit| value.ends_with(unit)),
            _ => true,
        }
    })
}

/// Text on one line: runs of white space are one space.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same, if there are words in it: an empty entry is an invalid one.
fn stated(text: &str) -> Option<String> {
    Some(one_line(text)).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shelves_sort_people_by_family_name() {
        let check = |name, language, expected: &str| {
            assert_eq!(
                file_as(name, &LanguageTag::new(language).unwrap()),
                expected
            );
        };
        check("Ada Lovelace", "en", "Lovelace, Ada");
        check("J. R. R. Tolkien", "en", "Tolkien, J. R. R.");
        check("Ludwig van Beethoven", "de", "van Beethoven, Ludwig");
        check("Siân O\u{2019}Brien", "en", "O\u{2019}Brien, Siân");
        check("王小明", "en", "王小明");
        check("Wang Xiaoming", "zh", "Wang Xiaoming");
        check("The editors", "en", "The editors");
        check("Ada", "en", "Ada");
        check("Ada Lovelace, editor", "en", "Ada Lovelace, editor");
        check("Desk 7", "en", "Desk 7");
    }

    #[test]
    fn style_sheets_that_leave_colours_and_sizes_to_the_reader() {
        assert!(adapts(
            "a { color: inherit; font-size: 0.8em } /* x */ b{font-size:90%}"
        ));
        for css in [
            "a { color: #000 }",
            "a{margin:0;COLOR:black}",
            "/* b */ a { font-size: 12PX; }",
            "@media x { a { font-size:9pt } }",
        ] {
            assert!(!adapts(css), "{css}");
        }
        let own = include_str!("../../../templates/epub/style.css");
        assert!(adapts(own));
    }

    #[test]
    fn shelves_leave_out_the_article() {
        let english = LanguageTag::new("en-GB").unwrap();
        assert_eq!(without_article("The Review", &english), "Review");
        assert_eq!(without_article("Theory", &english), "Theory");
    }
}
