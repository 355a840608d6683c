//! `signoff record`: one record, from this machine or from its release, and never one that was not signed.

use super::*;

const TAG: &str = "telco-churn-v42";

async fn released() -> Desk {
    let desk = Desk::new();
    let ran = desk.run("approve telco-churn/42 --confirm v42 --reason fine").await;
    assert_eq!(ran.exit, Exit::Done, "{} {}", ran.out, ran.err);
    desk
}

/// Another machine: the same servers, and no records or journals.
fn elsewhere(desk: &Desk) -> Desk {
    let mut other = Desk::new();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
    let (registry, host) = open(&desk.store, &clock, Latency::NONE);
    other.services =
        Services { registry: registry.clone(), tracking: registry, code: host.clone(), host, ..other.services };
    other.store = desk.store.clone();
    other
}

fn asset(desk: &Desk, change: impl FnOnce(&mut Vec<u8>)) -> serde_json::Value {
    desk.store
        .change(|world| {
            let release = world.repo.releases.iter_mut().find(|r| r.tag.as_str() == TAG).unwrap();
            let before = serde_json::from_slice(&release.assets[0].content.0).unwrap();
            change(&mut release.assets[0].content.0);
            Ok::<_, ()>(before)
        })
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn a_record_is_found_by_tag_id_and_hash_and_is_what_was_signed() {
    let here = released().await;
    let signed = asset(&here, |_| {});
    let (id, hash) = (signed["record_id"].as_str().unwrap(), signed["record_hash"].as_str().unwrap());
    let digits = &hash["sha256:".len()..];
    let names =
        [TAG.to_owned(), id.to_owned(), id[id.len() - 12..].to_owned(), digits[..7].to_owned(), hash.to_owned()];
    let there = elsewhere(&here);
    for desk in [&here, &there] {
        for name in &names {
            let ran = desk.run(&format!("record {name} --json")).await;
            assert_eq!(ran.exit, Exit::Done, "{name}: {}", ran.err);
            assert_eq!(ran.json(), signed, "{name}");
        }
    }
    let text = here.run(&format!("record {TAG}")).await.out;
    let commit = signed["change"]["commit"].as_str().unwrap();
    for said in ["approved telco-churn v42", "@rev1", "2026-11-23 09:00:00 UTC", TAG, commit, "fine", hash] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

/// What somebody does to the file on the release.
type Damage = fn(&mut Vec<u8>);

#[tokio::test]
async fn a_record_that_its_tag_does_not_name_is_not_shown() {
    let damages: [(&str, Damage); 3] = [
        ("edited", |bytes| *bytes = String::from_utf8(bytes.clone()).unwrap().replace("fine", "poor").into_bytes()),
        ("none", |bytes| *bytes = b"{}".to_vec()),
        ("another", |bytes| {
            let mut sealed = signoff::domain::record::Sealed::from_bytes(bytes).unwrap();
            sealed.record.reason = "poor".into();
            *bytes = signoff::domain::record::Sealed::new(sealed.record).to_bytes();
        }),
    ];
    for (what, damage) in damages {
        let here = released().await;
        asset(&here, damage);
        let ran = elsewhere(&here).run(&format!("record {TAG} --json")).await;
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Refused, ""), "{what}: {}", ran.err);
        assert!(ran.err.contains(TAG) && ran.err.contains("signoff.json"), "{what}: {}", ran.err);
    }
}

#[tokio::test]
async fn a_decision_without_a_release_is_found_where_it_was_made() {
    let desk = Desk::new();
    let ran = desk.run("reject telco-churn/42 --reason skewed --json").await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let id = ran.json()["record_id"].as_str().unwrap().to_owned();
    let text = desk.run(&format!("record {id}")).await.out;
    for said in ["rejected telco-churn v42", "skewed", "written to the servers"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let there = elsewhere(&desk).run(&format!("record {id}")).await;
    assert_eq!(there.exit, Exit::Refused);
    for unknown in ["telco-churn-v999", "0199a1f07d5a", "nonsense"] {
        let ran = Desk::new().run(&format!("record {unknown}")).await;
        assert_eq!(ran.exit, Exit::Refused, "{unknown}: {} {}", ran.out, ran.err);
        assert!(ran.err.contains(unknown) && ran.err.contains("signoff log"), "{}", ran.err);
    }
}

#[tokio::test]
async fn a_record_says_what_became_of_its_promotion() {
    let desk = Desk::new();
    let ran = desk.run("approve telco-churn/42 --confirm v42 --reason fine --wait").await;
    assert_eq!(ran.exit, Exit::Done, "{} {}", ran.out, ran.err);
    let text = desk.run(&format!("record {TAG}")).await.out;
    for said in ["OUTCOME", "promotion", "✓ released", "cd.yml run #"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let ran = desk.run("rollback telco-churn --to v39 --confirm v39 --reason back").await;
    assert_eq!(ran.exit, Exit::Done, "{} {}", ran.out, ran.err);
    let text = desk.run(&format!("record {TAG}")).await.out;
    assert!(text.contains("rolled back to v39 by @rev1"), "{text}");
    let text = elsewhere(&desk).run(&format!("record {TAG}")).await.out;
    for said in ["OUTCOME", "published in acme/churn-models", "not known on this machine"] {
        assert!(text.contains(said), "{said}: {text}");
    }
}
