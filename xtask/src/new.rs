//! `new`: begins an issue with last issue's sections, empty, and the next number.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use chrono::{Datelike as _, Days, Months, NaiveDate};
use press_model::{Issue, Publication, month_and_year};

use crate::cli::NewArgs;
use crate::{Console, Exit, draw};

/// What publication.toml says before anyone has written one.
const FIRST_PUBLICATION: &str = include_str!("publication.toml");

/// Runs the command.
pub fn run(args: &NewArgs, console: &mut Console) -> anyhow::Result<Exit> {
    let issues = &args.dir.issues;
    let name = args.issue.as_str();
    let Some(date) = last_day_of_month(name) else {
        console.error(&format!(
            "error: `{name}` is no name for an issue: it is the year and the month, as in 2024-12\n"
        ));
        return Ok(Exit::Usage);
    };
    let folder = issues.join(name);
    if folder.exists() {
        console.error(&format!("error: `{}` is already there\n", folder.display()));
        return Ok(Exit::Usage);
    }
    fs::create_dir_all(issues).with_context(|| format!("cannot make `{}`", issues.display()))?;
    let publication_file = issues.join("publication.toml");
    if !publication_file.exists() {
        write(&publication_file, FIRST_PUBLICATION)?;
        console.print(&format!("made   {}\n", publication_file.display()));
    }
    let last = last_issue_before(issues, name)?;
    if let Some((last_name, None)) = &last {
        let reading = press_source::read(issues, last_name);
        console.error(&draw::draw(
            &reading.diagnostics,
            &reading.sources,
            console.colour(),
        ));
        console.error(&format!(
            "error: {last_name}, which comes before, has faults: mend them first\n"
        ));
        return Ok(Exit::Faults);
    }
    let last = last.and_then(|(name, source)| Some((name, source?)));
    // Written beside and renamed, so that an issue is there whole or not at all.
    let beside = issues.join(format!(".{name}.new"));
    if beside.exists() {
        fs::remove_dir_all(&beside)
            .with_context(|| format!("cannot remove `{}`", beside.display()))?;
    }
    let images = beside.join("images");
    fs::create_dir_all(&images).with_context(|| format!("cannot make `{}`", images.display()))?;
    write(
        &beside.join("issue.toml"),
        &issue_toml(date, last.as_ref().map(|(_, s)| s)),
    )?;
    fs::rename(&beside, &folder)
        .with_context(|| format!("cannot rename `{}`", beside.display()))?;
    console.print(&format!("made   {}\n", folder.join("issue.toml").display()));
    console.print(&match &last {
        Some((last, _)) => format!("The sections are those of {last}, without articles.\n"),
        None => "It is the first: name its sections in issue.toml.\n".to_owned(),
    });
    console.print(&format!(
        "Write an article beside it as a Markdown file, list it in its section, then:\n\
         cargo xtask check {name}\n"
    ));
    Ok(Exit::Done)
}

/// The last day of the month that an issue is named after.
fn last_day_of_month(name: &str) -> Option<NaiveDate> {
    let (year, month) = name.split_once('-')?;
    if year.len() != 4 || month.len() != 2 {
        return None;
    }
    let first = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)?;
    first
        .checked_add_months(Months::new(1))?
        .checked_sub_days(Days::new(1))
}

type Source = (Publication, Issue);

/// The last issue before `name`: its name, and its content unless it has faults.
fn last_issue_before(
    issues: &Path,
    name: &str,
) -> anyhow::Result<Option<(String, Option<Source>)>> {
    let names = press_source::issue_names(issues)
        .with_context(|| format!("cannot list `{}`", issues.display()))?;
    let Some(last) = names.into_iter().rfind(|other| other.as_str() < name) else {
        return Ok(None);
    };
    let reading = press_source::read(issues, &last);
    Ok(Some((
        last,
        reading
            .source
            .map(|source| (source.publication, source.issue)),
    )))
}

/// The issue.toml of a new issue.
fn issue_toml(date: NaiveDate, last: Option<&Source>) -> String {
    let mut text = String::from("format = 1\n");
    if let Some(number) = last.and_then(|(_, issue)| issue.number) {
        text.push_str(&format!("number = {}\n", number.saturating_add(1)));
    }
    text.push_str(&format!(
        "date = {}-{:02}-{:02}\n",
        date.year(),
        date.month(),
        date.day()
    ));
    let subject = match last {
        Some((publication, _)) => {
            let month = month_and_year(date, &publication.language);
            format!("{}: {month}", publication.short_title)
        }
        None => format!("{}-{:02}", date.year(), date.month()),
    };
    text.push_str(&format!("subject = {}\n", quoted(&subject)));
    text.push_str("# The line that inboxes show after the subject, 40 to 130 characters.\n");
    text.push_str("preheader = \"\"\n\n");
    text.push_str(
        "# [cover]\n# picture = \"images/cover.jpg\"\n# alt = \"What the picture shows\"\n",
    );
    text.push_str("# credit = \"Who made it\"\n# line = \"The cover line\"\n");
    match last {
        Some((_, issue)) => {
            for section in &issue.sections {
                let title = quoted(&section.title);
                text.push_str(&format!("\n[[section]]\ntitle = {title}\narticles = []\n"));
            }
        }
        None => text.push_str("\n[[section]]\ntitle = \"News\"\narticles = []\n"),
    }
    text
}

/// A string as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months() {
        let day = |name| last_day_of_month(name).map(|date| date.to_string());
        assert_eq!(day("2024-02").as_deref(), Some("2024-02-29"));
        assert_eq!(day("2024-12").as_deref(), Some("2024-12-31"));
        for bad in [
            "2024-13",
            "2024-1",
            "24-01",
            "december",
            "2024",
            "",
            "2024-01-01",
        ] {
            assert_eq!(day(bad), None, "{bad}");
        }
    }
}
