//! The list and the ledger: who is in, who stays out, who may send.

use std::io::Cursor;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use press_delivery::*;

struct Desk {
    folder: tempfile::TempDir,
    ledger: Ledger,
    forgetting: Forgetting,
}

impl Desk {
    async fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join(".press/ledger.db"))
            .await
            .unwrap();
        let forgetting = Forgetting::new(Secret::new("key".to_owned()));
        Desk {
            folder,
            ledger,
            forgetting,
        }
    }

    fn path(&self) -> PathBuf {
        self.ledger.path().to_owned()
    }

    async fn import(&self, csv: &str, now: i64) -> (Imported, Vec<String>) {
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

    async fn freeze(&self, expected: u64) -> Frozen {
        let new = NewCampaign {
            issue: "2024-11",
            kind: RelayKind::Smtp,
            confirmed: 1000,
            message: b"message",
            build: "build",
            embargo: None,
            expected,
        };
        self.ledger.freeze(&new).await.unwrap()
    }

    async fn campaign(&self) -> Campaign {
        let found = self.ledger.campaign("2024-11", RelayKind::Smtp).await;
        found.unwrap().unwrap()
    }
}

#[tokio::test]
async fn an_import_is_told_and_can_be_made_again() {
    let desk = Desk::new().await;
    let csv = "Email,Name\nada@example.org,Ada\nADA@example.org,Ada\nnobody,\n,\nbob@exam ple.org,Bob\n\
               bob+x@example.org,Bob\n";
    let (first, told) = desk.import(csv, 1).await;
    assert_eq!((first.added, first.refused, first.warned), (2, 3, 1));
    assert!(
        told[0].starts_with("4: `nobody` is not an address"),
        "{told:?}"
    );
    let (second, _) = desk.import(csv, 2).await;
    assert_eq!((second.added, second.same + second.changed), (0, 3));
    let mut out = Vec::new();
    write_list(&desk.ledger, &mut out).await.unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.lines().count() == 3, "{out}");
}

#[tokio::test]
async fn who_has_left_or_is_forgotten_stays_out() {
    let desk = Desk::new().await;
    let csv = "email\nada@example.org\nbob@example.org\neve@example.org\n";
    desk.import(csv, 1).await;
    let page = desk.ledger.subscribers("", 10).await.unwrap();
    let left = desk.ledger.leave(&page[0].1.reference, 2).await.unwrap();
    assert_eq!(left.as_deref(), Some("ada@example.org"));
    assert!(matches!(
        desk.freeze(2).await,
        Frozen::Begun { queued: 2, .. }
    ));
    assert!(
        desk.ledger
            .forget("bob@example.org", &desk.forgetting, 3)
            .await
            .unwrap()
    );
    let (again, _) = desk.import(csv, 4).await;
    assert_eq!(
        (again.added, again.left, again.forgotten, again.same),
        (0, 1, 1, 1)
    );
    let counts = desk.ledger.counts(desk.campaign().await.id).await.unwrap();
    assert_eq!(counts.get(&State::Cancelled), Some(&1));
    // Nothing of the address is left in any file.
    drop(desk.ledger);
    for file in std::fs::read_dir(desk.folder.path().join(".press")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(15).any(|at| at == b"bob@example.org"));
    }
}

#[tokio::test]
async fn another_number_freezes_nothing_and_nobody_has_two_rows() {
    let desk = Desk::new().await;
    desk.import("email\nada@example.org\nbob@example.org\n", 1)
        .await;
    assert_eq!(desk.freeze(3).await, Frozen::OtherNumber { queued: 2 });
    assert!(
        desk.ledger
            .campaign("2024-11", RelayKind::Smtp)
            .await
            .unwrap()
            .is_none()
    );
    desk.ledger
        .suppress(&["bob@example.org".to_owned()], "by hand", 1)
        .await
        .unwrap();
    assert!(matches!(
        desk.freeze(1).await,
        Frozen::Begun {
            queued: 1,
            suppressed: 1,
            ..
        }
    ));
    assert_eq!(desk.freeze(1).await, Frozen::OtherNumber { queued: 0 });
}

#[tokio::test]
async fn suppression_and_pause_are_asked_at_the_moment_of_sending() {
    let desk = Desk::new().await;
    desk.import("email\nada@example.org\nbob@example.org\n", 1)
        .await;
    desk.freeze(2).await;
    let campaign = desk.campaign().await.id;
    let rows = desk.ledger.claim(campaign, 5, 10, &[]).await.unwrap();
    assert_eq!(rows.len(), 2);
    let (marks, writer) = Marks::start(&desk.ledger);
    let mark = || Mark::InFlight {
        message_id: "1@example.org".to_owned(),
    };
    desk.ledger
        .set_campaign_state(campaign, CampaignState::Paused, None)
        .await
        .unwrap();
    assert_eq!(marks.make(rows[0].id, mark(), 6).await, Some(false));
    desk.ledger
        .set_campaign_state(campaign, CampaignState::Sending, None)
        .await
        .unwrap();
    desk.ledger
        .suppress(&["bob@example.org".to_owned()], "by hand", 6)
        .await
        .unwrap();
    assert_eq!(marks.make(rows[1].id, mark(), 7).await, Some(false));
    drop(marks);
    writer.await.unwrap().unwrap();
    let counts = desk.ledger.counts(campaign).await.unwrap();
    assert_eq!(counts.get(&State::Queued), Some(&1));
    assert_eq!(counts.get(&State::Suppressed), Some(&1));
}

#[tokio::test]
async fn one_sender_and_its_private_files() {
    let desk = Desk::new().await;
    let (_right, _) = desk.ledger.begin_sending(1).await.unwrap();
    let other = Ledger::open(&desk.path()).await.unwrap();
    let error = other.begin_sending(2).await.unwrap_err();
    assert!(matches!(error, LedgerError::Busy { .. }), "{error}");
    // Everything else works meanwhile.
    other.totals().await.unwrap();
    for file in std::fs::read_dir(desk.folder.path().join(".press")).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.path().display());
    }
}

/// The last one to close tidies up, a moment after it is dropped.
fn closed(path: &std::path::Path) {
    let journal = PathBuf::from(format!("{}-wal", path.display()));
    for _ in 0..500 {
        if !journal.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the journal is still there");
}

#[tokio::test]
async fn a_restored_backup_is_noticed() {
    let desk = Desk::new().await;
    desk.import("email\nada@example.org\n", 1).await;
    desk.freeze(1).await;
    drop(desk.ledger.begin_sending(1).await.unwrap());
    let path = desk.path();
    let backup = desk.folder.path().join("backup.db");
    drop(desk.ledger);
    closed(&path);
    std::fs::copy(&path, &backup).unwrap();
    drop(
        Ledger::open(&path)
            .await
            .unwrap()
            .begin_sending(2)
            .await
            .unwrap(),
    );
    closed(&path);
    std::fs::copy(&backup, &path).unwrap();
    let restored = Ledger::open(&path).await.unwrap();
    let error = restored.begin_sending(3).await.unwrap_err();
    assert!(matches!(error, LedgerError::Restored { .. }), "{error}");
    assert_eq!(restored.accept_restored(4).await.unwrap(), 1);
    restored.begin_sending(5).await.unwrap();
}
