//! The message for each recipient: places filled in, return path and links with
//! their tokens, signed.

use chrono::{DateTime, Utc};
use press_delivery::{Ledger, Row, Stamped, Variant};
use press_message::{
    Attachment, DkimKey, Headers, Mailbox, Originator, Parts, Prepared, Purpose, Recipient,
    TokenKeys, TokenPurpose, Unsubscribe, message_id, prepare, sign,
};
use press_model::Publication;
use serde::{Deserialize, Serialize};

use crate::delivery::Desk;
use crate::open::Material;

/// What is frozen beside the message, so that a resume makes the same of it whatever
/// publication.toml says by then. Keys are no part of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Terms {
    /// What Message-IDs are made with.
    campaign: String,
    from: String,
    return_path: Option<String>,
    /// Where readers write to who want to leave.
    leave: String,
    /// Whether that address takes a tag.
    leave_is_tagged: bool,
    /// The https address to leave at.
    click: Option<String>,
}

/// All that makes a prepared message somebody's.
#[derive(Clone)]
pub struct Letters {
    campaign: String,
    from: Mailbox,
    return_path: Option<Mailbox>,
    leave: Mailbox,
    has_leave: bool,
    click: Option<String>,
    tokens: TokenKeys,
    dkim: Vec<DkimKey>,
}

impl Terms {
    /// As publication.toml has them now.
    pub fn of(desk: &Desk, material: &Material) -> anyhow::Result<Terms> {
        let publication = &material.publication;
        let originator = Originator::of(publication)?;
        let answers = originator.reply_to.as_ref().unwrap_or(&originator.from);
        let leave = desk.settings.leave.clone();
        Ok(Terms {
            campaign: format!("{}.{}", publication.slug, material.issue.name),
            return_path: desk.settings.return_path.clone(),
            leave_is_tagged: leave.is_some(),
            leave: leave.unwrap_or_else(|| answers.address().to_owned()),
            click: publication
                .sender
                .as_ref()
                .and_then(|sender| sender.unsubscribe.clone()),
            from: originator.from.address().to_owned(),
        })
    }
}

impl Letters {
    pub async fn new(desk: &Desk<'_>, terms: &Terms, ledger: &Ledger) -> anyhow::Result<Letters> {
        let letters = Letters {
            campaign: terms.campaign.clone(),
            from: Mailbox::parse(&terms.from)?,
            return_path: terms
                .return_path
                .as_deref()
                .map(Mailbox::parse)
                .transpose()?,
            leave: Mailbox::parse(&terms.leave)?,
            has_leave: terms.leave_is_tagged,
            click: terms.click.clone(),
            tokens: desk.tokens(ledger).await?,
            dkim: desk.dkim()?,
        };
        letters.check_lengths()?;
        Ok(letters)
    }

    /// A mark of usual length must find room in both addresses (RFC 5321 §4.5.3.1.1).
    fn check_lengths(&self) -> anyhow::Result<()> {
        let subscriber = "0".repeat(16);
        let tag = |purpose| self.tokens.token(purpose, &subscriber);
        let mut tagged_ones = Vec::new();
        if let Some(path) = &self.return_path {
            tagged_ones.push(("return_path", path, tag(TokenPurpose::Bounce)));
        }
        if self.has_leave {
            tagged_ones.push(("leave", &self.leave, tag(TokenPurpose::Unsubscribe)));
        }
        for (key, mailbox, tag) in tagged_ones {
            if Mailbox::parse(&tagged(mailbox, &tag)).is_err() {
                anyhow::bail!(
                    "`{key}` in `[sender]` is too long: with a reader's mark ({} characters) what \
                     stands before the `@` has at most 64; make it shorter",
                    tag.len() + 1
                );
            }
        }
        Ok(())
    }

    /// The message with its places, as it is frozen.
    pub fn prepare(
        &self,
        publication: &Publication,
        parts: &Parts,
        attachments: &[Attachment],
        date: DateTime<Utc>,
    ) -> anyhow::Result<Prepared> {
        let originator = Originator::of(publication)?;
        let headers = Headers {
            list_id: Some(list_id(publication, &self.from)),
            from: originator.from,
            reply_to: originator.reply_to,
            date,
        };
        Ok(prepare(parts, &headers, attachments)?)
    }

    /// The message for one recipient.
    pub fn stamp(
        &self,
        prepared: &Prepared,
        row: &Row,
        purpose: Purpose,
        at: DateTime<Utc>,
    ) -> Result<Stamped, String> {
        self.try_stamp(prepared, row, purpose, at)
            .map_err(|error| format!("no message can be made: {error}"))
    }

