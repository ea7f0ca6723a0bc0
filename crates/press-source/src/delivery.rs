//! The tables `[relay]`, `[ledger]` and `[dkim]` of publication.toml: how an issue
//! reaches its list.

use press_model::{
    DeliverySettings, DkimSettings, LedgerPlace, RelayAuth, RelaySettings, RelaySort, RelayTls,
    Slug,
};

use crate::fields::{Fields, invalid};
use crate::publication::{SENDER_KEYS, web_address};
use crate::reader::Reader;

/// The most connections that a relay is asked for, and the highest port.
const MOST_CONNECTIONS: u32 = 200;
const HIGHEST_PORT: u32 = 65_535;
/// The highest rate, in messages a second.
const HIGHEST_RATE: f64 = 100_000.0;

/// Reads the tables. `return_path` and `leave` stand in `[sender]`.
pub fn delivery(fields: &Fields, list: Option<Slug>, reader: &mut Reader) -> DeliverySettings {
    let ledger = fields
        .value("ledger")
        .and_then(|value| Fields::of_table(value, &["url"], reader))
        .and_then(|ledger| url(&ledger, reader));
    let sender = fields.value("sender").and_then(|value| {
        // What is unknown in it was reported where the sender was read.
        let told = reader.diagnostics.len();
        let sender = Fields::of_table(value, &SENDER_KEYS, reader);
        reader.diagnostics.truncate(told);
        sender
    });
    let mailbox = |key: &str, reader: &mut Reader| {
        let text = sender.as_ref()?.text(key, reader)?;
        if !text.text.contains('@') || text.text.contains(['<', ' ', '+']) {
            reader.report(invalid(
                format!("`{key}` must be an address without a name and without `+`"),
                text.span,
                "each reader's own mark is put behind a `+` before its `@`: `bounces@review.example`",
            ));
            return None;
        }
        Some(text.text)
    };
    DeliverySettings {
        list,
        relay: relay(fields, reader),
        ledger,
        dkim: dkim(fields, reader),
        return_path: mailbox("return_path", reader),
        leave: mailbox("leave", reader),
        downloads: sender.as_ref().and_then(|sender| {
            let text = sender.text("downloads", reader)?;
            web_address(&text, "downloads", reader)
        }),
    }
}

fn url(fields: &Fields, reader: &mut Reader) -> Option<LedgerPlace> {
    let text = fields.required("url", "\"sqlite:.press/deliveries.db\"", reader)?;
    if let Some(path) = text
        .text
        .strip_prefix("sqlite:")
        .filter(|path| !path.is_empty())
    {
        return Some(LedgerPlace::File(path.to_owned()));
    }
    let place = ["postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| text.text.strip_prefix(scheme));
    let Some(place) = place.filter(|place| place.contains('/')) else {
        reader.report(invalid(
            "`url` must begin with `sqlite:` and name a file, or with `postgres://`",
            text.span,
            "write for example `url = \"sqlite:.press/deliveries.db\"`, or \
             `url = \"postgres://press@db.example/press\"`",
        ));
        return None;
    };
    let user = place.rsplit_once('@').map_or("", |(user, _)| user);
    if user.contains(':') || place.contains("password=") {
        reader.report(invalid(
            "`url` must not hold a password",
            text.span,
            "write it without; the password comes from the variable PGPASSWORD or from a file \
             that PGPASSFILE names",
        ));
        return None;
    }
    Some(LedgerPlace::Postgres(text.text))
}

fn relay(fields: &Fields, reader: &mut Reader) -> RelaySettings {
    let known = [
        "kind",
        "host",
        "port",
        "tls",
        "authority",
        "username",
        "password_env",
        "password_file",
        "auth",
        "hello",
        "connections",
        "rate",
        "domain_rate",
        "halt_share",
    ];
    let Some(value) = fields.value("relay") else {
        return RelaySettings::default();
    };
    let Some(fields) = Fields::of_table(value, &known, reader) else {
        return RelaySettings::default();
    };
    let sorts = [("outbox", RelaySort::Outbox), ("smtp", RelaySort::Smtp)];
    let kind = fields.choice("kind", &sorts, reader).unwrap_or_default();
    let tls = [
        ("required", RelayTls::Required),
        ("implicit", RelayTls::Implicit),
        ("none", RelayTls::None),
    ];
    let tls = fields.choice("tls", &tls, reader).unwrap_or_default();
    let auth = [
        ("plain", RelayAuth::Plain),
        ("login", RelayAuth::Login),
        ("xoauth2", RelayAuth::XOauth2),
    ];
    let auth = fields.choice("auth", &auth, reader);
    let text = |key: &str, reader: &mut Reader| {
        fields
            .text(key, reader)
            .map(|text| text.text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let at_most = |key: &str, most: u32, reader: &mut Reader| {
        let number = fields.number(key, reader)?;
        if number > most {
            let message = format!("`{key}` cannot be more than {most}");
            reader.report(invalid(message, fields.span(), "write a smaller number"));
            return None;
        }
        Some(number)
    };
    let host = text("host", reader);
    if kind == RelaySort::Smtp && host.is_none() {
        fields.report_missing("host", "\"127.0.0.1\"", reader);
    }
    let is_loopback = matches!(
        host.as_deref(),
        None | Some("localhost" | "127.0.0.1" | "::1")
    );
    if kind == RelaySort::Smtp && tls == RelayTls::None && !is_loopback {
        reader.report(invalid(
            "without encryption only a relay on this machine is spoken to",
            fields.span(),
            "write `tls = \"required\"` for STARTTLS or `tls = \"implicit\"`",
        ));
    }
    RelaySettings {
        kind,
        host,
        port: at_most("port", HIGHEST_PORT, reader),
        tls,
        authority: text("authority", reader),
        username: text("username", reader),
        password_env: text("password_env", reader),
        password_file: text("password_file", reader),
        auth,
        hello: text("hello", reader),
        connections: at_most("connections", MOST_CONNECTIONS, reader),
        rate: rate("rate", &fields, reader),
        domain_rate: rate("domain_rate", &fields, reader),
        halt_share: fields.decimal("halt_share", 1.0, reader),
    }
}

/// Messages a second, more than none.
fn rate(key: &str, fields: &Fields, reader: &mut Reader) -> Option<f64> {
    let rate = fields.decimal(key, HIGHEST_RATE, reader)?;
    if rate > 0.0 {
        return Some(rate);
    }
    reader.report(invalid(
        format!("`{key}` must be more than 0"),
        fields.span(),
        "leave it out for no limit; `0.1` is one message in ten seconds",
    ));
    None
}

fn dkim(fields: &Fields, reader: &mut Reader) -> Option<DkimSettings> {
    let known = [
        "domain",
        "selector",
        "key",
        "ed25519_selector",
        "ed25519_key",
    ];
    let value = fields.value("dkim")?;
    let fields = Fields::of_table(value, &known, reader)?;
    let domain = fields.required("domain", "\"review.example\"", reader);
    let selector = fields.required("selector", "\"press\"", reader);
    let key = fields.required("key", "\".press/keys/dkim.pem\"", reader);
    let second = fields
        .text("ed25519_selector", reader)
        .zip(fields.text("ed25519_key", reader));
    Some(DkimSettings {
        domain: domain?.text,
        selector: selector?.text,
        key: key?.text,
        ed25519: second.map(|(selector, key)| (selector.text, key.text)),
    })
}
