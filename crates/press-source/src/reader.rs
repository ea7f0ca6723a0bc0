//! What is shared by everything that reads an issue: the files, the reports,
//! the pictures, the count of notes, and the links that wait for their target.

use std::collections::{BTreeMap, BTreeSet};

use press_model::{
    Asset, AssetPath, Assets, Code, Diagnostic, FileId, Inline, LanguageTag, LinkTarget,
    NoteNumber, Picture, Slug, Span,
};

use crate::files::{self, Failure, Files, PICTURE, folder_of, plain_path};
use crate::links;
use crate::scope::{NamedPlaces, Scope};
use crate::suggest::{self, short_name};
use crate::text::{self, is_control, nfc, without_controls};
use crate::typography;

/// The state of reading one issue.
pub struct Reader {
    /// Its files.
    pub files: Files,
    /// What is wrong with it so far.
    pub diagnostics: Vec<Diagnostic>,
    /// The pictures that it shows.
    pub assets: Assets,
    /// The issue's folder below the issues folder.
    pub folder: String,
    /// Files that an editor is already asked about.
    pub suggested: BTreeSet<String>,
    /// Where files of ours are not TOML.
    broken_toml: Vec<Span>,
    notes: u32,
    /// Pictures that cannot be had, each of which is reported once.
    lacking: BTreeSet<String>,
    pending: Vec<Pending>,
}

/// A link to a place in the issue, which may not have been read yet.
struct Pending {
    span: Span,
    url: String,
    article: Option<Slug>,
    /// The file that it names, below the issue's folder; none for its own.
    path: Option<String>,
    fragment: Option<String>,
}

/// What links can lead to once every article is read.
#[derive(Default)]
pub struct Places {
    /// The articles by their files.
    pub files: BTreeMap<String, Slug>,
    /// The files of articles that are left out.
    pub drafts: BTreeSet<String>,
    /// The files of articles that could not be read, which is reported.
    pub failed: BTreeSet<String>,
    /// The named places of each article.
    pub fragments: BTreeMap<Slug, NamedPlaces>,
}

impl Reader {
    /// A reader of the issue in a folder below the issues folder.
    pub fn new(files: Files, folder: &str) -> Reader {
        Reader {
            files,
            diagnostics: Vec::new(),
            assets: Assets::new(),
            folder: folder.to_owned(),
            suggested: BTreeSet::new(),
            broken_toml: Vec::new(),
            notes: 0,
            lacking: BTreeSet::new(),
            pending: Vec::new(),
        }
    }

