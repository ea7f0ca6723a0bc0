//! What the commands of delivery share: the publication's settings, the ledger, the
//! keys, the relay, the clock.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use press_delivery::{
    Destination, Forgetting, Ledger, Limits, Login, Mechanism, Relay, Secret, Settings, Tls,
    client_config, write_private,
};
use press_message::{DkimKey, TokenKeys};
use press_model::{
    DeliverySettings, Diagnostic, LedgerPlace, RelayAuth, RelaySettings, RelaySort, RelayTls,
};

use crate::{Console, draw};

/// The ledger's usual place below the issues folder.
const LEDGER: &str = ".press/deliveries.db";

/// How many bytes of randomness a key has.
const KEY: usize = 32;

/// The settings and the folder that they stand in.
pub struct Desk<'a> {
    pub issues: &'a Path,
    pub settings: DeliverySettings,
}

impl<'a> Desk<'a> {
    /// From publication.toml alone; none, with its faults told, if it has any.
    pub fn open(issues: &'a Path, console: &mut Console) -> Option<Desk<'a>> {
        let (settings, diagnostics, sources) = press_source::read_delivery(issues);
        if diagnostics.iter().any(Diagnostic::is_error) {
            console.error(&draw::draw(&diagnostics, &sources, console.colour()));
            return None;
        }
        Some(Desk { issues, settings })
    }

    pub async fn ledger(&self) -> anyhow::Result<Ledger> {
        Ok(match &self.settings.ledger {
            Some(LedgerPlace::Postgres(url)) => Ledger::open_postgres(url).await?,
            Some(LedgerPlace::File(path)) => Ledger::open(&self.issues.join(path)).await?,
            None => Ledger::open(&self.issues.join(LEDGER)).await?,
        })
    }

    /// The keys that links and return paths are signed with; made if there are none
    /// and nothing was ever sent.
    pub async fn tokens(&self, ledger: &Ledger) -> anyhow::Result<TokenKeys> {
        let path = self.key_file("list.key");
        let needs = match ledger.has_campaigns().await? {
            true => Some("the links of past issues"),
            false => None,
        };
        let list = self.settings.list.as_ref().map_or("", |list| list.as_str());
        TokenKeys::parse(list, &key_file(&path, "k1 ", needs)?)
            .with_context(|| format!("{} is no key file", path.display()))
    }

    /// The key of the hashes of those who are forgotten; made if there is none and
    /// nobody is.
    pub async fn forgetting(&self, ledger: &Ledger) -> anyhow::Result<Forgetting> {
        let path = self.key_file("forgotten.key");
        let needs = match ledger.totals().await?.forgotten > 0 {
            true => Some("those who are forgotten"),
            false => None,
        };
        let key = key_file(&path, "", needs)?.trim().to_owned();
        if key.len() != 2 * KEY || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            bail!(
                "{} is no key file: it must hold {} hexadecimal digits",
                path.display(),
                2 * KEY
            );
        }
        Ok(Forgetting::new(Secret::new(key)))
    }

    /// The keys of DKIM, RSA first; none if the publication names none.
    pub fn dkim(&self) -> anyhow::Result<Vec<DkimKey>> {
        let Some(dkim) = &self.settings.dkim else {
            return Ok(Vec::new());
        };
        let read = |selector: &str, file: &str| {
            let path = self.issues.join(file);
            DkimKey::from_pem(&dkim.domain, selector, &private_text(&path)?)
                .with_context(|| format!("{} cannot sign", path.display()))
        };
        let mut keys = vec![read(&dkim.selector, &dkim.key)?];
        if let Some((selector, file)) = &dkim.ed25519 {
            keys.push(read(selector, file)?);
        }
        Ok(keys)
    }

    /// Where the messages of an issue go.
    pub fn destination(&self, issue: &str) -> anyhow::Result<Destination> {
        let relay = &self.settings.relay;
        match relay.kind {
            RelaySort::Outbox => {
                let outbox = self.issues.join(".press/outbox");
                Ok(Destination::Outbox(outbox.join(issue)))
            }
            RelaySort::Smtp => Ok(Destination::Smtp(Box::new(self.relay(relay)?))),
        }
    }

    fn relay(&self, relay: &RelaySettings) -> anyhow::Result<Relay> {
        let authority = relay.authority.as_ref().map(|file| self.issues.join(file));
        let config = || client_config(authority.as_deref());
        let tls = match relay.tls {
            RelayTls::None => Tls::None,
            RelayTls::Required => Tls::Required(config()?),
            RelayTls::Implicit => Tls::Implicit(config()?),
        };
        let port = match (relay.port, relay.tls) {
            (Some(port), _) => u16::try_from(port).unwrap_or(u16::MAX),
            (None, RelayTls::Implicit) => 465,
            (None, RelayTls::Required) => 587,
            (None, RelayTls::None) => 25,
        };
        Ok(Relay {
            host: relay.host.clone().unwrap_or_default(),
            port,
            tls,
            login: self.login(relay)?,
            hello: relay.hello.clone().unwrap_or_else(|| self.own_name(relay)),
            limits: Limits::default(),
            messages_per_connection: 500,
        })
    }

