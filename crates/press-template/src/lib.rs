//! The layers of templates for every edition and the report, and what the HTML editions share:
//! the environment of minijinja and the one writer of inline HTML.
//!
//! A template of the issue stands over one of the publication, and that over the
//! built-in one, file by file: overriding one partial is one file. The reader of
//! the source has already laid the files over the publication's.

mod built_in;
mod inline_html;

use std::collections::BTreeMap;
use std::error::Error as _;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use press_model::{Code, Diagnostic, FileId, Span, TemplateFile};

pub use built_in::BUILT_IN;
pub use inline_html::{InlineTarget, escape_html, inline_html};

/// How deep templates may include one another, as minijinja counts (ten for each
/// inclusion): blocks nest 16 deep and a level may take several inclusions.
const RECURSION_LIMIT: usize = 1_500;

/// How many steps a template may take: a loop in a loop in a loop would keep the
/// machine for ever. An issue of a thousand articles takes a small part of it.
const FUEL: u64 = 20_000_000;

/// Every template that a build may use, by its name below the templates folder
/// (`epub/article.xhtml`).
#[derive(Debug, Clone)]
pub struct Templates {
    layered: BTreeMap<String, Template>,
    unused: Vec<TemplateFile>,
}

#[derive(Debug, Clone)]
struct Template {
    text: String,
    /// The file that replaces the built-in template.
    file: Option<FileId>,
}

impl Templates {
    /// Lays the files of a publication and its issue over the built-in ones.
    pub fn new(overrides: Vec<TemplateFile>) -> Templates {
        let mut layered: BTreeMap<String, Template> = BUILT_IN
            .iter()
            .map(|(name, text)| {
                (
                    (*name).to_owned(),
                    Template {
                        text: (*text).to_owned(),
                        file: None,
                    },
                )
            })
            .collect();
        let mut unused = Vec::new();
        for TemplateFile { name, text, file } in overrides {
            match layered.get_mut(&name) {
                Some(template) => {
                    *template = Template {
                        text,
                        file: Some(file),
                    }
                }
                None => unused.push(TemplateFile { name, text, file }),
            }
        }
        // A file that replaces nothing is still there for the files that do:
        // a designer may split a partial in two.
        for TemplateFile { name, text, file } in &unused {
            layered.insert(
                name.clone(),
                Template {
                    text: text.clone(),
                    file: Some(*file),
                },
            );
        }
        Templates { layered, unused }
    }