    /// Takes a fault down, unless it only follows from TOML that is none.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        let at = diagnostic.labels.first().map(|label| label.span);
        match (diagnostic.code, at) {
            (Code::InvalidToml, Some(at)) => self.broken_toml.push(at),
            // A key that is missing may well be there, unread.
            (Code::MissingKey, Some(at)) if self.is_broken(at.file) => return,
            (Code::InvalidValue, Some(at))
                if self.broken_toml.iter().any(|broken| touch(at, *broken)) =>
            {
                return;
            }
            _ => {}
        }
        self.diagnostics.push(in_one_line(diagnostic));
    }

    fn is_broken(&self, file: FileId) -> bool {
        self.broken_toml.iter().any(|broken| broken.file == file)
    }

    /// The number of the next note of the issue.
    pub fn next_note(&mut self) -> NoteNumber {
        self.notes += 1;
        NoteNumber(self.notes)
    }

    /// The text of a value without control characters, which are reported.
    pub fn clean(&mut self, text: &str, at: Span) -> String {
        let (clean, control) = without_controls(text);
        if let Some(control) = control {
            self.report(
                Diagnostic::new(
                    Code::ControlCharacter,
                    format!("a control character (U+{:04X}) is left out", control as u32),
                )
                .at(at)
                .help("delete it and type the words around it afresh"),
            );
        }
        nfc(clean).into_owned()
    }

    /// The text of a value as it is printed: in one line, its quotes set.
    pub fn plain(&mut self, text: &str, at: Span, language: &LanguageTag) -> String {
        typography::set_plain(&self.clean(text, at), language)
    }

    /// The picture that an article names, read and taken down; none, with a
    /// report, if it cannot be had. A missing alternative text is reported and
    /// stood in for by the file's name, so that all faults show in one run.
    pub fn picture(&mut self, url: &str, alt: &str, at: Span, scope: &Scope) -> Option<Picture> {
        let alt = self.plain(alt, at, &scope.language);
        let asset = self.asset(url, at, &scope.folder);
        let alt = self.alternative_text(alt, url, at);
        Some(Picture { asset: asset?, alt })
    }

    /// The alternative text, or what stands for it once its want is reported.
    pub fn alternative_text(&mut self, alt: String, path: &str, at: Span) -> String {
        if !alt.trim().is_empty() {
            return alt;
        }
        self.report(
            Diagnostic::new(
                Code::MissingAltText,
                format!("the picture `{}` has no alternative text", short_name(path)),
            )
            .at(at)
            .help("say what it shows, for those who cannot see it: `![what it shows](path)`"),
        );
        if path.is_empty() {
            "?".into()
        } else {
            path.to_owned()
        }
    }

    /// Reads the picture at a path as a file of `folder` writes it.
    pub fn asset(&mut self, url: &str, at: Span, folder: &str) -> Option<AssetPath> {
        if links::scheme(url).is_some() || url.starts_with("//") {
            if self.lacking.insert(url.to_owned()) {
                self.report(
                    Diagnostic::new(
                        Code::MissingPicture,
                        format!(
                            "`{}` is no file of the issue, and nothing is fetched from the web",
                            short_name(url)
                        ),
                    )
                    .at(at)
                    .help("save the picture into the issue's folder and name it there"),
                );
            }
            return None;
        }
        let decoded = links::percent_decode(url);
        let plain = match decoded.trim_start_matches('/') {
            rest if rest.len() < decoded.len() => plain_path("", rest),
            path => plain_path(folder, path),
        };
        let Some(path) = plain else {
            self.report(outside(url, at));
            return None;
        };
        let asset = AssetPath::new(path.clone());
        if self.assets.contains_key(&asset) {
            return Some(asset);
        }
        if self.lacking.contains(&path) {
            return None;
        }
        let issue = self.folder.clone();
        let read = if path.is_empty() || path.contains(is_control) {
            Err(Failure::Missing)
        } else {
            self.files.bytes(&issue, &path, PICTURE)
        };
        match read {
            Ok(bytes) => {
                self.assets.insert(asset.clone(), Asset { bytes, span: at });
                Some(asset)
            }
            Err(Failure::Missing) => {
                self.lacking.insert(path.clone());
                let help = match self.similar_file(&path) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("put the picture into the folder `{issue}`, or mend its path"),
                };
                self.report(
                    Diagnostic::new(
                        Code::MissingPicture,
                        format!("there is no picture `{}`", short_name(&path)),
                    )
                    .at(at)
                    .help(help),
                );
                None
            }
            Err(failure) => {
                self.lacking.insert(path.clone());
                self.report_failure(failure, &path, Some(at));
                None
            }
        }
    }

    /// Reports why a file below the issue's folder could not be read.
    pub fn report_failure(&mut self, failure: Failure, path: &str, at: Option<Span>) {
        let diagnostic = failure_of(failure, path);
        self.report(match at {
            Some(at) => diagnostic.at(at),
            None => diagnostic,
        });
    }

    /// A file of the issue whose path is like one that is not there.
    pub fn similar_file(&self, path: &str) -> Option<String> {
        let folder = folder_of(path);
        let beside = self.files.names(&files::join(&self.folder, folder));
        let names = beside
            .iter()
            .filter(|entry| !entry.is_folder)
            .map(|entry| files::join(folder, &entry.name));
        let names: Vec<String> = names.collect();
        suggest::nearest(path, names.iter().map(String::as_str)).map(str::to_owned)
    }

    /// A link to a place in the issue, which is looked up once all is read.
    pub fn pending_place(
        &mut self,
        scope: &Scope,
        path: Option<String>,
        fragment: Option<String>,
        url: &str,
        at: Span,
    ) -> Option<LinkTarget> {
        let path = match path {
            None => None,
            Some(path) => match plain_path(&scope.folder, &path) {
                Some(path) => Some(path),
                None => {
                    self.report(outside(url, at));
                    return None;
                }
            },
        };
        let index = self.pending.len();
        self.pending.push(Pending {
            span: at,
            url: url.to_owned(),
            article: scope.slug.clone(),
            path,
            fragment,
        });
        Some(LinkTarget::Place {
            article: scope.slug.clone().unwrap_or_else(|| Slug::from_text("")),
            id: Some(format!("{PENDING}{index}")),
        })
    }

    /// Looks up the target of every link into the issue, in the order in which
    /// they were met; none for those that lead nowhere, which are reported.
    pub fn resolve_places(&mut self, places: &Places) -> Targets {
        let mut targets = Vec::with_capacity(self.pending.len());
        for link in std::mem::take(&mut self.pending) {
            let is_reported = link
                .path
                .as_ref()
                .is_some_and(|path| places.failed.contains(path));
            if is_reported {
                targets.push(None);
                continue;
            }
            targets.push(match look_up(&link, places) {
                Ok(target) => Some(target),
                Err(diagnostic) => {
                    self.report(*diagnostic);
                    None
                }
            });
        }
        Targets(targets)
    }
}

