//! The exports of other services, known by their columns, and what each column
//! becomes here.
//!
//! Where the columns are documented:
//!
//! - **Mailchimp**: three files, of subscribed, unsubscribed and cleaned contacts.
//!   Their headers stand in the fixtures of Ghost's migration tools
//!   (github.com/TryGhost/migrate, `packages/mg-mailchimp-members/src/test/fixtures`):
//!   `Email Address`, `First Name`, `Last Name`, `OPTIN_TIME`, `CONFIRM_TIME`, `TAGS`,
//!   and `LAST_CHANGED`, `UNSUB_TIME` or `CLEAN_TIME`. A tag stands in quotes of its
//!   own inside its cell.
//! - **listmonk**: `uuid, email, name, attributes, status, created_at, updated_at`
//!   (github.com/knadh/listmonk, `cmd/subscribers.go`); `attributes` is a JSON object,
//!   `status` is enabled, disabled or blocklisted.
//! - **Ghost**: `id, email, name, note, subscribed_to_emails, complimentary_plan,
//!   stripe_customer_id, created_at, deleted_at, labels, tiers` (github.com/TryGhost/Ghost,
//!   the tests of its members' exporter).
//! - **Substack**: `email, active_subscription, expiry, plan, email_disabled,
//!   created_at, first_payment_at`, in older files `type` for `plan`
//!   (github.com/TryGhost/migrate, `packages/mg-substack-members-csv`).
//! - **Buttondown**: the columns are the fields of a subscriber in its interface
//!   (github.com/buttondown/openapi): `email_address` or `email`, `subscriber_type` or
//!   `type`, `tags`, `metadata`, `creation_date`, `unsubscription_date`.

/// Where a list comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Service {
    /// Our own export, or any other list.
    #[default]
    Plain,
    /// Mailchimp.
    Mailchimp,
    /// listmonk.
    Listmonk,
    /// Ghost.
    Ghost,
    /// Substack.
    Substack,
    /// Buttondown.
    Buttondown,
}

impl Service {
    /// Its name; none for a list of no service.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Service::Plain => None,
            Service::Mailchimp => Some("Mailchimp"),
            Service::Listmonk => Some("listmonk"),
            Service::Ghost => Some("Ghost"),
            Service::Substack => Some("Substack"),
            Service::Buttondown => Some("Buttondown"),
        }
    }

    /// Whose export has these columns, in the form of [`plain_name`].
    fn of(names: &[String]) -> Service {
        let has = |name: &str| names.iter().any(|other| other == name);
        let any = |wanted: &[&str]| wanted.iter().any(|name| has(name));
        if has("email_address")
            && any(&[
                "member_rating",
                "optin_time",
                "leid",
                "euid",
                "clean_time",
                "unsub_time",
            ])
        {
            Service::Mailchimp
        } else if has("uuid") && has("email") && has("attributes") && has("status") {
            Service::Listmonk
        } else if has("email") && has("subscribed_to_emails") {
            Service::Ghost
        } else if has("email") && any(&["active_subscription", "email_disabled"]) {
            Service::Substack
        } else if any(&["email", "email_address"])
            && any(&["creation_date", "unsubscription_date"])
            && any(&["subscriber_type", "type", "unsubscription_date"])
        {
            Service::Buttondown
        } else {
            Service::Plain
        }
    }
}

/// Whether somebody gets mail, as a list says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Yes.
    Subscribed,
    /// No: the person has left.
    Left,
    /// No, for this reason.
    Suppressed(&'static str),
    /// Not yet: the person never confirmed.
    Unconfirmed,
}

impl Standing {
    /// What a word in a column of states means; none if it is not known.
    pub fn of_word(word: &str) -> Option<Standing> {
        let word = word.trim().to_lowercase().replace([' ', '-'], "_");
        Some(match word.as_str() {
            "active" | "subscribed" | "enabled" | "confirmed" | "regular" | "premium"
            | "gifted" | "trialed" | "churning" | "past_due" | "paid" | "free" | "comped" => {
                Standing::Subscribed
            }
            "left" | "unsubscribed" | "unsubscribe" | "opted_out" | "optout" | "opt_out"
            | "disabled" | "inactive" | "removed" | "deleted" | "paused" | "archived" => {
                Standing::Left
            }
            "bounced" | "bounce" | "hard_bounced" | "cleaned" | "undeliverable" | "invalid" => {
                Standing::Suppressed("bounced")
            }
            "complained" | "complaint" | "spam" => Standing::Suppressed("complaint"),
            "suppressed" | "blocked" | "blocklisted" | "blacklisted" | "blocklist" | "spammy"
            | "malicious" | "banned" => Standing::Suppressed("suppressed"),
            "unconfirmed" | "pending" | "unactivated" | "non_subscribed" | "nonsubscribed"
            | "transactional" => Standing::Unconfirmed,
            _ => return None,
        })
    }
}