    /// What we call ourselves: the domain that signs, or what loopback is content
    /// with.
    fn own_name(&self, relay: &RelaySettings) -> String {
        let domain_of = |mailbox: &String| {
            let domain = mailbox
                .rsplit_once('@')
                .map(|(_, domain)| domain.to_owned());
            domain.unwrap_or_default()
        };
        let dkim = self.settings.dkim.as_ref().map(|dkim| dkim.domain.clone());
        let named = dkim.or_else(|| self.settings.return_path.as_ref().map(domain_of));
        match (relay.tls, named) {
            (RelayTls::None, _) | (_, None) => "[127.0.0.1]".to_owned(),
            (_, Some(domain)) => domain,
        }
    }

    fn login(&self, relay: &RelaySettings) -> anyhow::Result<Option<Login>> {
        let Some(username) = relay.username.clone() else {
            return Ok(None);
        };
        let secret = match (&relay.password_env, &relay.password_file) {
            (Some(name), _) => std::env::var(name).ok().with_context(|| {
                format!("the environment has no {name}, which `password_env` names")
            })?,
            (None, Some(file)) => private_text(&self.issues.join(file))?,
            (None, None) => {
                bail!("`[relay]` has a username and neither `password_env` nor `password_file`")
            }
        };
        let mechanism = relay.auth.map(|auth| match auth {
            RelayAuth::Plain => Mechanism::Plain,
            RelayAuth::Login => Mechanism::Login,
            RelayAuth::XOauth2 => Mechanism::XOauth2,
        });
        let secret = Secret::new(secret.trim_end_matches(['\r', '\n']).to_owned());
        Ok(Some(Login {
            username,
            secret,
            mechanism,
        }))
    }

    /// How a campaign is sent.
    pub fn pace(&self) -> Settings {
        let usual = Settings::default();
        let relay = &self.settings.relay;
        Settings {
            connections: relay
                .connections
                .and_then(|connections| usize::try_from(connections).ok())
                .unwrap_or(usual.connections),
            rate: relay.rate,
            domain_rate: relay.domain_rate,
            halt_share: relay.halt_share.unwrap_or(usual.halt_share),
            ..usual
        }
    }

    fn key_file(&self, name: &str) -> PathBuf {
        self.issues.join(".press/keys").join(name)
    }
}

/// Runs what waits for the network and the disk.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let done = runtime.block_on(work);
    // A lookup of a name that hangs must not keep the program.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

/// An issue and a segment of the list as they are named on the command line.
pub fn named(issue: &str, segment: Option<&str>) -> String {
    match segment {
        None => issue.to_owned(),
        Some(segment)
            if segment.contains(|c: char| !c.is_alphanumeric() && !"-_.:".contains(c)) =>
        {
            format!("{issue} --segment '{}'", segment.replace('\'', r"'\''"))
        }
        Some(segment) => format!("{issue} --segment {segment}"),
    }
}

/// The time, in milliseconds since 1970.
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

/// A time of the ledger.
pub fn moment(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}

/// A file that only its owner can read.
fn private_text(path: &Path) -> anyhow::Result<String> {
    let name = path.display();
    let mut file = fs::File::open(path).with_context(|| format!("cannot open {name}"))?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("others can read {name}; its mode must be 0600: chmod 600 {name}");
    }
    let mut text = String::new();
    file.read_to_string(&mut text)
        .with_context(|| format!("cannot read {name}"))?;
    Ok(text)
}

/// A key file, made with a new key if there is none; an error if something needs the
/// old one.
fn key_file(path: &Path, prefix: &str, needs: Option<&str>) -> anyhow::Result<String> {
    let name = path.display();
    if !path.exists() {
        if let Some(needs) = needs {
            bail!("{name} is missing, and {needs} need its key; put it back from a copy");
        }
        let mut key = [0; KEY];
        fs::File::open("/dev/urandom")
            .and_then(|mut random| random.read_exact(&mut key))
            .context("cannot read /dev/urandom")?;
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        // Put in place whole: a half-written key would be taken for one.
        let beside = path.with_extension(format!("{}.new", std::process::id()));
        write_private(&beside, format!("{prefix}{hex}\n").as_bytes())
            .with_context(|| format!("cannot write {}", beside.display()))?;
        let linked = fs::hard_link(&beside, path);
        let _ = fs::remove_file(&beside);
        match linked {
            // Another command was quicker.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            linked => linked.with_context(|| format!("cannot make {name}"))?,
        }
    }
    private_text(path)
}