/// How the id of a place begins that is not looked up yet. No id of the model
/// has such a character.
const PENDING: char = '?';

/// The targets of all links into the issue.
pub struct Targets(Vec<Option<LinkTarget>>);

impl Targets {
    /// Puts the targets into content; links that lead nowhere become their words.
    pub fn fill_in(&self, content: &mut Vec<Inline>) {
        if self.0.is_empty() {
            return;
        }
        for inline in std::mem::take(content) {
            match inline {
                Inline::Link {
                    span,
                    target,
                    content: mut words,
                } => {
                    self.fill_in(&mut words);
                    match self.target(target) {
                        Some(target) => content.push(Inline::Link {
                            span,
                            target,
                            content: words,
                        }),
                        None => content.append(&mut words),
                    }
                }
                Inline::Emphasis { content: mut words } => {
                    self.fill_in(&mut words);
                    content.push(Inline::Emphasis { content: words });
                }
                Inline::Strong { content: mut words } => {
                    self.fill_in(&mut words);
                    content.push(Inline::Strong { content: words });
                }
                Inline::Strikethrough { content: mut words } => {
                    self.fill_in(&mut words);
                    content.push(Inline::Strikethrough { content: words });
                }
                Inline::Underline { content: mut words } => {
                    self.fill_in(&mut words);
                    content.push(Inline::Underline { content: words });
                }
                Inline::Subscript { content: mut words } => {
                    self.fill_in(&mut words);
                    content.push(Inline::Subscript { content: words });
                }
                Inline::Superscript { content: mut words } => {
                    self.fill_in(&mut words);
                    content.push(Inline::Superscript { content: words });
                }
                Inline::Small { content: mut words } => {
                    self.fill_in(&mut words);
                    content.push(Inline::Small { content: words });
                }
                Inline::Keyboard { content: mut words } => {
                    self.fill_in(&mut words);
                    content.push(Inline::Keyboard { content: words });
                }
                Inline::Language {
                    lang,
                    direction,
                    content: mut words,
                } => {
                    self.fill_in(&mut words);
                    content.push(Inline::Language {
                        lang,
                        direction,
                        content: words,
                    });
                }
                inline @ (Inline::Text { .. }
                | Inline::Code { .. }
                | Inline::Anchor { .. }
                | Inline::Image { .. }
                | Inline::NoteReference { .. }
                | Inline::LineBreak) => content.push(inline),
            }
        }
    }

    fn target(&self, target: LinkTarget) -> Option<LinkTarget> {
        let LinkTarget::Place { id: Some(id), .. } = &target else {
            return Some(target);
        };
        match id.strip_prefix(PENDING) {
            Some(index) => self.0.get(index.parse::<usize>().ok()?)?.clone(),
            None => Some(target),
        }
    }
}