/// What says whether somebody gets mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// A word in this column.
    Word(usize),
    /// Anything in this column, a time for the most part, means this.
    Filled(usize, Standing),
    /// This column says yes or no; the other than usual means this.
    Flag {
        /// The column.
        column: usize,
        /// What it says of those who get mail.
        usual: bool,
        /// What the other means.
        otherwise: Standing,
    },
    /// The whole file is of such people.
    All(Standing),
}

/// How the groups of a person are written in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Groups {
    /// Words with commas between them, in quotes or not, or a JSON array.
    Words,
    /// A JSON object: a name and a value each.
    Json,
}

/// Where each value stands.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// Whose list it is.
    pub service: Service,
    pub email: usize,
    pub name: Option<usize>,
    pub first_name: Option<usize>,
    pub last_name: Option<usize>,
    pub language: Option<usize>,
    pub editions: Option<usize>,
    pub segments: Vec<(usize, Groups)>,
    pub consent_source: Option<usize>,
    /// The first that is filled counts.
    pub consent_time: Vec<usize>,
    pub signs: Vec<Sign>,
    /// Why somebody gets no mail.
    pub reason: Option<usize>,
}

/// A value of ours that a column can be named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The address.
    Email,
    /// What the person is called.
    Name,
    /// The first part of that.
    FirstName,
    /// The last part of that.
    LastName,
    /// The language.
    Language,
    /// The editions, by commas.
    Editions,
    /// The segments, by commas.
    Segments,
    /// Where the person agreed.
    ConsentSource,
    /// When.
    ConsentTime,
    /// Whether the person gets mail.
    Status,
}

impl Field {
    /// Every field, as it is named.
    pub const ALL: [(&'static str, Field); 10] = [
        ("email", Field::Email),
        ("name", Field::Name),
        ("first_name", Field::FirstName),
        ("last_name", Field::LastName),
        ("language", Field::Language),
        ("editions", Field::Editions),
        ("segments", Field::Segments),
        ("consent_source", Field::ConsentSource),
        ("consent_time", Field::ConsentTime),
        ("status", Field::Status),
    ];
}

/// A column that is named for a value: `email=E-Mail`. An empty name leaves the
/// value out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The value.
    pub field: Field,
    /// The column's name in the list.
    pub column: String,
}

impl std::str::FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Named, String> {
        let all = || Field::ALL.map(|(name, _)| name).join(", ");
        let Some((field, column)) = text.split_once('=') else {
            return Err(format!(
                "write a value, `=` and the name of the column: email=E-Mail; the values are {}",
                all()
            ));
        };
        let known = Field::ALL.iter().find(|(name, _)| *name == field.trim());
        let Some((_, field)) = known else {
            return Err(format!("`{field}` is none of {}", all()));
        };
        Ok(Named {
            field: *field,
            column: column.trim().to_owned(),
        })
    }
}

/// The name of a column without what differs from file to file: small letters, `_`
/// for spaces and hyphens.
pub fn plain_name(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    let name = name.trim_start_matches('\u{feff}').trim().to_lowercase();
    name.replace([' ', '-'], "_")
}

/// Why the columns of a list say nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoColumn {
    /// There is no address.
    Email,
    /// None has this name.
    Named(String),
}