    fn try_stamp(
        &self,
        prepared: &Prepared,
        row: &Row,
        purpose: Purpose,
        at: DateTime<Utc>,
    ) -> Result<Stamped, press_message::Error> {
        let to = Mailbox::parse_recipient(&row.address)?;
        let id = message_id(&self.campaign, &to, purpose, self.from.domain());
        let token = self
            .tokens
            .token(TokenPurpose::Unsubscribe, &row.subscriber);
        let leave = match self.has_leave {
            true => Mailbox::parse(&tagged(&self.leave, &token))?,
            false => self.leave.clone(),
        };
        let mut unsubscribe = Unsubscribe::by_mail(&leave);
        if let Some(click) = &self.click {
            let joint = if click.ends_with(['/', '=', '?']) {
                ""
            } else {
                "/"
            };
            unsubscribe = unsubscribe.and_by_click(&format!("{click}{joint}{token}"))?;
        }
        let mut recipient = Recipient::new(&to, id.clone(), unsubscribe);
        if let Some(name) = &row.name {
            recipient = recipient.called(name);
        }
        let message = prepared.message(&recipient)?;
        let content = match self.dkim.is_empty() {
            true => message,
            false => sign(&message, &self.dkim, at),
        };
        let from = match &self.return_path {
            Some(mailbox) => {
                let token = self.tokens.token(TokenPurpose::Bounce, &row.subscriber);
                tagged(mailbox, &token)
            }
            None => self.from.address().to_owned(),
        };
        Ok(Stamped {
            from,
            message_id: id,
            content,
        })
    }

    /// A message to nobody, for its size.
    pub fn sample(&self, prepared: &Prepared) -> anyhow::Result<Stamped> {
        let row = Row {
            id: 0,
            subscriber: "0".repeat(16),
            address: "reader@example.org".to_owned(),
            domain: "example.org".to_owned(),
            name: None,
            variant: Variant::Plain,
            attempts: 0,
            first_sent: None,
        };
        let at = DateTime::UNIX_EPOCH;
        self.stamp(prepared, &row, Purpose::Campaign, at)
            .map_err(anyhow::Error::msg)
    }

    /// What is weak and no fault.
    pub fn warnings(&self) -> Vec<String> {
        let from = self.from.domain();
        let by_dkim = self.dkim.iter().any(|key| aligned(key.domain(), from));
        let path = self.return_path.as_ref().unwrap_or(&self.from);
        let by_path = aligned(path.domain(), from);
        match (by_dkim, by_path) {
            (true, true) | (false, false) => Vec::new(),
            (true, false) => vec![format!(
                "the return path's domain {} is not {from}'s: DMARC rests on DKIM alone",
                path.domain()
            )],
            (false, true) => vec![
                "no signature of the sender's domain (DKIM): DMARC rests on the return path alone, \
                 and fails when the message is forwarded"
                    .to_owned(),
            ],
        }
    }

    /// What large hosts ask of those who write to many.
    pub fn missing(&self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if !self.dkim.iter().any(DkimKey::is_rsa) {
            missing.push("a signature (`[dkim]`)");
        }
        if self.click.is_none() {
            missing.push("leaving by one click (`unsubscribe` in `[sender]`)");
        }
        if self.return_path.is_none() {
            missing.push("a return path for each reader (`return_path` in `[sender]`)");
        }
        missing
    }
}

/// Refuses a message that neither DKIM nor the return path connects with its From:
/// DMARC (RFC 7489 §3.1), relaxed.
pub fn alignment(material: &Material) -> Result<(), String> {
    let Ok(originator) = Originator::of(&material.publication) else {
        return Ok(());
    };
    let from = originator.from.domain();
    let dkim = material.delivery.dkim.as_ref().map(|dkim| &dkim.domain);
    let path = material.delivery.return_path.as_ref();
    let by_dkim = dkim.is_some_and(|domain| aligned(domain, from));
    let by_path = path.is_none_or(|path| {
        let domain = path.rsplit('@').next().unwrap_or_default();
        aligned(domain, from)
    });
    match by_dkim || by_path {
        true => Ok(()),
        false => Err(format!(
            "neither DKIM's domain nor the return path's belongs to {from}, the domain of `from`: \
             DMARC would fail everywhere"
        )),
    }
}

/// Whether two domains have one organizational domain (RFC 7489 §3.2), by the public
/// suffix list.
fn aligned(one: &str, other: &str) -> bool {
    let organization = |domain: &str| {
        let domain = domain.trim_end_matches('.').to_ascii_lowercase();
        psl::domain_str(&domain).map_or(domain.clone(), str::to_owned)
    };
    organization(one) == organization(other)
}

/// `bounces@…` with a token: `bounces+TOKEN@…`.
fn tagged(mailbox: &Mailbox, token: &str) -> String {
    let address = mailbox.address();
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}+{token}@{domain}"),
        None => address.to_owned(),
    }
}

fn list_id(publication: &Publication, from: &Mailbox) -> String {
    format!("{}.{}", publication.slug, from.domain())
}

#[cfg(test)]
mod tests {
    use super::aligned;

    #[test]
    fn domains_of_one_organization_are_aligned() {
        assert!(aligned("news.review.org", "Mail.Review.org"));
        assert!(aligned("review.co.uk", "a.b.review.co.uk"));
        assert!(!aligned("review.co.uk", "other.co.uk"));
        assert!(!aligned("myreview.org", "review.org"));
    }
}