fn look_up(link: &Pending, places: &Places) -> Result<LinkTarget, Box<Diagnostic>> {
    let broken = |message: String, help: String| {
        Box::new(
            Diagnostic::new(Code::BrokenReference, message)
                .at(link.span)
                .help(help),
        )
    };
    let article = match &link.path {
        None => link.article.clone(),
        Some(path) => match places.files.get(path) {
            Some(slug) => Some(slug.clone()),
            None if places.drafts.contains(path) => {
                return Err(broken(
                    format!("the link leads to `{path}`, which is a draft and left out"),
                    "take the link out, or `draft = true` from that article".into(),
                ));
            }
            None => {
                let near = suggest::nearest(path, places.files.keys().map(String::as_str));
                return Err(broken(
                    format!("the issue has no article `{}`", short_name(path)),
                    match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "name a file that a section of issue.toml lists".into(),
                    },
                ));
            }
        },
    };
    let Some(article) = article else {
        return Err(broken(
            format!("`{}` leads to no article", short_name(&link.url)),
            "name the article too: `article.md#place`".into(),
        ));
    };
    let fragment = link.fragment.as_deref().unwrap_or_default();
    if fragment.is_empty() {
        return Ok(LinkTarget::Place { article, id: None });
    }
    let fragments = places.fragments.get(&article);
    match fragments.and_then(|fragments| fragments.get(fragment)) {
        Some(id) => Ok(LinkTarget::Place {
            article,
            id: id.map(str::to_owned),
        }),
        None => {
            let names = fragments.into_iter().flat_map(NamedPlaces::names);
            let near = suggest::nearest(fragment, names);
            let fragment = short_name(fragment);
            Err(broken(
                format!("there is no heading or anchor `{fragment}` in the article `{article}`"),
                match near {
                    Some(near) => format!("did you mean `#{near}`?"),
                    None => format!("put `<a name=\"{fragment}\"></a>` where the link is to lead"),
                },
            ))
        }
    }
}

/// The same with messages of one line, whatever names and values they quote:
/// they are printed on terminals.
fn in_one_line(mut diagnostic: Diagnostic) -> Diagnostic {
    let tidy = |text: &mut String| {
        if text.contains(char::is_control) {
            *text = text::in_one_line(&without_controls(text).0);
        }
    };
    tidy(&mut diagnostic.message);
    diagnostic.help.iter_mut().for_each(tidy);
    for label in &mut diagnostic.labels {
        tidy(&mut label.message);
    }
    diagnostic
}

fn touch(a: Span, b: Span) -> bool {
    a.file == b.file && a.start <= b.end && b.start <= a.end
}

fn outside(path: &str, at: Span) -> Diagnostic {
    failure_of(Failure::Outside, path).at(at)
}

/// What is to be said of a file that could not be read.
pub fn failure_of(failure: Failure, path: &str) -> Diagnostic {
    let path = short_name(path);
    match failure {
        Failure::Missing => {
            Diagnostic::new(Code::MissingFile, format!("there is no file `{path}`"))
        }
        Failure::NotAFile => Diagnostic::new(
            Code::UnreadableFile,
            format!("`{path}` is a folder or a device, not a file"),
        )
        .help("name a file"),
        Failure::TooLarge { size, limit } => Diagnostic::new(
            Code::FileTooLarge,
            format!(
                "`{path}` has {}, and {} is the most",
                megabytes(size),
                megabytes(limit)
            ),
        )
        .help("make it smaller"),
        Failure::Outside => Diagnostic::new(
            Code::PathOutsideIssue,
            format!("`{path}` leads out of the issue's folder"),
        )
        .help("copy the file into the issue's folder and name it there"),
        Failure::Refused(error) => Diagnostic::new(
            Code::UnreadableFile,
            format!("`{path}` cannot be read: {error}"),
        )
        .help("mend its permissions"),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// The whole of a file, for faults that have no place in it.
pub fn start_of(file: FileId) -> Span {
    Span {
        file,
        start: 0,
        end: 0,
    }
}