impl Columns {
    /// The columns of a list with this header.
    ///
    /// # Errors
    /// See [`NoColumn`].
    pub fn of(names: &[String], named: &[Named]) -> Result<Columns, NoColumn> {
        let service = Service::of(names);
        let find = |wanted: &str| names.iter().position(|name| name == wanted);
        let first = |wanted: &[&str]| wanted.iter().find_map(|name| find(name));
        let mut email = first(match service {
            Service::Mailchimp | Service::Buttondown => &["email_address", "email"],
            _ => &["email"],
        });
        let mut columns = Columns {
            service,
            name: first(&["name", "full_name"]),
            first_name: first(&["first_name", "fname"]),
            last_name: first(&["last_name", "lname"]),
            language: find("language"),
            consent_source: find("consent_source"),
            ..Columns::default()
        };
        columns.of_service(&find);
        for named in named {
            let at = match named.column.as_str() {
                "" => None,
                column => Some(
                    find(&plain_name(column.as_bytes()))
                        .ok_or_else(|| NoColumn::Named(column.to_owned()))?,
                ),
            };
            match named.field {
                Field::Email => email = at,
                field => columns.set(field, at),
            }
        }
        columns.email = email.ok_or(NoColumn::Email)?;
        Ok(columns)
    }

    fn of_service(&mut self, find: &dyn Fn(&str) -> Option<usize>) {
        let groups = |names: &[(&str, Groups)]| -> Vec<(usize, Groups)> {
            let found = names.iter();
            found
                .filter_map(|(name, how)| Some((find(name)?, *how)))
                .collect()
        };
        let (segments, times): (&[(&str, Groups)], &[&str]) = match self.service {
            Service::Plain => (&[("segments", Groups::Words)], &["consent_time"]),
            Service::Mailchimp => (&[("tags", Groups::Words)], &["confirm_time", "optin_time"]),
            Service::Listmonk => (&[("attributes", Groups::Json)], &["created_at"]),
            Service::Ghost => (
                &[("labels", Groups::Words), ("tiers", Groups::Words)],
                &["created_at"],
            ),
            Service::Substack => (
                &[("plan", Groups::Words), ("type", Groups::Words)],
                &["created_at"],
            ),
            Service::Buttondown => (
                &[("tags", Groups::Words), ("metadata", Groups::Json)],
                &["creation_date"],
            ),
        };
        self.segments = groups(segments);
        self.consent_time = times.iter().filter_map(|name| find(name)).collect();
        if self.service == Service::Plain {
            self.editions = find("editions");
            self.reason = find("reason");
        }
        self.signs = signs(self.service, find);
    }

    fn set(&mut self, field: Field, at: Option<usize>) {
        match field {
            Field::Email => {}
            Field::Name => self.name = at,
            Field::FirstName => self.first_name = at,
            Field::LastName => self.last_name = at,
            Field::Language => self.language = at,
            Field::Editions => self.editions = at,
            Field::Segments => match at {
                Some(at) => self.segments.push((at, Groups::Words)),
                None => self.segments.clear(),
            },
            Field::ConsentSource => self.consent_source = at,
            Field::ConsentTime => self.consent_time = at.into_iter().collect(),
            Field::Status => {
                let is_word = |sign: &Sign| matches!(sign, Sign::Word(_));
                self.signs.retain(|sign| !is_word(sign));
                self.signs.extend(at.map(Sign::Word));
            }
        }
    }
}

fn signs(service: Service, find: &dyn Fn(&str) -> Option<usize>) -> Vec<Sign> {
    let word = |name: &str| find(name).map(Sign::Word);
    let filled = |name: &str, standing| find(name).map(|at| Sign::Filled(at, standing));
    let flag = |name: &str, usual| {
        find(name).map(|column| Sign::Flag {
            column,
            usual,
            otherwise: Standing::Left,
        })
    };
    const CLEANED: Standing = Standing::Suppressed("cleaned");
    let signs = match service {
        Service::Plain | Service::Listmonk => vec![word("status")],
        Service::Mailchimp => {
            // Only the file of those who are subscribed says when they last changed.
            let whole = |name: &str, standing| {
                let is_whole = find(name).is_some() && find("last_changed").is_none();
                is_whole.then_some(Sign::All(standing))
            };
            vec![
                word("status"),
                whole("unsub_time", Standing::Left),
                whole("clean_time", CLEANED),
                filled("unsub_time", Standing::Left),
                filled("clean_time", CLEANED),
            ]
        }
        Service::Ghost => vec![
            flag("subscribed_to_emails", true),
            filled("deleted_at", Standing::Left),
        ],
        Service::Substack => vec![flag("email_disabled", false)],
        Service::Buttondown => vec![
            word("subscriber_type").or_else(|| word("type")),
            filled("unsubscription_date", Standing::Left),
        ],
    };
    signs.into_iter().flatten().collect()
}
