//! A ledger for a test, on either database, and what is done with it again and again.

#![allow(dead_code, reason = "each test uses its own part of it")]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use press_delivery::*;
use tempfile::TempDir;

static PLAIN: LazyLock<BTreeMap<Variant, Vec<u8>>> =
    LazyLock::new(|| BTreeMap::from([(Variant::Plain, b"prepared".to_vec())]));

/// A ledger of its own.
pub struct Desk {
    pub ledger: Ledger,
    pub folder: TempDir,
    /// Of PostgreSQL.
    pub url: Option<String>,
    forgetting: Forgetting,
}

/// A run of a sender.
pub struct Sender {
    ledger: Ledger,
    sending: Sending,
    marks: Marks,
}

impl Desk {
    pub async fn sqlite() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".press/deliveries.db");
        Desk::with(Ledger::open(&path).await.unwrap(), folder)
    }

    pub async fn sqlite_in(folder: &std::path::Path) -> Desk {
        let folder = tempfile::tempdir_in(folder).unwrap();
        let path = folder.path().join(".press/deliveries.db");
        Desk::with(Ledger::open(&path).await.unwrap(), folder)
    }

    /// In the database that `PRESS_TEST_POSTGRES` names, as `postgres://…`, in a
    /// schema of that name. Without it, none, and that is said.
    pub async fn postgres(name: &str) -> Option<Desk> {
        use sqlx::{Connection as _, Executor as _};
        let Ok(server) = std::env::var("PRESS_TEST_POSTGRES") else {
            println!("skipped: PRESS_TEST_POSTGRES names no PostgreSQL");
            return None;
        };
        sqlx::any::install_default_drivers();
        let mut connection = sqlx::AnyConnection::connect(&server).await.unwrap();
        let anew = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
        connection.execute(anew.as_str()).await.unwrap();
        let joint = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{joint}options=-csearch_path%3D{name}");
        let ledger = Ledger::open_postgres(&url).await.unwrap();
        let mut desk = Desk::with(ledger, tempfile::tempdir().unwrap());
        desk.url = Some(url);
        Some(desk)
    }

    fn with(ledger: Ledger, folder: TempDir) -> Desk {
        Desk {
            ledger,
            folder,
            url: None,
            forgetting: Forgetting::new(Secret::new("key".to_owned())),
        }
    }

    /// The file, of SQLite.
    pub fn path(&self) -> Option<PathBuf> {
        let path = self.folder.path().join(".press/deliveries.db");
        path.exists().then_some(path)
    }

    pub async fn import(&self, csv: &str, now: i64) -> (Imported, Vec<String>) {
        let mut told = Vec::new();
        let how = Import {
            forgetting: &self.forgetting,
            named: &[],
            dry_run: false,
            now,
        };
        let imported = import(&self.ledger, Cursor::new(csv), &how, &mut |one| {
            if let Told::Refused(row) = one {
                told.push(format!("{}: {}", row.line, row.reason));
            }
        })
        .await
        .unwrap();
        (imported, told)
    }

    pub async fn suppress(&self, address: &str, now: i64) -> u64 {
        let keys = [address.to_owned()];
        let suppressed = self
            .ledger
            .suppress(&keys, "by hand", &self.forgetting, now);
        suppressed.await.unwrap()
    }

    pub async fn forget(&self, key: &str) -> bool {
        let forgotten = self.ledger.forget(key, &self.forgetting, 3).await;
        forgotten.unwrap()
    }

    pub async fn try_freeze(&self, expected: u64) -> Frozen {
        self.try_freeze_with(expected, |_| {}).await
    }

    pub async fn freeze(&self, expected: u64) {
        self.freeze_with(expected, |_| {}).await;
    }

    pub async fn freeze_with<'n>(&self, expected: u64, change: impl FnOnce(&mut NewCampaign<'n>)) {
        let frozen = self.try_freeze_with(expected, change).await;
        assert!(matches!(frozen, Frozen::Begun { .. }), "{frozen:?}");
    }

    pub async fn try_freeze_with<'n>(
        &self,
        expected: u64,
        change: impl FnOnce(&mut NewCampaign<'n>),
    ) -> Frozen {
        let mut new = NewCampaign {
            issue: "2024-11",
            kind: RelayKind::Smtp,
            segment: None,
            confirmed: 1,
            messages: &PLAIN,
            letter: "{}",
            build: "build",
            embargo: None,
            start: None,
            expected,
        };
        change(&mut new);
        self.ledger.freeze(&new).await.unwrap()
    }

    pub async fn campaign(&self) -> Campaign {
        self.campaign_to(None).await
    }

    pub async fn campaign_to(&self, segment: Option<&str>) -> Campaign {
        let ledger = &self.ledger;
        let found = ledger.campaign("2024-11", RelayKind::Smtp, segment).await;
        found.unwrap().unwrap()
    }

    pub async fn plan(&self, segment: Option<&str>) -> Plan {
        let ledger = &self.ledger;
        let plan = ledger.plan("2024-11", RelayKind::Smtp, segment).await;
        plan.unwrap()
    }

    /// Another connection to the same ledger, as another machine has it.
    pub async fn elsewhere(&self) -> Ledger {
        let url = self.url.as_ref().expect("PostgreSQL");
        Ledger::open_postgres(url).await.unwrap()
    }

    /// Lets a sender of PostgreSQL seem silent for long.
    pub async fn age(&self, sender: i64) {
        use sqlx::Connection as _;
        let url = self.url.as_ref().expect("PostgreSQL");
        let mut connection = sqlx::AnyConnection::connect(url).await.unwrap();
        sqlx::query("UPDATE sender SET seen = 0 WHERE id = $1")
            .bind(sender)
            .execute(&mut connection)
            .await
            .unwrap();
    }

    pub async fn state(&self, state: CampaignState) {
        let campaign = self.campaign().await.id;
        let set = self.ledger.set_campaign_state(campaign, state, None).await;
        assert!(set.unwrap());
    }

    pub async fn count(&self, state: State) -> u64 {
        let campaign = self.campaign().await;
        let counts = self.ledger.counts(&campaign).await.unwrap();
        counts.get(&state).copied().unwrap_or_default()
    }

    pub async fn sender(&self, now: i64) -> Sender {
        let (sending, _) = self.ledger.begin_sending(now).await.unwrap();
        let (marks, _) = Marks::start(&self.ledger, sending.number());
        Sender {
            ledger: self.ledger.clone(),
            sending,
            marks,
        }
    }
}

impl Sender {
    pub fn number(&self) -> i64 {
        self.sending.number()
    }

    pub async fn claim(&self, campaign: i64, now: i64) -> Vec<Row> {
        let number = self.sending.number();
        let mut rows = self
            .ledger
            .claim(campaign, number, now, 10, &[])
            .await
            .unwrap();
        rows.sort_by_key(|row| row.id);
        rows
    }

    pub async fn make(&self, row: &Row, mark: Mark, now: i64) -> bool {
        self.marks.make(row.id, mark, now).await.unwrap()
    }
}

/// The time of day.
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.unwrap().as_millis()).unwrap()
}

/// A short message for a row.
pub fn stamped(row: &Row) -> Result<Stamped, String> {
    let message_id = format!("{}@example.org", row.subscriber);
    Ok(Stamped {
        from: "bounces@example.org".to_owned(),
        content: format!("Message-ID: <{message_id}>\r\n\r\nWords.\r\n").into_bytes(),
        message_id,
    })
}

/// The relay on a port of this machine.
pub fn relay(port: u16) -> Relay {
    Relay {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        login: None,
        hello: "sender.test".to_owned(),
        limits: Limits::default(),
        messages_per_connection: 100,
    }
}