    /// The text of a template.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.layered
            .get(name)
            .map(|template| template.text.as_str())
    }

    /// The source file of a template; none for a built-in one.
    pub fn file(&self, name: &str) -> Option<FileId> {
        self.layered.get(name)?.file
    }

    /// The names of the templates below `folder`, whole.
    pub fn names(&self, folder: &str) -> impl Iterator<Item = &str> {
        let prefix = format!("{folder}/");
        self.layered
            .keys()
            .map(String::as_str)
            .filter(move |name| name.starts_with(&prefix))
    }

    /// Every template with its text, for the record of a build.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.layered
            .iter()
            .map(|(name, template)| (name.as_str(), template.text.as_str()))
    }

    /// Warnings about files that replace no built-in template and that no
    /// template includes by name.
    pub fn unused(&self) -> Vec<Diagnostic> {
        self.unused
            .iter()
            .filter(|unused| !self.is_mentioned(&unused.name))
            .map(|unused| {
                let span = Span {
                    file: unused.file,
                    start: 0,
                    end: 0,
                };
                let message = format!("`{}` replaces no built-in template", unused.name);
                let diagnostic = Diagnostic::new(Code::UnusedTemplate, message).at(span);
                match self.nearest_built_in(&unused.name) {
                    Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
                    None => diagnostic.help(
                        "a template replaces the built-in one of the same folder and name; \
                         docs/templates.md lists them",
                    ),
                }
            })
            .collect()
    }

    /// The environment for the templates below `folder`, which are known in it by
    /// their names without that folder. Undefined values are errors; whatever is
    /// printed is escaped for HTML.
    pub fn environment(&self, folder: &str) -> Environment<'_> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_debug(true);
        environment.set_recursion_limit(RECURSION_LIMIT);
        environment.set_fuel(Some(FUEL));
        // Fails only on delimiters, and these are the usual ones.
        if let Ok(syntax) = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
        {
            environment.set_syntax(syntax);
        }
        let prefix = format!("{folder}/");
        let loader: BTreeMap<String, String> = self
            .names(folder)
            .filter_map(|name| {
                Some((
                    name.strip_prefix(&prefix)?.to_owned(),
                    self.text(name)?.to_owned(),
                ))
            })
            .collect();
        environment.set_loader(move |name| Ok(loader.get(name).cloned()));
        environment
    }

    /// What is wrong with a template below `folder`, as minijinja found it: the
    /// innermost cause, with the place in the file where the file is an
    /// override.
    pub fn diagnose(&self, folder: &str, error: &minijinja::Error) -> Diagnostic {
        let mut deepest = error;
        while let Some(cause) = deepest
            .source()
            .and_then(|s| s.downcast_ref::<minijinja::Error>())
        {
            deepest = cause;
        }
        let name = format!("{folder}/{}", deepest.name().unwrap_or("?"));
        let line = deepest.line().unwrap_or(1);
        let detail = deepest
            .detail()
            .map_or_else(String::new, |detail| format!(": {detail}"));
        let kind = match deepest.kind() {
            ErrorKind::OutOfFuel => "it runs without end".to_owned(),
            kind => kind.to_string(),
        };
        let message = format!("the template `{name}` does not work: {kind}{detail}");
        let help = "mend the template, or take the file away to use the built-in one";
        match (self.file(&name), self.text(&name)) {
            (Some(file), Some(text)) => {
                let (start, end) = match deepest.range() {
                    Some(range) => (range.start, range.end),
                    None => line_range(text, line),
                };
                let span = Span {
                    file,
                    start: start as u32,
                    end: end as u32,
                };
                Diagnostic::new(Code::InvalidTemplate, message)
                    .at(span)
                    .help(help)
            }
            _ => Diagnostic::new(Code::InvalidTemplate, format!("{message} (line {line})")),
        }
    }

    fn is_mentioned(&self, name: &str) -> bool {
        let file_name = name.rsplit('/').next().unwrap_or(name);
        self.layered
            .iter()
            .any(|(other, template)| other != name && template.text.contains(file_name))
    }

    /// The built-in template in the same folder whose name is most alike.
    fn nearest_built_in(&self, name: &str) -> Option<&'static str> {
        let stem = |name: &str| {
            let file = name.rsplit('/').next().unwrap_or(name);
            file.split('.').next().unwrap_or(file).to_owned()
        };
        BUILT_IN
            .iter()
            .map(|(built_in, _)| *built_in)
            .find(|built_in| {
                built_in.split('/').next() == name.split('/').next() && stem(built_in) == stem(name)
            })
    }
}

/// The bytes of a line, counted from 1, without its end.
fn line_range(text: &str, line: usize) -> (usize, usize) {
    let start = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum::<usize>()
        .min(text.len());
    let length = text[start..].lines().next().map_or(0, str::len);
    (start, start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn override_of(name: &str, text: &str) -> TemplateFile {
        TemplateFile {
            name: name.into(),
            text: text.into(),
            file: FileId(7),
        }
    }

    #[test]
    fn the_list_of_built_in_templates_is_the_folder() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
        let mut found = Vec::new();
        for folder in ["email", "epub", "pdf", "report"] {
            let mut folders = vec![root.join(folder)];
            while let Some(folder) = folders.pop() {
                for entry in std::fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    if path.is_dir() {
                        folders.push(path);
                    } else {
                        let name = path
                            .strip_prefix(&root)
                            .unwrap()
                            .to_str()
                            .unwrap()
                            .to_owned();
                        found.push(name.replace('\\', "/"));
                    }
                }
            }
        }
        found.sort();
        let listed: Vec<_> = BUILT_IN
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        assert_eq!(listed, found);
    }

    #[test]
    fn a_fault_in_an_override_names_its_line() {
        let text = "<p>one</p>\n{{ nothing_of_the_kind }}\n";
        let templates = Templates::new(vec![override_of("email/extra.html", text)]);
        let environment = templates.environment("email");
        let error = environment
            .get_template("extra.html")
            .unwrap()
            .render(())
            .unwrap_err();
        let diagnostic = templates.diagnose("email", &error);
        assert!(
            diagnostic.message.contains("email/extra.html"),
            "{}",
            diagnostic.message
        );
        let span = diagnostic.labels[0].span;
        assert_eq!(
            &text[span.start as usize..span.end as usize],
            "nothing_of_the_kind"
        );
    }

    #[test]
    fn a_file_that_replaces_nothing_is_named() {
        let templates = Templates::new(vec![override_of("email/extra.html", "")]);
        assert_eq!(templates.unused()[0].code, Code::UnusedTemplate);
    }

    #[test]
    fn lines_are_found() {
        assert_eq!(line_range("one\ntwo\n", 2), (4, 7));
        assert_eq!(line_range("one", 9), (3, 3));
        assert_eq!(line_range("", 1), (0, 0));
    }
}
